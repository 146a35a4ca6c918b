"""Stock by lots against what may be asked for: chance to run out, days of cover, too much, what will expire.

Pure arithmetic on arrays, one row an item, any unit. `lots` and `expires_in` are items by lots, in any order: units,
and days each can still be sold from tomorrow on (0: today was the last). First expiry first, always. What is said is said
by numbers; pages make the sentences. Nothing known of the demand (no history) is for the caller to see
(`shortage_course.Level.is_told`): here it is demand of zero, which never runs out and all of which is too much.
"""

from dataclasses import dataclass

import numpy as np

from models.shortage import Floats, Outlook, Whole

LEVELS = (np.arange(99) + 0.5) / 99
"""Quantiles of what may come that stand for all of it."""
COVER_BAND = (0.9, 0.5, 0.1)
"""Quantiles of demand at which the days of cover are told: shortest, middle, longest."""


@dataclass(frozen=True)
class Risk:
    """What stock and outlook mean together, one number an item.

    `runs_out` is the chance (0..1) that not all demand is served before the next delivery, `short_units` what would be
    missing then, on average. Days of cover are whole days, infinite where the days told do not use the stock up.
    `overstock_units` are beyond what is asked for in the days told with a chance of nine in ten; `expiring_units` are
    expected to be unsold at their expiry, within the days told.
    """

    runs_out: Floats
    short_units: Floats
    cover_days_low: Floats
    cover_days: Floats
    cover_days_high: Floats
    overstock_units: Floats
    expiring_units: Floats


def assess(lots: Floats, expires_in: Floats, outlook: Outlook, next_delivery_days: Floats) -> Risk:
    """Hold stock against an outlook; the next delivery is there after so many days of demand.

    Raises:
        ValueError: if the arrays do not have the same items, or a number of units or days is negative or not a number.
    """
    _check(lots, expires_in, outlook, next_delivery_days)
    factor = _scenarios(outlook, next_delivery_days)
    asked = factor * outlook.mean_total(next_delivery_days)[:, None]
    served = _served(lots, np.minimum(expires_in, next_delivery_days[:, None]), outlook, factor)
    missing = np.maximum(asked - served, 0.0)
    days = np.full(len(lots), float(outlook.day_count))
    far = _scenarios(outlook, days)
    within = np.where(expires_in < days[:, None], lots, 0.0)
    sold = _served(within, expires_in, outlook, far)
    low, middle, high = (_cover(lots, expires_in, outlook, level) for level in COVER_BAND)
    stock = lots.sum(axis=1)
    return Risk(
        runs_out=(missing > 1e-9 * np.maximum(asked, 1.0)).mean(axis=1),
        short_units=missing.mean(axis=1),
        cover_days_low=low,
        cover_days=middle,
        cover_days_high=high,
        overstock_units=np.maximum(stock - outlook.total_quantile(days, 0.9), 0.0),
        expiring_units=(within.sum(axis=1)[:, None] - sold).mean(axis=1),
    )


def sellable(lots: Floats | Whole, expires_in: Floats | Whole, outlook: Outlook) -> Floats:
    """Units that expected demand will have bought before they expire."""
    factor = np.ones((len(lots), 1))
    result: Floats = _served(lots, expires_in, outlook, factor)[:, 0]
    return result


def _served(
    lots: Floats | Whole, until: Floats | Whole, outlook: Outlook, factor: Floats
) -> Floats:
    """Units served, items by scenarios, when each lot can be sold `until` then: first expiry first."""
    first = np.argsort(until, axis=1, kind="stable")
    units = np.take_along_axis(lots, first, axis=1)
    asked = outlook.mean_total(np.take_along_axis(until, first, axis=1).astype(float))
    served = np.zeros(factor.shape)
    for lot in range(units.shape[1]):
        if units[:, lot].any():
            served = np.minimum(served + units[:, lot, None], factor * asked[:, lot, None])
    return served


def _scenarios(outlook: Outlook, days: Floats) -> Floats:
    """How many times what is expected may come, items by `LEVELS`: the spread of the total of those days."""
    mean = outlook.mean_total(days)
    rows = [outlook.total_quantile(days, float(level)) for level in LEVELS]
    result: Floats = np.stack(rows, axis=1) / np.maximum(mean, 1e-12)[:, None]
    return result


def _cover(lots: Floats, expires_in: Floats, outlook: Outlook, level: float) -> Floats:
    """Whole days that are served when demand is at that quantile."""
    cover = np.full(len(lots), np.inf)
    for day in range(1, outlook.day_count + 1):
        days = np.full(len(lots), float(day))
        asked = outlook.total_quantile(days, level)
        factor = asked / np.maximum(outlook.mean_total(days), 1e-12)
        served = _served(lots, np.minimum(expires_in, days[:, None]), outlook, factor[:, None])[
            :, 0
        ]
        is_over = (asked - served > 1e-9 * np.maximum(asked, 1.0)) & np.isinf(cover)
        cover[is_over] = day - 1
    return cover


def _check(lots: Floats, expires_in: Floats, outlook: Outlook, days: Floats) -> None:
    counts = {len(lots), len(expires_in), len(outlook.through), len(days)}
    if len(counts) != 1 or lots.shape != expires_in.shape:
        raise ValueError(
            f"Lots {lots.shape}, days left {expires_in.shape}, outlook ({len(outlook.through)}) and deliveries"
            f" ({len(days)}) must be of the same items; give one row an item in each."
        )
    for name, values in (("units", lots), ("days left", expires_in), ("days to delivery", days)):
        if not (np.isfinite(values).all() and (values >= 0).all()):
            raise ValueError(
                f"The {name} hold a negative or missing number; give 0 for a lot that is not there."
            )
