"""How the methods compare on each class of series, which versions there were, and which waits for a person."""

import pandas as pd
import sqlalchemy as sa

from streamlit_app.queries.frames import frame

KINDS = {
    "smooth": "Smooth",
    "seasonal": "Seasonal",
    "intermittent": "Intermittent",
    "new": "New",
}
"""What the classes of series are called, in the order they are shown."""

_PLACES = {kind: place for place, kind in enumerate(KINDS)}

NEVER_SERVED = ("boosted trees", "LSTM")
"""Methods that are trained beside the others to be compared, and that the platform does not serve."""

MEAN = "28-day mean"
"""The plainest method, which all others are held to."""

MOST_VERSIONS = 26


def choices(connection: sa.Connection, model_run: int) -> pd.DataFrame:
    """What a training measured: a row for each class and method, as `model_choice` says, the least error first.

    kind, method, is_used, series_count, origin_count, total_error, week_error, rmsse, pinball, above_high,
    total_above_high, seconds, short_packs, expired_packs (NaN: not measured).
    """
    rows = frame(
        connection,
        "SELECT kind, method, is_used, series_count, origin_count, total_error, week_error, rmsse, pinball,"
        " above_high, total_above_high, seconds, short_milli / 1000 AS short_packs,"
        " expired_milli / 1000 AS expired_packs"
        " FROM model_choice WHERE model_run_id = :model_run"
        " ORDER BY kind, total_error IS NULL, total_error, method",
        model_run=model_run,
    )
    rows = rows.assign(
        is_used=rows["is_used"].astype(bool),
        **{name: rows[name].astype(float) for name in MEASURES},
    )
    return rows.sort_values(
        "kind", key=lambda kinds: kinds.map(_PLACES), kind="stable", ignore_index=True
    )


MEASURES = (
    "total_error", "week_error", "rmsse", "pinball", "above_high", "total_above_high", "seconds",
    "short_packs", "expired_packs",
)  # fmt: skip


def against_used(rows: pd.DataFrame) -> pd.DataFrame:
    """Each method's 28-day error in each class relative to that of the method in use there: kind, method, is_used, ratio."""
    used = rows[rows["is_used"] & (rows["total_error"] > 0)].set_index("kind")["total_error"]
    ratio = rows["total_error"] / rows["kind"].map(used)
    found = rows.assign(ratio=ratio)[["kind", "method", "is_used", "ratio"]]
    return found.dropna(subset=["ratio"]).reset_index(drop=True)


def behind_used(rows: pd.DataFrame, method: str) -> dict[str, float]:
    """Of each class how far a method's 28-day error lies from that of the method in use: 0.05 is 5 % worse.

    Classes without one of the two figures are not in it.
    """
    ratios = against_used(rows[rows["is_used"] | (rows["method"] == method)])
    mine = ratios[ratios["method"] == method]
    return {
        str(kind): float(ratio) - 1 for kind, ratio in zip(mine["kind"], mine["ratio"], strict=True)
    }


def errors(connection: sa.Connection, model_run: int) -> pd.DataFrame:
    """Errors of the 28-day totals per method over all items and origins: method, error_milli, actual_milli, origin_count."""
    return frame(
        connection,
        "SELECT method, SUM(total_error_milli) AS error_milli, SUM(total_actual_milli) AS actual_milli,"
        " COUNT(*) AS origin_count, MIN(origin_on) AS first_on, MAX(origin_on) AS last_on"
        " FROM model_error WHERE model_run_id = :model_run GROUP BY method"
        " ORDER BY SUM(total_error_milli), method",
        model_run=model_run,
    )


def versions(connection: sa.Connection) -> pd.DataFrame:
    """The last trained versions, the newest first.

    version, method, trained_at, data_until_on, series_count, relative_error, origin_count, is_in_use, is_proposed,
    proposal, decided_at, decided_by.
    """
    rows = frame(
        connection,
        "SELECT version, model AS method, trained_at, data_until AS data_until_on, series_count, relative_error,"  # noqa: S608 - constants
        " origin_count, champion_of IS NOT NULL AS is_in_use, is_proposed, proposal, decided_at, decided_by"
        f" FROM model_run ORDER BY trained_at DESC, id DESC LIMIT {MOST_VERSIONS}",
    )
    return rows.assign(
        is_in_use=rows["is_in_use"].astype(bool),
        is_proposed=rows["is_proposed"].astype(bool),
        relative_error=rows["relative_error"].astype(float),
    )
