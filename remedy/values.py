"""Plain values and how they are written: clock, days, identifiers, money and quantities.

Standard library only: the mapper on a YARN node uses it too.
"""

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Clock = Callable[[], datetime]
"""Where the time comes from: an argument, so that a test can say what time it is."""

MILLI = 1000
"""Quantities are integers in thousandths of a pack."""


def utc_now() -> datetime:
    """The time now, with its zone (UTC) and microseconds."""
    return datetime.now(UTC)


def at_that(moment: datetime) -> Clock:
    """A clock that stands still."""
    return lambda: moment.astimezone(UTC)


def local_day(instant: datetime, time_zone: str) -> date:
    """The day that `instant` falls on at a place whose zone is `time_zone`.

    The one function that turns an instant into a day. An unknown zone counts as UTC.

    Raises:
        ValueError: if `instant` has no zone of its own.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone; instants are UTC.")
    return instant.astimezone(zone(time_zone)).date()


def day_bounds(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """First instant of a local day and of the next, in UTC; 23, 24 or 25 hours apart."""
    place = zone(time_zone)
    start = datetime.combine(day, time.min, tzinfo=place)
    end = datetime.combine(day + timedelta(days=1), time.min, tzinfo=place)
    return start.astimezone(UTC), end.astimezone(UTC)


def local_hours(
    starts_at: datetime, ends_at: datetime, time_zone: str
) -> Iterator[tuple[date, int, int]]:
    """The local day, the local hour and the minutes within it of each hour a stretch of time touches, in order.

    On the day clocks go back, an hour comes twice.
    """
    now = starts_at
    while now < ends_at:
        local = now.astimezone(zone(time_zone))
        left = timedelta(minutes=60 - local.minute, seconds=-local.second)
        until = min(ends_at, now + left)
        yield local.date(), local.hour, int((until - now).total_seconds()) // 60
        now = until


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name; UTC where the name is unknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def instant_text(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC with microseconds, e.g. `2026-01-31T09:30:00.000000Z`."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone; instants are UTC.")
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant_of(text: str) -> datetime:
    """The instant written as RFC 3339 with a zone.

    Raises:
        ValueError: with a sentence, if the text is anything else.
    """
    try:
        instant = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise ValueError(
            f"'{text}' is not a time; write it like 2026-01-31T09:30:00+01:00."
        ) from None
    if instant.tzinfo is None:
        raise ValueError(f"'{text}' has no time zone; write it like 2026-01-31T09:30:00+01:00.")
    return instant.astimezone(UTC)


def uuid7(clock: Clock = utc_now) -> UUID:
    """A new UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = int(clock().timestamp() * 1000) & ((1 << 48) - 1)
    random = int.from_bytes(os.urandom(10), "big")
    value = milliseconds << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    value |= 0b10 << 62 | random & ((1 << 62) - 1)
    return UUID(int=value)


def reference_of(public_id: UUID) -> str:
    """A short name to say on the telephone: the end of a public id, which is random."""
    end = public_id.hex[-8:].upper()
    return f"{end[:4]}-{end[4:]}"


def milli_of(packs: str | Decimal | int) -> tuple[int, bool]:
    """Thousandths of a pack, and whether that is exact (finer amounts are rounded half to even).

    Raises:
        ValueError: with a sentence, if `packs` is not a finite decimal number of packs.
    """
    try:
        amount = Decimal(packs) * MILLI
    except (ArithmeticError, ValueError, TypeError):
        raise ValueError(f"'{packs}' is not a number of packs; write it like 12 or 0.5.") from None
    if not amount.is_finite() or abs(amount) > Decimal(10) ** 15:
        raise ValueError(f"'{packs}' is not a number of packs; write it like 12 or 0.5.")
    rounded = amount.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    return int(rounded), rounded == amount


def packs_text(quantity_milli: int) -> str:
    """Thousandths of a pack as packs, without trailing zeros: 12500 is `12.5`."""
    whole, rest = divmod(abs(quantity_milli), MILLI)
    sign = "-" if quantity_milli < 0 else ""
    return f"{sign}{whole}.{rest:03d}".rstrip("0").rstrip(".")


def amount_of(quantity_milli: int, price_minor: int) -> int:
    """What so many thousandths of a pack cost at the price of a pack, half a minor unit rounded up."""
    return (quantity_milli * price_minor + MILLI // 2) // MILLI


def minor_of(amount: str | Decimal, minor_digits: int = 2) -> int:
    """An amount of money as an integer of minor units: `"12.50"` is 1250.

    Raises:
        ValueError: with a sentence, if it is not an amount or finer than the currency.
    """
    try:
        value = Decimal(amount).scaleb(minor_digits)
    except (ArithmeticError, ValueError, TypeError):
        raise ValueError(f"'{amount}' is not an amount of money; write it like 12.50.") from None
    if (
        not value.is_finite()
        or value != value.to_integral_value()
        or abs(value) > Decimal(10) ** 15
    ):
        raise ValueError(f"'{amount}' is not an amount of money; write it like 12.50.")
    return int(value)


def money_text(amount_minor: int, currency: str, minor_digits: int = 2) -> str:
    """An amount as it is read: `12.50 EUR`."""
    amount = Decimal(amount_minor).scaleb(-minor_digits)
    return f"{amount:.{minor_digits}f} {currency}"


def plain_words(text: str) -> str:
    """A search text as it is compared: lower case, single spaces, no control characters."""
    return (
        re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip().casefold()
    )
