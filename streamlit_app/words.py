"""How figures are written for an admin: ages, instants, packs, percentages. Pure."""

import math
from datetime import datetime
from typing import Any

import pandas as pd

from remedy.values import MILLI, zone

NEVER = "never"


def age(at: Any, now: datetime) -> str:
    """How long ago an instant was: `12 s ago`, `3 min ago`, `2 h ago`, `5 days ago`."""
    moment = _instant(at)
    if moment is None:
        return NEVER
    seconds = (now - moment).total_seconds()
    return (
        "just now"
        if -1 < seconds < 1
        else _span(abs(seconds)) + (" ago" if seconds > 0 else " ahead")
    )


def until(at: Any, now: datetime) -> str:
    """How long until an instant: `in 2 h`; `overdue by 3 min` once it has passed."""
    moment = _instant(at)
    if moment is None:
        return NEVER
    seconds = (moment - now).total_seconds()
    return f"in {_span(seconds)}" if seconds >= 0 else f"overdue by {_span(-seconds)}"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"


def instant(at: Any, time_zone: str) -> str:
    """An instant as a clock on the wall there shows it: `Sat 31 Jan 2026, 10:30`."""
    moment = _instant(at)
    return NEVER if moment is None else f"{moment.astimezone(zone(time_zone)):%a %-d %b %Y, %H:%M}"


def day(on: Any) -> str:
    """A day: `Sat 31 Jan 2026`."""
    return NEVER if on is None or pd.isna(on) else f"{pd.Timestamp(on):%a %-d %b %Y}"


def short_day(on: Any) -> str:
    """A day where there is little room: `31 Jan`."""
    return NEVER if on is None or pd.isna(on) else f"{pd.Timestamp(on):%-d %b}"


def packs(milli: float) -> str:
    """Thousandths of a pack as packs, to the tenth below ten and whole above: `1,234`, `2.5`."""
    amount = milli / MILLI
    return f"{amount:,.0f}" if abs(amount) >= 10 or amount == int(amount) else f"{amount:,.1f}"


def usual(milli: float) -> str:
    """A usual number of events, kept in thousandths: `4.2`, `17`, `less than 0.1`."""
    count = milli / MILLI
    if count < 0.05:
        return "less than 0.1" if count else "0"
    return f"{count:,.0f}" if count >= 10 else f"{count:.1f}"


def plain(text: str) -> str:
    """A text as it stands where Markdown is read: its signs lose their meaning."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()<>#+-.!|~$:" else sign for sign in text)


def cover(days: float | None) -> str:
    """How long stock lasts: `3.2 days`, `out of stock`, `more than 28 days`."""
    if days is None or math.isnan(days):
        return "more than 28 days"
    return "out of stock" if days == 0 else f"{days:.1f} days"


def percent(ratio: float | None) -> str:
    """A ratio as whole per cent; a dash where there is none."""
    return "-" if ratio is None or math.isnan(ratio) else f"{ratio:.0%}"


def permille(ratio: float | None) -> str:
    """A small ratio as per cent with a tenth; a dash where there is none."""
    return "-" if ratio is None or math.isnan(ratio) else f"{ratio:.1%}"


def more_or_less(ratio: float | None) -> str:
    """How far above or below: `2.1% above`, `0.4% below`, `the same`; a dash where there is nothing to compare."""
    if ratio is None or math.isnan(ratio):
        return "-"
    if abs(ratio) < 0.0005:
        return "the same"
    return f"{abs(ratio):.1%} {'above' if ratio > 0 else 'below'}"


def minutes(value: float | None) -> str:
    """A time in minutes: `45 s`, `12 min`, `3 h`; a dash where there is none."""
    return "-" if value is None or math.isnan(value) else _span(value * 60)


def money(minor: float, currency: str, minor_digits: int) -> str:
    """An amount as it is read: `1,234.50 EUR`."""
    return f"{minor / 10**minor_digits:,.{minor_digits}f} {currency}"


def seconds(value: float | None) -> str:
    """A short time: `120 ms`, `2.5 s`, `3 min`; a dash where there is none."""
    if value is None or math.isnan(value):
        return "-"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 90 else _span(value)


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: `1 day`, `3 days`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def cut(count: int, most: int) -> str:
    """That a list was cut, where it may have been; empty where all of it is there."""
    if count < most:
        return ""
    return f"Only the worst {most:,} are looked at: lists and sums are of them alone."


def _instant(at: Any) -> datetime | None:
    if at is None or pd.isna(at):
        return None
    moment: datetime = pd.Timestamp(at).to_pydatetime()
    return moment
