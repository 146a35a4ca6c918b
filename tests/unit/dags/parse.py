"""Parses the DAGs folder in a process of its own and prints what the contract looks at, as JSON.

Its own process, because Airflow reads its configuration from a folder, and because only a fresh process can
say which libraries parsing loads.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

HEAVY = ("great_expectations", "pandas", "numpy", "sklearn", "keras", "jax", "mrjob")


def facts(folder: str) -> dict[str, Any]:
    """What is in the folder, by DAG."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=folder)
    # Providers are looked at lazily by some of Airflow's own modules; ours must not add to it.
    loaded = [name for name in HEAVY if name in sys.modules]
    return {
        "import_errors": bag.import_errors,
        "loaded": loaded,
        "dags": {dag_id: _dag(dag) for dag_id, dag in bag.dags.items()},
    }


def _dag(dag: Any) -> dict[str, Any]:
    from airflow.serialization.serialized_objects import DagSerialization

    DagSerialization.deserialize_dag(json.loads(json.dumps(DagSerialization.serialize_dag(dag))))
    return {
        "file": dag.fileloc,
        "doc": dag.doc_md or "",
        "tags": sorted(dag.tags),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "awaited": _awaited(dag),
        "tasks": {
            task.task_id: {
                "doc": task.doc_md
                or getattr(getattr(task, "python_callable", None), "__doc__", ""),
                "owner": task.owner,
                "retries": task.retries,
                "execution_timeout": task.execution_timeout is not None,
                "pool": task.pool,
                "after": sorted(task.upstream_task_ids),
                "outlets": [outlet.name for outlet in task.outlets],
            }
            for task in dag.tasks
        },
    }


def _awaited(dag: Any) -> list[str]:
    return sorted(set(_names(getattr(dag.timetable, "asset_condition", None))))


def _names(condition: Any) -> Iterator[str]:
    if hasattr(condition, "objects"):
        for part in condition.objects:
            yield from _names(part)
    elif hasattr(condition, "name"):
        yield condition.name


if __name__ == "__main__":
    json.dump(facts(sys.argv[1]), sys.stdout)
