"""When a reminder is due, how long one that failed waits, and how a telephone number is written; pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

Channel = Literal["mail", "sms"]
CHOICES = ("both", "mail", "sms", "none")
"""How a patient may want to be reminded; `both` until they say otherwise."""

AHEAD = timedelta(hours=24)
"""So long before it falls due a reminder is written down: for so long Airflow may be away and none comes late."""

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)

_STEP = re.compile(r"(mail|sms):([1-9][0-9]{0,2})")
_WRITTEN = re.compile(r"[ ().\-/]")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class NoNumber(ValueError):
    """A telephone number cannot be reached by SMS; the sentence holds no digit of it."""


@dataclass(frozen=True)
class Step:
    """One reminder of every visit: by what, and how many hours before it."""

    channel: Channel
    hours: int

    @property
    def name(self) -> str:
        """As it stands in the tables, e.g. `mail-48`."""
        return f"{self.channel}-{self.hours}"


@dataclass(frozen=True)
class Ahead:
    """An accepted visit; `known_at` is when it came to stand as it does."""

    appointment_id: UUID
    version: int
    starts_at: datetime
    known_at: datetime


@dataclass(frozen=True)
class Due:
    """One reminder that is due at `due_at`."""

    visit: Ahead
    step: Step
    due_at: datetime


def steps_of(told: str, *, has_sms: bool) -> tuple[Step, ...]:
    """The steps that the setting `REMEDY_REMINDERS` tells of, without SMS where nobody sends any.

    Raises:
        ValueError: if it is not channel:hours, separated by commas.
    """
    found = []
    for part in filter(None, (part.strip() for part in told.split(","))):
        said = _STEP.fullmatch(part)
        if said is None:
            raise ValueError(
                f"REMEDY_REMINDERS holds '{part}'; write channel:hours, such as mail:48,sms:3."
            )
        channel: Channel = "sms" if said[1] == "sms" else "mail"
        if channel == "mail" or has_sms:
            found.append(Step(channel, int(said[2])))
    return tuple(dict.fromkeys(found))


def channel_of(step: str) -> Channel:
    """The channel of a step's name."""
    return "sms" if step.startswith("sms-") else "mail"


def due(visits: Iterable[Ahead], steps: Iterable[Step], *, now: datetime) -> list[Due]:
    """What is due by `now`, or will be within `AHEAD`, of visits that have not begun; the earliest first.

    Whoever was told of the visit later than a reminder would have come needs none: nothing is due that was due before
    `known_at`. A reminder that is late (Airflow was away) is due all the same, until the visit begins.
    """
    steps = tuple(steps)
    found = [
        Due(visit, step, visit.starts_at - timedelta(hours=step.hours))
        for visit in visits
        if visit.starts_at > now
        for step in steps
    ]
    return sorted(
        (one for one in found if one.visit.known_at < one.due_at <= now + AHEAD),
        key=lambda one: one.due_at,
    )


def wait_after(attempts: int) -> timedelta:
    """How long one that failed so often before waits for its next attempt: 1, 2, 4 … 60 minutes."""
    return min(FIRST_WAIT * (1 << min(attempts, 10)), LONGEST_WAIT)


def wants(choice: str, channel: Channel) -> bool:
    """Whether who chose so is reminded by that channel."""
    return choice in ("both", channel)


def international(phone: str | None, prefix: str, trunk: str) -> str:
    """A telephone number as E.164, e.g. `+39065550101`.

    `prefix` is the country's of a number written without one; `trunk` the digit before national numbers that is left
    out behind it (`0` in most countries, empty where it is kept, as in Italy).

    Raises:
        NoNumber: with a sentence, if there is none or it cannot be one.
    """
    digits = _WRITTEN.sub("", phone or "")
    if not digits:
        raise NoNumber("The patient has told no telephone number.")
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    elif not digits.startswith("+"):
        digits = prefix + (digits.removeprefix(trunk) if trunk else digits)
    if not _E164.fullmatch(digits):
        raise NoNumber("The patient's telephone number cannot be one; correct it in the account.")
    return digits
