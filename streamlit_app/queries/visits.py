"""What `remedy.appointments` reads of visits, as frames: what happened, its rows, and how doctors' time was used."""

from collections.abc import Iterable
from datetime import date, timedelta

import pandas as pd

from remedy.appointments.activity import KINDS, Day, Happened
from remedy.appointments.utilisation import Use


def daily(found: Iterable[Day]) -> pd.DataFrame:
    """A row per day on which something happened: day, is_counted and a column for each kind."""
    rows = [
        {"day": pd.Timestamp(one.day), "is_counted": one.is_counted}
        | {kind: one.counts.get(kind, 0) for kind in KINDS}
        for one in found
    ]
    return pd.DataFrame(rows, columns=["day", "is_counted", *KINDS])


def weekly(found: Iterable[Day], used: Iterable[Use]) -> pd.DataFrame:
    """A row per week: week (its Monday), a column for each kind, and offered and booked minutes."""
    days = daily(found)
    mondays = [_monday(one) for one in days["day"]]
    happened = (
        days.drop(columns=["day", "is_counted"]).groupby(pd.Series(mondays, dtype="object")).sum()
    )
    times = pd.DataFrame(
        [(one.key, one.offered_minutes, one.booked_minutes) for one in used],
        columns=["week", "offered_minutes", "booked_minutes"],
    ).set_index("week")
    made = happened.join(times, how="outer").astype(float).fillna(0).astype(int)
    return made.rename_axis("week").reset_index()


def happened(rows: Iterable[Happened]) -> pd.DataFrame:
    """The rows behind a figure: reference, happened_at, doctor_id, starts_at, state."""
    return pd.DataFrame(
        [
            (one.reference, one.happened_at, str(one.doctor_id), one.starts_at, one.state)
            for one in rows
        ],
        columns=["reference", "happened_at", "doctor_id", "starts_at", "state"],
    )


def used(found: Iterable[Use], name: str) -> pd.DataFrame:
    """Use of time, with its key under that name: offered_minutes, booked_minutes, share, visits."""
    return pd.DataFrame(
        [
            (
                one.key, one.offered_minutes, one.booked_minutes, one.share, one.booked_count,
                one.attended_count, one.missed_count,
            )
            for one in found
        ],
        columns=[
            name, "offered_minutes", "booked_minutes", "share", "booked_count", "attended_count",
            "missed_count",
        ],
    )  # fmt: skip


def _monday(day: pd.Timestamp) -> date:
    monday: date = day.date() - timedelta(days=day.weekday())
    return monday
