"""How far off what pharmacies were told was: four weekly totals of each item against what came.

What was really told is kept (`forecast_kept`). Until four weeks of it are over, the model in use tells the four weeks
afterwards: for all pharmacies alike, or they could not be compared. It is told nothing of the days it tells of, but what
it learned (methods, weights, coefficients) it may have learned from them, and so looks a little better than it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from models.dataset import Item, Panel, read_panel
from models.held_against import KEEP_EVERY, WEEK, held_totals, kept_of
from models.mixing import NEW
from models.registry import champion, load
from remedy.gateways.hdfs import Files
from remedy.pipeline.forecast_scores import KeptForecast, kept_forecasts

WEEKS = 4


@dataclass(frozen=True)
class ItemWeeks:
    """An item's weeks that could be compared: how many, what was told of them and what came, and the sum of their errors."""

    count: int
    told_milli: int
    came_milli: int
    off_milli: int


@dataclass(frozen=True)
class Told:
    """Four weeks, from `first_on` to `last_on`, against what came.

    `pharmacies` are those told of in each of the weeks. `told_from` is None where that was really told; otherwise it was
    worked out afterwards, and will be until that day.
    """

    first_on: date
    last_on: date
    items: Mapping[Item, ItemWeeks]
    pharmacies: frozenset[UUID]
    told_from: date | None = None


def told_weeks(connection: sa.Connection, files: Files, last: date) -> Told:
    """The last four weeks that are over by the day `last`, as they were told or, without four of them, afterwards.

    Raises:
        NoModel: if none is in use, where it is needed.
        WrongArtefact: if the model in HDFS is not the one that was trained.
    """
    panel, kept = read_panel(connection, last), kept_forecasts(connection)
    begun = sorted({one.first_day for one in kept})
    over = [day for day in begun if day + timedelta(days=WEEK - 1) <= last][-WEEKS:]
    if len(over) == WEEKS:
        return against(panel, [one for one in kept if one.first_day in over], over)
    newest = begun[-1] if begun else last + timedelta(days=1)
    to_come = WEEKS - min(len(begun), WEEKS)
    told_from = newest + timedelta(days=KEEP_EVERY * to_come + WEEK)
    days = [last - timedelta(days=WEEK * back - 1) for back in range(WEEKS, 0, -1)]
    afterwards = list(_told_afterwards(connection, files, panel, days))
    return against(panel, afterwards, days, told_from)


def against(
    panel: Panel, told: Sequence[KeptForecast], days: Sequence[date], told_from: date | None = None
) -> Told:
    """What was told of the weeks that begin on `days`, against what came in them."""
    sums: dict[Item, list[tuple[float, float]]] = {}
    for one, week in held_totals(told, panel, WEEK):
        sums.setdefault((one.pharmacy_id, one.medicine_id), []).append((week.told, week.came))
    of_day = {day: {one.pharmacy_id for one in told if one.first_day == day} for day in days}
    return Told(
        days[0],
        days[-1] + timedelta(days=WEEK - 1),
        {
            item: ItemWeeks(
                len(weeks),
                round(sum(told for told, _ in weeks)),
                round(sum(came for _, came in weeks)),
                round(sum(abs(told - came) for told, came in weeks)),
            )
            for item, weeks in sums.items()
        },
        frozenset.intersection(*map(frozenset, of_day.values())),
        told_from,
    )


def _told_afterwards(
    connection: sa.Connection, files: Files, panel: Panel, days: Sequence[date]
) -> Iterator[KeptForecast]:
    """What the model in use tells of the weeks that begin on `days` from the days before each."""
    if days[0] <= panel.first_day:
        return
    run = champion(connection)
    model = load(files, run)
    for day in days:
        told = model.forecast(panel.until((day - panel.first_day).days), day)
        # Errors are of pharmacies, not of classes: whichever class an item is said to be of.
        yield from kept_of(told, [NEW] * len(told.items), run.version)
