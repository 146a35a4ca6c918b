"""Is the portal alive, and can it do its work: for probes and for whoever looks after it."""

import json

import sqlalchemy as sa
from flask import Blueprint, Response

from remedy.catalogue.by_index import search_state
from web_portal.access import public
from web_portal.parts import parts

room = Blueprint("health", __name__)
DEGRADED_SECONDS = 15
"""Events that wait longer than this to be told mean that Kafka or the relay is not answering."""

_BACKLOG = sa.text(
    "SELECT COALESCE(SUM(waiting), 0) AS waiting, MIN(oldest_at) AS oldest_at FROM outbox_backlog"
)


@room.get("/healthz")
@public
def healthz() -> Response:
    """The process answers."""
    return _answer(200, {"status": "ok"})


@room.get("/readyz")
@public
def readyz() -> Response:
    """The database answers; a Kafka that does not is told, and refuses nobody (design decision 1).

    `search` says whether searches use the index, or why the words in the database.
    """
    here = parts()
    try:
        found, search = here.read(lambda c: (c.execute(_BACKLOG).one(), search_state(c)))
    except sa.exc.DBAPIError:
        return _answer(503, {"status": "not ready", "database": "unreachable"})
    waited = 0.0
    if found.oldest_at is not None:
        waited = (here.now().replace(tzinfo=None) - found.oldest_at).total_seconds()
    state = "degraded" if waited > DEGRADED_SECONDS else "ok"
    return _answer(
        200,
        {
            "status": "ready",
            "database": "ok",
            "kafka": f"{state}, backlog {found.waiting}",
            "search": search,
            "backlog": int(found.waiting),
            "oldest_seconds": round(max(waited, 0.0), 1),
        },
    )


def _answer(status: int, told: dict[str, object]) -> Response:
    return Response(json.dumps(told), status=status, mimetype="application/json")
