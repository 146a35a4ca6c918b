"""A statement's rows as a frame, with the columns made what their names say they are."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pandas as pd
import sqlalchemy as sa

NO_ID = str(UUID(int=0))


def in_steps(rows: pd.DataFrame, names: Iterable[str], smallest: int) -> pd.DataFrame:
    """Counts of people's searches rounded down to steps of `smallest`.

    Exact ones of two periods could be subtracted, and one person be left.
    """
    return rows.assign(**{name: rows[name] // smallest * smallest for name in names})


def frame(connection: sa.Connection, sql: str, **values: Any) -> pd.DataFrame:
    """The rows of a statement, one column each, also when there is none.

    By their last word columns become: `_at` an instant in UTC, `_on` and `day` a date, `_id` a UUID as
    text, `_milli` and `_count` a whole number (0 for none). UUIDs among `values` are given as their bytes.
    """
    bound = {name: v.bytes if isinstance(v, UUID) else v for name, v in values.items()}
    result = connection.execute(sa.text(sql), bound)
    made = pd.DataFrame(result.all(), columns=list(result.keys()))
    for name in made.columns:
        if name.endswith("_at"):
            made[name] = pd.to_datetime(made[name], utc=True)
        elif name.endswith("_on") or name == "day":
            made[name] = pd.to_datetime(made[name])
        elif name.endswith("_id"):
            made[name] = [None if v is None else str(UUID(bytes=bytes(v))) for v in made[name]]
        elif name.endswith(("_milli", "_count")):
            made[name] = [0 if pd.isna(v) else int(v) for v in made[name]]
    return made
