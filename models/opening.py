"""When pharmacies open: how often of late on each weekday, on public holidays, and what their own hours say.

Nothing tells the days off a pharmacy takes by itself; those show only when they are over, as days without any sale.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from models.panel import AHEAD, Calendar, Panel
from models.shelves import Flags, Floats
from remedy.appointments.public_holidays import countries

OPEN_WEEKS = 8
"""Weeks that the share of open days is taken over."""
TOWN_HOLIDAYS = 2.0
"""Holidays as in the whole town that a pharmacy's own are averaged with."""
BELIEVED = 0.5
"""Hours that leave out a weekday are not believed where it was open on more than this share of those days of late."""

_zones = sa.text("SELECT public_id, time_zone FROM known_pharmacy")
_hours = sa.text("SELECT pharmacy_id, weekday, opens_at >= closes_at FROM pharmacy_open_hours")


def open_ahead(panel: Panel, end: int) -> Floats:
    """How likely each pharmacy is open on the `AHEAD` days after `end`: items by days, 0 where it is known to be closed.

    On a weekday as often as of late, holidays aside; always where nothing is known of it.
    """
    share, is_seen = _weekdays(panel, end)
    week = np.arange(AHEAD) % 7
    ahead: Floats = share[:, week]
    if panel.calendar is None:
        return ahead
    is_holiday, is_shut = panel.calendar.is_holiday, panel.calendar.is_shut
    weekday = (panel.first_day.weekday() + end + np.arange(AHEAD)) % 7
    opens_anyway = is_seen & (share > BELIEVED)
    ahead = np.where(is_shut[:, weekday] & ~opens_anyway[:, week], 0.0, ahead)
    on_holidays = _holiday_share(panel, end, share)[:, None]
    return np.where(is_holiday[:, end : end + AHEAD], ahead * on_holidays, ahead)


def _weekdays(panel: Panel, end: int) -> tuple[Floats, Flags]:
    """Of the weekdays of the seven days after `end`: how often open of late, and whether any of them was known."""
    days = end + np.arange(7)[:, None] - 7 * np.arange(1, OPEN_WEEKS + 1)
    exists = days >= 0
    days = np.maximum(days, 0)
    if panel.calendar is not None:
        exists = exists & ~panel.calendar.is_holiday[:, days]
    known = (panel.is_known[:, days] & exists).sum(axis=2)
    is_open = (panel.is_open[:, days] & exists).sum(axis=2)
    return np.where(known > 0, is_open / np.maximum(known, 1), 1.0), known > 0


def _holiday_share(panel: Panel, end: int, share: Floats) -> Floats:
    """How often pharmacies opened on holidays of weekdays on which they usually do; 1 where no holiday is known."""
    assert panel.calendar is not None
    is_holiday = panel.calendar.is_holiday[:, :end]
    days = np.flatnonzero(is_holiday.any(axis=0))
    usually = share[:, (days - end) % 7] > BELIEVED
    counts = is_holiday[:, days] & panel.is_known[:, days] & usually
    seen, opened = counts.sum(axis=1), (counts & panel.is_open[:, days]).sum(axis=1)
    town = opened.sum() / seen.sum() if seen.any() else 1.0
    result: Floats = (opened + TOWN_HOLIDAYS * town) / (seen + TOWN_HOLIDAYS)
    return result


def read_calendar(connection: sa.Connection, panel: Panel) -> Calendar:
    """The holidays where the panel's pharmacies are, and the weekdays their hours leave out."""
    pharmacies = sorted({pharmacy for pharmacy, _ in panel.items})
    number = {pharmacy: at for at, pharmacy in enumerate(pharmacies)}
    days = [panel.first_day + timedelta(days=day) for day in range(panel.day_count + AHEAD)]
    is_holiday = np.zeros((len(pharmacies), len(days)), dtype=bool)
    of_zone: dict[str, Flags] = {}
    for key, zone in connection.execute(_zones):
        if (at := number.get(UUID(bytes=bytes(key)))) is not None:
            if zone not in of_zone:
                of_zone[zone] = holidays_of(zone, days)
            is_holiday[at] = of_zone[zone]
    opens = np.zeros((len(pharmacies), 7), dtype=bool)
    for key, weekday, is_past_midnight in connection.execute(_hours):
        if (at := number.get(UUID(bytes=bytes(key)))) is not None:
            opens[at, weekday] = True
            opens[at, (weekday + 1) % 7] |= bool(is_past_midnight)
    # Who tells no hours at all is not closed all week.
    is_shut = ~opens & opens.any(axis=1, keepdims=True)
    of_item = np.array([number[pharmacy] for pharmacy, _ in panel.items], dtype=int)
    return Calendar(is_holiday[of_item], is_shut[of_item])


def holidays_of(time_zone: str, days: Iterable[date]) -> Flags:
    """Which of the days are public holidays in the country of that time zone; none where it belongs to no one country."""
    # A second to load, for a training alone.
    import holidays

    days, country = list(days), country_of(time_zone)
    if country not in countries():
        return np.zeros(len(days), dtype=bool)
    off = set(holidays.country_holidays(country, years={day.year for day in days}))
    return np.array([day in off for day in days], dtype=bool)


def country_of(time_zone: str) -> str:
    """The two letters of the country a time zone is of; empty where it is of none."""
    return _countries_of_zones().get(time_zone, "")


@cache
def _countries_of_zones() -> dict[str, str]:
    """The country of each time zone, from the table that comes with the zones: lines of code, place, zone."""
    lines = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {row[2]: row[0] for row in rows}
