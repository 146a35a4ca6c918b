"""Which local day an event counts for. The lander and the mappers both ask here, so they cannot disagree."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from remedy.values import instant_of, local_day

ANYWHERE = "*"
"""The zone of what happened at no pharmacy or hospital (a search): the installation's own."""


def place_of(body: Mapping[str, Any]) -> str:
    """The public id of the pharmacy or hospital where it happened, or `ANYWHERE`."""
    return str(body.get("pharmacy_id") or body.get("hospital_id") or ANYWHERE)


def day_of(body: Mapping[str, Any], zones: Mapping[str, str]) -> date:
    """The local day an event's body counts for.

    `zones` gives the time zone of every place by public id; an unknown place counts in UTC. A reversal
    counts for the day of what it reverses, every other event for the day it occurred.
    """
    instant = instant_of(body.get("reversed_at") or body["occurred_at"])
    return local_day(instant, zones.get(place_of(body), "UTC"))
