"""How each task of a DAG ended, written down where the dashboards may look: Airflow's own database is its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from remedy.schema.measures import out_task_result

KEPT_FOR = timedelta(days=30)
FORGOTTEN_AT_A_TIME = 1000


@dataclass(frozen=True)
class TaskEnd:
    """A task that ended for good; `map_index` is -1 where it is not one of many. Instants are UTC."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    has_succeeded: bool
    try_count: int
    began_at: datetime | None
    ended_at: datetime


def write_down(connection: sa.Connection, end: TaskEnd) -> None:
    """Keep how a task ended; of a task that was run again, how it ended last."""
    row = mysql.insert(out_task_result).values(
        dag_id=end.dag_id[:80],
        run_id=end.run_id[:120],
        task_id=end.task_id[:80],
        map_index=end.map_index,
        has_succeeded=end.has_succeeded,
        try_count=end.try_count,
        began_at=end.began_at,
        ended_at=end.ended_at,
    )
    connection.execute(
        row.on_duplicate_key_update(
            has_succeeded=row.inserted.has_succeeded,
            try_count=row.inserted.try_count,
            began_at=row.inserted.began_at,
            ended_at=row.inserted.ended_at,
        )
    )
    connection.execute(
        out_task_result.delete()
        .where(out_task_result.c.ended_at < end.ended_at - KEPT_FOR)
        .with_dialect_options(mysql_limit=FORGOTTEN_AT_A_TIME)
    )
