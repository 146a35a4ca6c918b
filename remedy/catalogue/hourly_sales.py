"""One record of a table of hourly sales (an hour, then a column per ATC group) as lines of stock."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from remedy.catalogue.csvfile import ImportRefused
from remedy.values import milli_of, zone

HOUR_COLUMN = "datum"
_ATC = re.compile(r"[A-Z]\d{2}(?:[A-Z]{1,2}(?:\d{2})?)?")
_HOUR = timedelta(hours=1)
_INSTANT = timedelta(microseconds=1)

GROUP_NAMES = {
    "M01AB": "Anti-inflammatory medicines: acetic acid derivatives",
    "M01AE": "Anti-inflammatory medicines: propionic acid derivatives",
    "N02BA": "Pain and fever: salicylic acid and derivatives",
    "N02BE": "Pain and fever: anilides",
    "N05B": "Medicines against anxiety",
    "N05C": "Hypnotics and sedatives",
    "R03": "Medicines for obstructive airway diseases",
}


@dataclass(frozen=True)
class Sale:
    """What a group sold in an hour; `quantity_milli` is 0 where it rounds to nothing."""

    group: str
    line_id: str
    quantity_milli: int
    occurred_at: datetime
    doubts: tuple[tuple[str, str], ...] = ()


def groups_of(columns: list[str]) -> list[str]:
    """The ATC groups among the columns.

    Raises:
        ImportRefused: if there is none, or a column is neither the hour nor a group.
    """
    groups = [column for column in columns if column != HOUR_COLUMN]
    strange = [group for group in groups if not _ATC.fullmatch(group)]
    if strange or not groups:
        raise ImportRefused(
            f"Beside '{HOUR_COLUMN}' each column must be an ATC group like M01AB; "
            f"'{strange[0][:40] if strange else 'nothing'}' is none."
        )
    return groups


def sales_of(
    record: Mapping[str, str], groups: list[str], time_zone: str
) -> Iterator[Sale | tuple[str, str]]:
    """The sales of an hour, zeros left out; a value that is none as (group, sentence).

    A sale counts as told at the last instant of its hour at the pharmacy, so that it is of that hour's day.

    Raises:
        ValueError: with a sentence, if the record names no hour.
    """
    start = hour_of(record[HOUR_COLUMN])
    occurred_at, clock_doubt = last_instant(start, time_zone)
    for group in groups:
        try:
            quantity_milli, is_exact = milli_of(record[group].strip() or "0")
            if quantity_milli < 0:
                raise ValueError("A sale cannot be less than 0; tell returns as adjustments.")
        except ValueError as error:
            yield group, str(error)
            continue
        if quantity_milli == 0 and is_exact:
            continue
        doubts = [(clock_doubt, record[HOUR_COLUMN])] if clock_doubt else []
        if not is_exact:
            doubts.append(("finer than a thousandth of a pack, rounded", record[group]))
        yield Sale(
            group, f"hour:{group}:{start:%Y-%m-%dT%H}", quantity_milli, occurred_at, tuple(doubts)
        )


def hour_of(text: str) -> datetime:
    """The start of an hour written as `2018-05-02 08:00`, without a zone.

    Raises:
        ValueError: with a sentence, if it is not a whole hour written so.
    """
    try:
        start = datetime.fromisoformat(text.strip())
    except ValueError:
        start = None
    if (
        start is None
        or start.tzinfo
        or (start.minute, start.second, start.microsecond) != (0, 0, 0)
    ):
        raise ValueError(f"'{text[:40]}' is not an hour; write it like 2018-05-02 08:00.")
    return start


def last_instant(start: datetime, time_zone: str) -> tuple[datetime, str]:
    """The last instant (UTC) of the local hour, and what is doubtful when clocks change in it.

    Of an hour that comes twice the first is meant; one that is left out is the hour after it.
    """
    local = start.replace(tzinfo=zone(time_zone))
    instant = local.astimezone(UTC)
    doubt = ""
    if instant.astimezone(local.tzinfo).replace(tzinfo=None) != start:
        doubt = "an hour that the change of clocks leaves out"
    elif local.utcoffset() != local.replace(fold=1).utcoffset():
        doubt = "an hour that comes twice when clocks change, taken as the first"
    return instant + _HOUR - _INSTANT, doubt
