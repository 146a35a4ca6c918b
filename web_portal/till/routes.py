"""The till interface: what was sold, received and adjusted, told by a till with its pharmacy's key."""

import hashlib
import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from remedy.accounts import keys, repeats
from remedy.stock.service import record_movements
from web_portal.access import keyed, public
from web_portal.parts import parts
from web_portal.till import lines
from web_portal.till.lines import BadRequest

room = Blueprint("till", __name__)

MOST_BYTES = 1_000_000
OPENAPI = Path(__file__).with_name("openapi.json")


@room.get("/openapi.json")
@public
def openapi() -> Response:
    """The description of the interface, as written by hand and checked by a test."""
    return Response(OPENAPI.read_bytes(), mimetype="application/json")


@room.post("/api/v1/stock-movements")
@keyed
def stock_movements() -> Response:
    """Record a till's lines. Each stands alone with its answer; the whole may be sent again safely."""
    here, key = parts(), _key()
    pharmacy_id = here.read(lambda c: keys.api_key_pharmacy(c, key)) if key else None
    if pharmacy_id is None:
        response = _error(
            401, "The API key is missing, wrong or revoked; send it as 'Bearer rmd_…'."
        )
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    once_key = request.headers.get("Idempotency-Key", "")
    if not once_key or len(once_key) > repeats.KEY_AT_MOST:
        return _error(
            400, "Send an 'Idempotency-Key' header of 1 to 200 characters, new for each request."
        )
    if request.mimetype != "application/json":
        return _error(415, "Send the lines as 'application/json'. Nothing was applied.")
    request.max_content_length = MOST_BYTES
    try:
        body = request.get_data(cache=False)
        raw = lines.lines_of(body)
    except RequestEntityTooLarge:
        return _error(413, f"A request may have at most {MOST_BYTES} bytes. Nothing was applied.")
    except BadRequest as problem:
        return _error(400, str(problem))

    def work(connection: sa.Connection) -> tuple[int, str]:
        medicines = lines.medicines_of(connection, lines.codes_in(raw))
        told = [lines.read(line, medicines) for line in raw]
        readable = [one.line for one in told if one.line is not None]
        became = iter(record_movements(connection, pharmacy_id, readable, clock=here.clock))
        answers = [lines.answer(one, next(became) if one.line else None) for one in told]
        return 200, json.dumps(_summary(answers), ensure_ascii=False, separators=(",", ":"))

    def change(connection: sa.Connection) -> tuple[int, str]:
        return repeats.answer_once(
            connection,
            scope=hashlib.sha256(key.encode()).hexdigest(),
            route=request.path,
            key=once_key,
            body=body,
            work=lambda: work(connection),
            clock=here.clock,
        )

    try:
        status, text = here.change(change)
    except repeats.DifferentBody as problem:
        return _error(409, f"{problem} Nothing was applied.")
    return Response(text, status=status, mimetype="application/json")


def _key() -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _summary(answers: list[dict[str, Any]]) -> dict[str, Any]:
    states = [answer["result"] for answer in answers]
    counts = {state: states.count(state) for state in ("recorded", "repeated", "refused")}
    return counts | {"lines": answers}


def _error(status: int, sentence: str) -> Response:
    text = json.dumps({"error": sentence}, ensure_ascii=False)
    return Response(text, status=status, mimetype="application/json")
