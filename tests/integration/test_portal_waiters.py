"""Who waits as staff see it, what a patient reads of a time somebody looks at, and a visit of an absence that is stuck."""

import logging
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments import absence
from remedy.gateways.mysql import in_transaction
from remedy.pipeline import overdue
from remedy.values import instant_of
from tests.integration.portal_cast import Cast
from tests.integration.test_portal_absence import (
    MONDAY,
    a_visit,
    ben_looks_at,
    cast,
    everybody,
    mails,
    offered,
    told,
    wait_for,
)
from web_portal.absence import settling

__all__ = ["cast", "everybody"]

CANARY = "canary-asha-00000000"


def entries(cast: Cast, who: str = "farah", query: str = "") -> list[str]:
    """The addresses of those who wait, as the list shows them."""
    page = cast.of(who).get(f"/admin/waiting{query}").text
    return re.findall(r'href="(/admin/waiting/[0-9a-f-]+)"', page)


def test_staff_see_who_waits_what_was_offered_and_nothing_of_why(cast: Cast) -> None:
    wait_for(cast, "asha", symptoms=CANARY, urgency="urgent")
    wait_for(cast, "ben", whose="anybody")
    overdue.look(cast.engine, clock=cast.watch)
    (first, *_) = offered(cast, "asha")
    assert cast.of("asha").post(first, {"answer": "decline"}).status_code == 303
    page = cast.of("farah").get("/admin/waiting").text
    assert len(entries(cast)) == 2
    for words in ("Dr Ekow, general practice", "Any doctor: general practice", "declined"):
        assert words in page
    assert "no answer yet" in page
    assert "canary" not in page
    assert "canary" not in cast.of("ekow").get("/admin/waiting").text
    assert "/admin/waiting" in cast.of("farah").get("/admin/requests").text


def test_the_list_is_narrowed_and_a_doctor_sees_their_own(cast: Cast) -> None:
    wait_for(cast, "asha", urgency="urgent")
    wait_for(cast, "ben", whose="anybody")
    assert len(entries(cast, query="?urgency=urgent")) == 1
    assert len(entries(cast, query=f"?doctor={cast.ids['ekow']}")) == 1
    assert len(entries(cast, query="?speciality=general practice")) == 2
    assert entries(cast, query="?speciality=none") == []
    assert "like that" in cast.of("farah").get("/admin/waiting?speciality=none").text
    # The doctor's page leads nowhere further: whom to telephone is the admins' to see.
    page = cast.of("ekow").get("/admin/waiting").text
    assert page.count("Urgent</span>") == 1
    assert '<th scope="row"' in page
    assert entries(cast, "ekow") == []
    (address,) = entries(cast, query="?urgency=urgent")
    assert cast.of("ekow").get(address).status_code == 404


def test_an_admin_takes_somebody_off_the_list_with_a_note(cast: Cast) -> None:
    wait_for(cast, "asha")
    overdue.look(cast.engine, clock=cast.watch)
    (address,) = entries(cast)
    assert "canary-asha" in cast.of("farah").get(address).text
    empty = cast.of("farah").post(f"{address}/remove", {"note": " "})
    assert empty.status_code == 422
    assert "Tell the patient why" in empty.text
    mails(cast)
    done = cast.of("farah").post(f"{address}/remove", {"note": "Dr Ekow moves to another town."})
    assert done.status_code == 303
    assert entries(cast) == []
    assert offered(cast, "asha") == []
    (mail,) = mails(cast)
    assert mail[:2] == (cast.emails["asha"], "You are taken off a waiting list")
    assert "another town" not in mail[2]
    assert mail[2].endswith("/waiting")
    assert "Dr Ekow moves to another town." in cast.of("asha").get("/waiting").text
    assert "another town" not in cast.of("ben").get("/waiting").text
    assert "another town" not in str(cast.rows("SELECT note_sealed FROM waiting_entry"))
    for note in ("Once more.", ""):
        again = cast.of("farah").post(f"{address}/remove", {"note": note})
        assert again.status_code == 409
        assert "does not wait there any more" in again.text
        # The form is gone, and no error leads to a field of it.
        assert "#note" not in again.text


def test_an_offered_time_somebody_looks_at_is_said_to_be_held_and_stays_offered(cast: Cast) -> None:
    wait_for(cast, "asha")
    overdue.look(cast.engine, clock=cast.watch)
    mine = offered(cast, "asha")
    (starts_at,) = cast.rows(
        "SELECT starts_at FROM waiting_offer WHERE public_id = :id", id=UUID(mine[0][-36:]).bytes
    )[0]
    ben_looks_at(cast, starts_at)
    answer = cast.of("asha").post(mine[0], {"answer": "claim"})
    assert answer.status_code == 409
    assert "Somebody is looking at that time just now, and holds it until 09:10" in answer.text
    assert "else was first" not in answer.text
    assert offered(cast, "asha") == mine
    cast.watch.wait(minutes=11)
    try:
        assert cast.of("asha").post(mine[0], {"answer": "claim"}).status_code == 303
    finally:
        cast.watch.wait(minutes=-11)


def test_a_stuck_visit_is_told_once_in_the_log_and_on_the_page_and_stops_no_other(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    a_visit(cast)
    a_visit(cast, "ben", 1)
    mails(cast)
    settle, why = absence.settle, ["of a kind nobody foresaw"]
    with cast.engine.connect() as connection:
        first = connection.execute(
            sa.text("SELECT MIN(starts_at) FROM appointment WHERE state = 'accepted'")
        ).scalar_one()

    def failing(c: sa.Connection, vault: Any, **named: Any) -> str | None:
        query = sa.text("SELECT starts_at FROM appointment WHERE public_id = :id")
        if c.execute(query, {"id": named["appointment_id"].bytes}).scalar_one() == first:
            raise LookupError(why[0])
        return settle(c, vault, **named)

    monkeypatch.setattr(absence, "settle", failing)
    with caplog.at_level(logging.WARNING, logger=settling.__name__):
        address = cast.of("farah").post("/absences/declare", told(cast)).headers["Location"]
        for _ in range(3):
            settling.of(cast.app).look()
    assert len(caplog.records) == 1
    assert why[0] not in caplog.text
    assert [mail[0] for mail in mails(cast)] == [cast.emails["ben"]]
    page = cast.of("farah").get(address).text
    assert "1 patient could not be told yet" in page
    assert "The software failed (LookupError)" in page
    assert f"/admin/requests/{_first_visit(cast)}" in page
    assert "1 of 2 patients told" in page
    assert "/admin/requests" not in cast.of("ekow").get(address).text
    monkeypatch.undo()
    assert settling.of(cast.app).look() == 1
    assert "could not be told" not in cast.of("farah").get(address).text
    assert [mail[0] for mail in mails(cast)] == [cast.emails["asha"]]


def _first_visit(cast: Cast) -> UUID:
    (row,) = cast.rows(
        "SELECT a.public_id FROM absence_visit v JOIN appointment a ON a.id = v.appointment_id"
        " WHERE v.outcome IS NULL"
    )
    return UUID(bytes=bytes(row.public_id))


def test_an_absence_that_cannot_be_looked_at_stops_no_other(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = a_visit(cast)
    gather, seen = absence.gather, []

    def failing(c: sa.Connection, absence_id: UUID, **named: Any) -> int:
        seen.append(absence_id)
        if absence_id == seen[0]:
            raise LookupError
        return gather(c, absence_id, **named)

    december = {"first_day": "2026-12-01", "last_day": "2026-12-02"}
    for differs in (december, {}):
        in_transaction(cast.engine, lambda c, days=differs: _declared(c, cast, days))  # type: ignore[misc]
    monkeypatch.setattr(absence, "gather", failing)
    assert settling.of(cast.app).look() == 1
    assert len(set(seen)) == 2
    assert "The doctor is absent" in cast.of("asha").get(address).text


def _declared(connection: sa.Connection, cast: Cast, days: dict[str, str]) -> UUID:
    day = instant_of(f"{days.get('first_day', MONDAY)}T00:00:00+00:00").date()
    return absence.declare(
        connection, doctor_id=cast.ids["ekow"], first_day=day, last_day=day + timedelta(days=1),
        declared_by=cast.ids["farah_account"], clock=cast.watch,
    )  # fmt: skip
