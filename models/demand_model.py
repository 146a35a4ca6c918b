"""The model that is kept and used: a method for each class of series, what it learned, and how wrong it has been.

As an artefact it is JSON made of numbers and names: nothing in it can run, and the same model always gives
the same bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np

from models.baseline import HORIZON, MEAN_28, SEASONAL_NAIVE, mean_28, seasonal_naive
from models.dataset import Flags, Floats, Item, Panel
from models.features import NAMES, active_at, spread_at
from models.mixing import CLASSES, LEVEL_MIX, MIXED, NEW, Names, Weights, mixed, told_by_all
from models.outliers import tamed
from models.quantiles import WEEK_COUNT, Bands
from models.regression import RIDGE, RidgeModel

FORM = 2
"""First number of every artefact: the form of the rest."""
METHODS = (MEAN_28, SEASONAL_NAIVE, RIDGE, LEVEL_MIX)
BY_CLASS = "by class"
"""What a model is called whose classes have different methods."""


class UnreadableModel(ValueError):
    """The artefact is not a model of ours, or of a form this version does not know."""


@dataclass(frozen=True)
class Forecast:
    """Demand of the 28 days after a panel, thousandths of a pack.

    `expected`, `low` and `high` are items by days, `total_low` and `total_high` bound an item's 28-day
    total. Items that are not `is_active` have no forecast: they are too new, or their pharmacy is silent.
    """

    items: tuple[Item, ...]
    first_day: date
    expected: Floats
    low: Floats
    high: Floats
    total_low: Floats
    total_high: Floats
    is_active: Flags


@dataclass(frozen=True)
class DemandModel:
    """What each class of series is foretold by, and what was learned for it.

    `champions` names a method for each class, `kinds` the class of each item; an item that came after the training is
    served as a new one. `ridge` and `mix` are there where a class needs them; `bands` are the errors' by item.
    """

    champions: Mapping[str, str]
    data_until: date
    items: tuple[Item, ...]
    kinds: tuple[str, ...]
    bands: Bands
    ridge: RidgeModel | None = None
    mix: Weights | None = None

    @property
    def methods(self) -> dict[str, str]:
        """The method of every class that has items."""
        there = set(self.kinds)
        return {kind: self.champions[kind] for kind in CLASSES if kind in there}

    @property
    def method(self) -> str:
        """The one method that serves all items, or `BY_CLASS`."""
        names = set(self.methods.values()) or set(self.champions.values())
        return names.pop() if len(names) == 1 else BY_CLASS

    def forecast(self, panel: Panel, first_day: date) -> Forecast:
        """Foretell the 28 days after the panel; `first_day` is the first of them."""
        panel = tamed(panel)
        row_of = {item: row for row, item in enumerate(self.items)}
        rows = [row_of.get(item) for item in panel.items]
        expected = self._expected(panel, rows)
        spread = spread_at(panel, panel.day_count)
        bands = [self.bands.of_item(row) for row in rows]
        days = np.array([days for days, _ in bands]).reshape(-1, WEEK_COUNT, 2)
        total = np.array([total for _, total in bands]).reshape(-1, 2)
        weeks = np.repeat(np.arange(WEEK_COUNT), 7)
        # A day on which the pharmacy is never open needs no interval.
        off = days[:, weeks] * (spread[:, None] * (expected > 0))[:, :, None]
        sums = expected.sum(axis=1)
        sum_off = total * (spread * np.sqrt(HORIZON))[:, None]
        return Forecast(
            panel.items,
            first_day,
            expected,
            _below(expected, off[:, :, 0]),
            _above(expected, off[:, :, 1]),
            _below(sums, sum_off[:, 0]),
            _above(sums, sum_off[:, 1]),
            active_at(panel, panel.day_count),
        )

    def _expected(self, panel: Panel, rows: list[int | None]) -> Floats:
        kinds = np.array([NEW if row is None else self.kinds[row] for row in rows])
        methods = np.array([self.champions[kind] for kind in kinds])
        expected = np.zeros((len(rows), HORIZON))
        for method in METHODS:
            mine = np.flatnonzero(methods == method)
            if len(mine):
                own = [rows[at] for at in mine]
                expected[mine] = self._by(method, panel.some(mine), own, kinds[mine])
        return expected

    def _by(self, method: str, panel: Panel, rows: list[int | None], kinds: Names) -> Floats:
        if method == RIDGE and self.ridge is not None:
            return self.ridge.forecast(panel)
        if method == LEVEL_MIX and self.mix is not None:
            return mixed(told_by_all(panel), self.mix.for_rows(rows, kinds))
        if method in (RIDGE, LEVEL_MIX):
            raise UnreadableModel(f"The model names {method} and does not hold it. Train again.")
        return seasonal_naive(panel) if method == SEASONAL_NAIVE else mean_28(panel)

    def to_bytes(self) -> bytes:
        """The artefact: UTF-8 JSON with sorted members."""
        content: dict[str, Any] = {
            "form": FORM,
            "champions": dict(self.champions),
            "data_until": self.data_until.isoformat(),
            "items": [[str(pharmacy), str(medicine)] for pharmacy, medicine in self.items],
            "kinds": list(self.kinds),
            "bands": {
                name: np.round(getattr(self.bands, name), 6).tolist()
                for name in ("days", "total", "any_days", "any_total")
            },
        }
        if self.ridge is not None:
            content["ridge"] = {
                "features": list(NAMES),
                "coefficients": self.ridge.coefficients.tolist(),
                "intercept": self.ridge.intercept,
            }
        if self.mix is not None:
            content["mix"] = {
                "ways": list(MIXED),
                "of_item": np.round(self.mix.of_item, 6).tolist(),
                "of_class": np.round(self.mix.of_class, 6).tolist(),
            }
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "DemandModel":
        """The model of an artefact.

        Raises:
            UnreadableModel: if it is not one, or was made for other features than these.
        """
        try:
            read = json.loads(content)
            _refuse_others(read)
            ridge, mix = read.get("ridge"), read.get("mix")
            return cls(
                dict(read["champions"]),
                date.fromisoformat(read["data_until"]),
                tuple((UUID(pharmacy), UUID(medicine)) for pharmacy, medicine in read["items"]),
                tuple(read["kinds"]),
                Bands(**{name: np.array(values) for name, values in read["bands"].items()}),
                RidgeModel(np.array(ridge["coefficients"]), float(ridge["intercept"]))
                if ridge is not None
                else None,
                Weights(np.array(mix["of_item"]), np.array(mix["of_class"]))
                if mix is not None
                else None,
            )
        except UnreadableModel:
            raise
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UnreadableModel("The file is not a model of ours. Train again.") from None


def _refuse_others(read: Any) -> None:
    """What was made by another version, or names what this one cannot do."""
    if read["form"] != FORM:
        raise UnreadableModel(
            f"The model is of form {read['form']}; this version reads form {FORM}. Train again."
        )
    ridge, mix, champions = read.get("ridge"), read.get("mix"), read["champions"]
    if ridge is not None and tuple(ridge["features"]) != NAMES:
        raise UnreadableModel(
            "The model was made for other features than this version has. Train again."
        )
    if mix is not None and tuple(mix["ways"]) != MIXED:
        raise UnreadableModel("The model mixes other ways than this version has. Train again.")
    for method in champions.values():
        if method not in METHODS:
            raise UnreadableModel(f"No method is called '{method}'. Train again.")
    if set(champions) != set(CLASSES) or not set(read["kinds"]) <= set(CLASSES):
        raise UnreadableModel("The model knows other classes than this version has. Train again.")
    if len(read["kinds"]) != len(read["items"]):
        raise UnreadableModel("The model does not have a class for every item. Train again.")
    for method, learned in ((RIDGE, ridge), (LEVEL_MIX, mix)):
        if method in champions.values() and learned is None:
            raise UnreadableModel(f"The model lacks what '{method}' had learned. Train again.")


def _below(expected: Floats, off: Floats) -> Floats:
    result: Floats = np.clip(expected + off, 0, expected)
    return result


def _above(expected: Floats, off: Floats) -> Floats:
    result: Floats = np.maximum(expected + off, expected)
    return result
