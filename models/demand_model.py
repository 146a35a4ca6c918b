"""The model that is kept and used: one method, what it learned, and how wrong it has been.

As an artefact it is JSON made of numbers and names: nothing in it can run, and the same model always gives
the same bytes.
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np

from models.baseline import HORIZON, MEAN_28, SEASONAL_NAIVE, mean_28, seasonal_naive
from models.dataset import Flags, Floats, Item, Panel
from models.features import NAMES, active_at, spread_at
from models.intervals import WEEK_COUNT, Bands
from models.regression import RIDGE, RidgeModel

FORM = 1
"""First number of every artefact: the form of the rest."""


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
    """A method by name, its line when it is the ridge, and the bands of its errors by item."""

    method: str
    data_until: date
    items: tuple[Item, ...]
    bands: Bands
    ridge: RidgeModel | None = None

    def forecast(self, panel: Panel, first_day: date) -> Forecast:
        """Foretell the 28 days after the panel; `first_day` is the first of them."""
        expected = self._expected(panel)
        spread = spread_at(panel, panel.day_count)
        row_of = {item: row for row, item in enumerate(self.items)}
        bands = [self.bands.of_item(row_of.get(item)) for item in panel.items]
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

    def _expected(self, panel: Panel) -> Floats:
        if self.method == RIDGE and self.ridge is not None:
            return self.ridge.forecast(panel)
        return {MEAN_28: mean_28, SEASONAL_NAIVE: seasonal_naive}[self.method](panel)

    def to_bytes(self) -> bytes:
        """The artefact: UTF-8 JSON with sorted members."""
        content: dict[str, Any] = {
            "form": FORM,
            "method": self.method,
            "data_until": self.data_until.isoformat(),
            "items": [[str(pharmacy), str(medicine)] for pharmacy, medicine in self.items],
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
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "DemandModel":
        """The model of an artefact.

        Raises:
            UnreadableModel: if it is not one, or was made for other features than these.
        """
        try:
            read = json.loads(content)
            if read["form"] != FORM:
                raise UnreadableModel(
                    f"The model is of form {read['form']}; this version reads form {FORM}. Train again."
                )
            ridge = read.get("ridge")
            if ridge is not None and tuple(ridge["features"]) != NAMES:
                raise UnreadableModel(
                    "The model was made for other features than this version has. Train again."
                )
            if read["method"] not in {RIDGE, MEAN_28, SEASONAL_NAIVE}:
                raise UnreadableModel(f"No method is called '{read['method']}'. Train again.")
            return cls(
                read["method"],
                date.fromisoformat(read["data_until"]),
                tuple((UUID(pharmacy), UUID(medicine)) for pharmacy, medicine in read["items"]),
                Bands(**{name: np.array(values) for name, values in read["bands"].items()}),
                RidgeModel(np.array(ridge["coefficients"]), float(ridge["intercept"]))
                if ridge is not None
                else None,
            )
        except UnreadableModel:
            raise
        except (ValueError, KeyError, TypeError):
            raise UnreadableModel("The file is not a model of ours. Train again.") from None


def _below(expected: Floats, off: Floats) -> Floats:
    result: Floats = np.clip(expected + off, 0, expected)
    return result


def _above(expected: Floats, off: Floats) -> Floats:
    result: Floats = np.maximum(expected + off, expected)
    return result
