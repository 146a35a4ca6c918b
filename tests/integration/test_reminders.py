"""Reminders of visits: written down by Airflow's account, sent by the portal to a real SMS provider and as mail.

One bad row keeps nobody else waiting; of a visit that was moved or cancelled the old reminder never goes.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from remedy.appointments.model import Visit
from remedy.gateways.sms import HttpSms
from remedy.messages.sms_catcher import SmsCatcher
from remedy.pipeline import reminding as planning
from remedy.reminders import service
from remedy.schema.people import patient
from remedy.schema.reminders import out_reminder
from streamlit_app.queries import pipeline
from tests.integration.clinic import SYMPTOMS
from tests.integration.portal_cast import Cast, a_cast
from tests.integration.ward import KEY, MAIL, SMS, SPECIALITY, Ward, a_ward, before
from web_portal.reminding import Reminding


@pytest.fixture(scope="module")
def everybody(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database, sms_url="http://127.0.0.1:9", sms_key=KEY)


@pytest.fixture
def ward(everybody: Cast, tmp_path: Path) -> Iterator[Ward]:
    yield from a_ward(everybody, tmp_path)


def test_a_missing_phone_in_row_one_and_all_others_are_sent(ward: Ward) -> None:
    phones = (None, "06 5550 101", "+39 06 5550 102", "0039 06 5550 103")
    visits = [
        ward.visit(slot, ward.patient(f"one{number}", phone))
        for number, (slot, phone) in enumerate(zip(ward.slots, phones, strict=False))
    ]
    ward.go_to(before(visits[-1], 3))
    assert ward.plan() == 8
    assert ward.look() == 7
    assert [to for to, _ in ward.sms()] == ["+39065550101", "+39065550102", "+39065550103"]
    assert {to for to, *_ in ward.mails} == {f"one{number}@town.example" for number in range(4)}
    refused = [row for row in ward.log() if row[1] != "sent"]
    assert refused == [("sms-3", "given up", 1, "The patient has told no telephone number.")]
    ward.watch.wait(hours=1)
    assert (ward.plan(), ward.look()) == (0, 0)


def test_a_record_that_cannot_be_opened_and_a_number_that_cannot_be_one_stop_no_other(
    ward: Ward,
) -> None:
    erased = ward.patient("erased", "06 5550 201")
    odd = ward.patient("odd", "call me")
    fine = ward.patient("fine", "06 5550 202")
    visits = [
        ward.visit(slot, who) for slot, who in zip(ward.slots, (erased, odd, fine), strict=False)
    ]
    with ward.cast.engine.begin() as connection:
        ward.vault.forget(connection, erased)
    ward.go_to(before(visits[-1], 3))
    ward.plan(SMS)
    assert ward.look() == 1
    assert [to for to, _ in ward.sms()] == ["+39065550202"]
    assert [(state, error) for _, state, _, error in ward.log()] == [
        ("unwanted", None),
        ("given up", "The patient's telephone number cannot be one; correct it in the account."),
        ("sent", None),
    ]


@contextmanager
def a_provider_that_fails_for(number: str, catcher: SmsCatcher) -> Iterator[str]:
    """A provider that answers 500 for one number and else does as the catcher."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            is_bad = told["to"] == number
            if not is_bad:
                catcher.folder.keep(UUID(told["id"]), told["to"], told["text"])
            self.send_response(500 if is_bad else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_provider_that_fails_for_one_number_is_asked_ever_more_seldom_until_the_visit(
    ward: Ward,
) -> None:
    bad, fine = ward.patient("bad", "06 5550 301"), ward.patient("fine", "06 5550 302")
    visits = [ward.visit(slot, who) for slot, who in zip(ward.slots, (bad, fine), strict=False)]
    ward.go_to(before(visits[1], 3))
    ward.plan(SMS)
    asked = [ward.watch()]
    with a_provider_that_fails_for("+39065550301", ward.catcher) as address:
        ward.round.texts = HttpSms(address, KEY)
        assert ward.look() == 1
        while (next_at := ward.next_at()) is not None:
            attempts = ward.log()[0][2]
            ward.go_to(next_at - timedelta(seconds=1))
            ward.look()
            assert ward.log()[0][2] == attempts
            ward.go_to(next_at)
            ward.look()
            asked.append(next_at)
    assert asked[-1] < visits[0].starts_at
    assert [to for to, _ in ward.sms()] == ["+39065550302"]
    waits = [(b - a).total_seconds() / 60 for a, b in pairwise(asked)]
    assert waits == [1, 2, 4, 8, 16, 32, 60]
    assert ward.log()[0] == (
        "sms-3", "given up", 8, "The SMS provider did not take the message (500).",
    )  # fmt: skip
    why = "The SMS provider did not take the message (500)."
    assert planning.tell(ward.cast.engine) == [f"sms-3: 1 given up ({why})", "sms-3: 1 sent"]
    with ward.cast.engine.connect() as connection:
        seen = pipeline.reminders(connection)
    assert seen[["state", "last_error", "reminder_count"]].to_numpy().tolist() == [
        ["given up", why, 1],
        ["sent", None, 1],
    ]


def test_a_mail_address_that_is_refused_keeps_nobody_waiting_and_is_tried_again(ward: Ward) -> None:
    visits = [
        ward.visit(slot, ward.patient(f"one{n}", None)) for n, slot in enumerate(ward.slots[:3])
    ]
    ward.refused.add("one0@town.example")
    ward.go_to(before(visits[2], 48))
    ward.plan(MAIL)
    assert ward.look() == 2
    ward.refused.clear()
    assert ward.look() == 0
    ward.watch.wait(minutes=1)
    assert ward.look() == 1
    assert ward.log()[0] == ("mail-48", "sent", 2, None)


def moved(ward: Ward) -> tuple[Visit, datetime]:
    """A visit whose reminder was written down, then moved to a later time and accepted anew; with its old time."""
    visit = ward.visit(ward.slots[0], ward.patient("mover", "06 5550 401"))
    ward.go_to(before(visit, 26))
    assert ward.plan() == 2
    again = ward.clinic.move(visit, ward.slots[4].starts_at, visit.patient_id)
    return ward.clinic.decide(again, accept=True), visit.starts_at


def clock_in(moment: datetime) -> str:
    return moment.astimezone(tz=ZoneInfo("Europe/Rome")).strftime("%H:%M")


def test_of_a_moved_visit_the_old_reminder_never_goes_and_the_new_one_does(ward: Ward) -> None:
    visit, old = moved(ward)
    ward.go_to(before(visit, 3))
    ward.plan()
    assert ward.look() == 1
    ((_, text),) = ward.sms()
    assert clock_in(visit.starts_at) in text
    assert clock_in(old) not in text
    assert ward.mails == []
    assert [(step, state) for step, state, *_ in ward.log()] == [
        ("mail-48", "fallen"), ("sms-3", "fallen"), ("sms-3", "sent"),
    ]  # fmt: skip


def test_control_without_the_guard_the_old_reminder_of_a_moved_visit_is_sent(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit, old = moved(ward)
    monkeypatch.setattr(service, "still_stands", lambda _now: sa.true())
    ward.go_to(before(visit, 3))
    ward.plan()
    ward.look()
    assert any(clock_in(old) in text for _, text in ward.sms())


def test_cancelled_between_the_look_and_the_taking_it_does_not_go(ward: Ward) -> None:
    visit = ward.visit(ward.slots[0], ward.patient("late", "06 5550 402"))
    ward.go_to(before(visit, 48))
    ward.plan(MAIL)
    with ward.cast.engine.begin() as connection:
        service.note(connection, ward.watch())
        (row,) = service.due(connection, ward.watch())
    ward.clinic.cancel(visit, visit.patient_id)
    with ward.cast.engine.begin() as connection:
        assert service.take(connection, row, ward.watch()) is None
    assert ward.look() == 0
    assert ward.mails == []
    assert ward.log()[0][:2] == ("mail-48", "fallen")


def test_a_change_that_leaves_the_time_as_it_was_reminds_nobody_twice(ward: Ward) -> None:
    visit = ward.visit(ward.slots[0], ward.patient("same", "06 5550 403"))
    ward.go_to(before(visit, 48))
    ward.plan(MAIL)
    assert ward.look() == 1
    with ward.cast.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE appointment SET version = version + 1 WHERE public_id = :id"),
            {"id": visit.appointment_id.bytes},
        )
    assert ward.plan(MAIL) == 1
    assert ward.look() == 0
    assert len(ward.mails) == 1


def test_two_workers_send_each_once(ward: Ward) -> None:
    visits = [
        ward.visit(slot, ward.patient(f"one{n}", f"06 5550 5{n:02d}"))
        for n, slot in enumerate(ward.slots[:8])
    ]
    ward.go_to(before(visits[-1], 3))
    ward.plan()
    other = Reminding(ward.cast.app, ward._take, HttpSms(ward.catcher.url, KEY))
    counts: list[int] = []
    workers = [
        threading.Thread(target=lambda one=one: counts.append(one.look()))
        for one in (ward.round, other)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(counts) == 16
    assert len(ward.sms()) == len({to for to, _ in ward.sms()}) == 8
    assert sorted(to for to, *_ in ward.mails) == [f"one{n}@town.example" for n in range(8)]


def test_what_falls_due_meanwhile_comes_before_what_has_failed(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "AT_A_TIME", 2)
    bad = [f"bad{number}@town.example" for number in range(2)]
    ward.refused.update(bad)
    visits = [
        ward.visit(slot, ward.patient(f"bad{n}", None)) for n, slot in enumerate(ward.slots[:2])
    ]
    last = ward.visit(ward.slots[2], ward.patient("fresh", None))
    ward.go_to(before(visits[1], 48))
    ward.plan(MAIL)
    assert ward.look() == 0
    ward.refused.clear()
    ward.go_to(before(last, 48))
    assert ward.look() == 2
    assert ward.mails[0][0] == "fresh@town.example"
    # There may be more: the round looks again at once.
    assert ward.round._woken.is_set()
    assert ward.look() == 1
    assert {to for to, *_ in ward.mails[1:]} == set(bad)


def test_an_sms_whose_answer_was_lost_is_one_message(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = ward.visit(ward.slots[0], ward.patient("once", "06 5550 601"))
    ward.go_to(before(visit, 3))
    ward.plan(SMS)

    def lost(*_: object) -> None:
        raise ConnectionError("the worker was killed here")

    with monkeypatch.context() as patched:
        patched.setattr(service, "sent", lost)
        with pytest.raises(ConnectionError):
            ward.look()
    ward.watch.wait(minutes=1)
    assert ward.look() == 1
    assert len(ward.sms()) == 1


def test_what_became_of_reminders_is_forgotten_a_month_after_the_visit(ward: Ward) -> None:
    visit = ward.visit(ward.slots[0], ward.patient("past", "06 5550 901"))
    ward.go_to(before(visit, 3))
    ward.plan()
    ward.look()
    ward.watch.wait(days=31)
    ward.plan()
    ward.look()
    with ward.cast.engine.connect() as connection:
        left = connection.execute(sa.select(sa.func.count()).select_from(out_reminder)).scalar_one()
    assert (left, ward.log()) == (0, [])


def test_a_reminder_says_when_where_and_with_whom_and_nothing_of_health(ward: Ward) -> None:
    visit = ward.visit(ward.slots[0], ward.patient("Pilar", "06 5550 701"))
    ward.go_to(before(visit, 3))
    ward.plan()
    assert ward.look() == 2
    ((_, subject, mail),), ((_, sms),) = ward.mails, ward.sms()
    assert subject == "Reminder of your visit"
    for text in (mail, sms):
        for said in (
            "Mon 9 Mar 2026, 09:00 (CET)", "Dr Ekow", "Hill Hospital", "2 Hill Road", "+39 06 5550 200",
            f"http://localhost/requests/{visit.appointment_id}", "/account/visit-reminders",
        ):  # fmt: skip
            assert said in text
        for secret in (SYMPTOMS, SPECIALITY, "routine", "Pilar"):
            assert secret not in text


@pytest.mark.parametrize(
    ("channel", "mails", "texts"),
    [("both", 1, 1), ("mail", 1, 0), ("sms", 0, 1), ("none", 0, 0)],
)
def test_a_patient_chooses_how_and_in_which_language(
    ward: Ward, channel: str, mails: int, texts: int
) -> None:
    asha = ward.cast.of("asha")
    told = {
        "name": "Asha",
        "phone": "06 5550 801",
        "day": "1",
        "month": "2",
        "year": "1990",
        "address": "",
    }
    assert asha.post("/account/details", told).status_code == 303
    answer = asha.post("/account/visit-reminders", {"channel": channel, "language": "fr"})
    assert answer.headers["Location"] == "/account/visit-reminders?done=saved"
    page = asha.get("/account/visit-reminders")
    assert f'value="{channel}" checked' in page.text
    visit = ward.visit(ward.slots[0], ward.cast.ids["asha"])
    ward.go_to(before(visit, 3))
    ward.plan()
    assert ward.look() == mails + texts
    assert (len(ward.mails), len(ward.sms())) == (mails, texts)
    for text in [mail for *_, mail in ward.mails] + [text for _, text in ward.sms()]:
        assert "lun. 9 mars 2026" in text
        assert "Dr Ekow" in text
        assert "visit:" not in text
    assert {state for _, state, *_ in ward.log()} <= {"sent", "unwanted"}


def test_who_told_no_number_cannot_choose_sms_alone(ward: Ward) -> None:
    with ward.cast.engine.begin() as connection:
        mine = patient.c.public_id == ward.cast.ids["ben"]
        connection.execute(sa.update(patient).where(mine).values(phone_sealed=None))
    ben = ward.cast.of("ben")
    assert "no telephone number of yours" in ben.get("/account/visit-reminders").text
    answer = ben.post("/account/visit-reminders", {"channel": "sms", "language": "en"})
    assert answer.status_code == 422
    assert "Tell us your telephone number first" in answer.text
    assert (
        ben.post("/account/visit-reminders", {"channel": "fax", "language": "en"}).status_code
        == 422
    )
