"""Shortage notices in the portal: reviewed, sent or dismissed; one mail each, none to who should not be told; read, silenced."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser
from werkzeug.test import TestResponse

from remedy import owed
from remedy.messages.service import NotSent
from remedy.notices import service
from remedy.schema.advice import out_stock_risk
from remedy.schema.notices import shortage_notice, shortage_silence, shortage_told
from remedy.schema.people import mail_owed, patient, patient_key
from remedy.schema.pharmacy import stock_movement
from remedy.stock.model import Line
from remedy.stock.service import record_movement
from tests.factories import a_prescription
from tests.integration.notice_scene import (
    address,
    at_risk,
    day_passes,
    decide,
    delivered,
    erase,
    mark,
    more_takers,
    packs_come,
    page,
    send,
    sets_verified,
    silence,
    suspend,
)
from tests.integration.portal_cast import Cast, a_cast, mails
from tests.integration.shown import NARROW, ZOOMED, Screen, Shown, report
from web_portal import owed_words
from web_portal.parts import parts_of
from web_portal.postman import Postman

MEDICINE = "Calmadol"


@pytest.fixture(scope="module")
def everybody(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def cast(everybody: Cast) -> Iterator[Cast]:
    """A day on which Calmadol may run out at the corner, where Asha takes it."""
    began = everybody.watch.now
    with everybody.engine.begin() as connection:
        for table in (mail_owed, shortage_told, shortage_notice, shortage_silence):
            connection.execute(sa.delete(table))
        # Whom another test made up wants no more of it.
        told = [everybody.ids["asha"], everybody.ids["ben"]]
        connection.execute(
            sa.insert(shortage_silence).from_select(
                ["patient_id", "asked_at"],
                sa.select(patient.c.id, patient.c.created_at).where(
                    patient.c.public_id.not_in(told)
                ),
            )
        )
        # What came in during another test came in long ago.
        connection.execute(sa.update(stock_movement).values(recorded_at=began - timedelta(days=30)))
        at_risk(connection, everybody.ids["corner"], everybody.ids["calmadol"], everybody.watch)
    yield everybody
    everybody.watch.now = began


def test_a_pharmacist_reads_sends_and_the_patient_is_told_once(cast: Cast) -> None:
    listed = page(cast, "/pharmacy/notices")
    assert listed.count("<tr data-row>") == 1
    assert MEDICINE in listed
    assert "70%" in listed.replace(" ", "").replace("\N{NO-BREAK SPACE}", "")
    first = page(cast, address(cast))
    assert "in about 7 of 10 such cases" in first
    assert "Go on taking it exactly as prescribed" in first
    assert "Elsewhere Pharmacy has it" in first
    # Words of one's own are shown before they are sent.
    unread = decide(cast, "send", note="Ask us for <b>help</b>.")
    assert unread.status_code == 409
    assert "The notice says something else by now" in unread.text
    shown = decide(cast, "look", note="Ask us for <b>help</b>.")
    assert shown.status_code == 200
    assert "Ask us for &lt;b&gt;help&lt;/b&gt;." in shown.text
    seen = mark(shown.text)
    told = {"note": "Ask us for <b>help</b>.", "seen": seen}
    assert "Tick that you have read" in decide(cast, "send", is_read="", **told).text
    mails(cast)
    sent = decide(cast, "send", **told)
    assert sent.headers["Location"] == "/pharmacy/notices?done=notice-sent"
    ((to, subject, text),) = mails(cast)
    assert to == cast.emails["asha"]
    assert subject == "News from a pharmacy of yours"
    for secret in (MEDICINE, "paracetamol", "Corner", "Ask us for"):
        assert secret not in subject + text
    assert "http://localhost/shortages" in text
    read = page(cast, "/shortages", "asha")
    for words in (
        MEDICINE, "in about 7 of 10 such cases", "So it may not happen", "Ask us for &lt;b&gt;",
        "Corner Pharmacy", "Go on taking it exactly as prescribed",
    ):  # fmt: skip
        assert words in read
    assert MEDICINE not in page(cast, "/shortages", "ben")
    assert "may run out at Corner Pharmacy" in page(cast, "/prescriptions", "asha")
    one = page(cast, f"/prescriptions/{cast.ids['asha_accepted']}", "asha")
    assert "may run out at Corner Pharmacy" in one
    after = page(cast, "/pharmacy/notices")
    assert "1 patient was told." in after
    assert "Nothing waits" in after
    assert mails(cast) == []


def test_who_comes_second_reads_who_did_what(cast: Cast) -> None:
    seen = mark(page(cast, address(cast), "gwen"))
    send(cast)
    answer = decide(cast, "send", "gwen", seen)
    assert answer.status_code == 409
    assert "sent a notice of this medicine: 2026-03-02, " in answer.text
    dismissed = decide(cast, "dismiss", "gwen", seen, reason="Late.")
    assert dismissed.status_code == 409
    assert len(mails(cast)) == 1
    assert "It is not offered again for 14 days" in page(cast, address(cast), "gwen")


def test_a_double_click_sends_once(cast: Cast) -> None:
    seen = mark(page(cast, address(cast)))
    answers = [decide(cast, "send", seen=seen, nonce="n" * 16) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [303] * 3
    assert len(mails(cast)) == 1


def test_a_dismissal_needs_a_reason_and_is_the_pharmacys_own(cast: Cast) -> None:
    answer = decide(cast, "dismiss", reason=" ")
    assert answer.status_code == 422
    assert "Say why nobody is told" in answer.text
    answer = decide(cast, "dismiss", reason="The van comes tomorrow.")
    assert answer.headers["Location"] == "/pharmacy/notices?done=notice-dismissed"
    assert mails(cast) == []
    assert "The van comes tomorrow." in page(cast, "/pharmacy/notices", "gwen")
    assert "The van comes tomorrow." not in page(cast, "/pharmacy/notices", "dev")
    assert "No pharmacy has told you" in page(cast, "/shortages", "asha")


def test_packs_that_came_meanwhile_end_it_and_nobody_is_written_to(cast: Cast) -> None:
    seen = mark(page(cast, address(cast)))
    cast.watch.wait(minutes=5)
    with cast.engine.begin() as connection:
        delivered(connection, cast.ids["corner"], cast.ids["calmadol"], cast.watch)
    answer = decide(cast, "send", seen=seen)
    assert answer.status_code == 422
    assert "look again tomorrow. Nobody was written to." in answer.text
    # Who only looks reads what is so.
    looked = page(cast, address(cast))
    assert "Packs came in since this was worked out" in looked
    assert "Nobody was written to" not in looked
    assert mails(cast) == []


def test_of_an_empty_shelf_nobody_is_told_that_it_may_run_out(cast: Cast) -> None:
    seen = mark(page(cast, address(cast)))
    corner, calmadol = cast.ids["corner"], cast.ids["calmadol"]
    with cast.engine.begin() as connection:
        none = Line("counted", calmadol, 0, cast.watch())
        record_movement(connection, corner, none, clock=cast.watch)
    try:
        # Who read of a shelf with packs reads again.
        assert decide(cast, "send", seen=seen).status_code == 409
        send(cast)
        ((_to, _subject, mail),) = mails(cast)
        assert "may run out, or is missing, there" in mail
        for who, path in (("chitra", address(cast)), ("asha", "/shortages")):
            text = page(cast, path, who)
            assert "Corner Pharmacy had none of it left when this was sent" in text
            assert "Do not go there for it before calling." in text
            for untrue in ("may run out of it before", "may not happen", "earlier than usual"):
                assert untrue not in text
        for path in ("/prescriptions", f"/prescriptions/{cast.ids['asha_accepted']}"):
            text = page(cast, path, "asha")
            assert "may run out at" not in text
            assert f"Corner Pharmacy had no {MEDICINE}" in text
    finally:
        with cast.engine.begin() as connection:
            delivered(connection, corner, calmadol, cast.watch, packs=50)


def test_a_day_told_from_the_pharmacys_deliveries_promises_nothing(cast: Cast) -> None:
    usual = "The pharmacy is usually supplied that day; whether this medicine comes is not known."
    assert usual not in page(cast, address(cast))
    with cast.engine.begin() as connection:
        connection.execute(sa.update(out_stock_risk).values(delivery_from="pharmacy"))
    assert usual in page(cast, address(cast))
    send(cast)
    day_passes(cast)
    text = page(cast, "/shortages", "asha")
    assert usual in text
    assert "We have not heard that packs came: call the pharmacy" in text
    assert "is over" not in text


@pytest.mark.parametrize("happens", [silence, packs_come, day_passes, suspend, erase])
def test_what_happens_before_the_mail_goes_stops_it(
    cast: Cast, happens: Callable[[Cast], None]
) -> None:
    """The mail server is away when it is decided; when it is back it is not so any more."""
    with cast.engine.connect() as connection:
        key = connection.execute(
            sa.select(patient_key).where(patient_key.c.patient_public_id == cast.ids["asha"])
        ).one()
    seen = mark(page(cast, address(cast)))
    with cast.engine.begin() as connection:
        told = service.send(
            connection, parts_of(cast.app).vault, cast.ids["corner"], cast.ids["calmadol"],
            seen=seen, note="", decided_by=cast.ids["chitra_account"], clock=cast.watch,
        )  # fmt: skip
    assert told == 1
    happens(cast)
    try:
        assert mails(cast) == []
        assert not cast.rows("SELECT 1 FROM mail_owed WHERE kind = 'shortage'")
    finally:
        sets_verified(cast, cast.watch())
        with cast.engine.begin() as connection:
            connection.execute(
                sa.update(patient_key)
                .where(patient_key.c.patient_public_id == cast.ids["asha"])
                .values(wrapped_key=key.wrapped_key, erased_at=None)
            )


def test_a_patient_ends_the_notices_and_begins_them_again(cast: Cast) -> None:
    send(cast)
    assert "You get these notices." in page(cast, "/shortages", "asha")
    silence(cast)
    text = page(cast, "/shortages?done=saved", "asha")
    assert "You get no such notices." in text
    # What was told stays to be read.
    assert MEDICINE in text
    cast.watch.wait(days=15)
    with cast.engine.begin() as connection:
        at_risk(connection, cast.ids["corner"], cast.ids["calmadol"], cast.watch)
        a_prescription(
            connection, parts_of(cast.app).vault, cast.ids["asha"], cast.ids["calmadol"],
            repeats=2, pharmacy_id=cast.ids["corner"], now=cast.watch(),
        )  # fmt: skip
    # Two weeks later everybody signs in again.
    cast._browsers.clear()
    assert "Nothing waits" in page(cast, "/pharmacy/notices")
    cast.of("asha").post("/shortages", {"is_wanted": "yes"})
    assert MEDICINE in page(cast, "/pharmacy/notices")
    assert cast.of("asha").post("/shortages", {"is_wanted": "perhaps"}).status_code == 400


class Server:
    """A mail server; the process that hands it the `dies_at`th mail dies before it is taken."""

    def __init__(self, cast: Cast, dies_at: int = 0, refuses: bool = False) -> None:
        self.taken: Counter[str] = Counter()
        self._lock, self._dies_at, self._refuses = threading.Lock(), dies_at, refuses
        self.postman = Postman(cast.app, self._take)

    def _take(self, to: str, _subject: str, _text: str) -> None:
        with self._lock:
            if self._refuses:
                raise NotSent("The mail server is away.")
            if self._dies_at and len(self.taken) + 1 == self._dies_at:
                raise KeyboardInterrupt
            self.taken[to] += 1


def test_a_worker_that_dies_in_the_middle_leaves_the_rest_to_the_next(cast: Cast) -> None:
    more_takers(cast, 6)
    send(cast)
    first = Server(cast, dies_at=4)
    with pytest.raises(KeyboardInterrupt):
        first.postman.look()
    assert sum(first.taken.values()) == 3
    cast.watch.wait(minutes=2)
    then = Server(cast)
    then.postman.look()
    both = first.taken + then.taken
    assert len(both) == sum(both.values()) == told_count(cast)


def told_count(cast: Cast) -> int:
    (row,) = cast.rows("SELECT told_count FROM shortage_notice")
    return int(row.told_count)


def three_at_once(cast: Cast) -> Counter[str]:
    """What patients get when three workers look at the same moment."""
    servers, together = [Server(cast) for _ in range(3)], threading.Barrier(3)

    def look(server: Server) -> None:
        together.wait()
        server.postman.look()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(look, servers))
    return sum((server.taken for server in servers), Counter[str]())


def test_of_workers_that_look_at_once_each_patient_has_one_mail(cast: Cast) -> None:
    more_takers(cast, 8)
    send(cast)
    cast.watch.wait(minutes=2)
    got = three_at_once(cast)
    assert set(got.values()) <= {1}
    assert len(got) == told_count(cast)


@pytest.mark.long
def test_control_without_taking_the_row_patients_are_told_twice(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_nothing(connection: sa.Connection, row_id: int, now: object) -> owed.Owed | None:
        row = connection.execute(sa.select(mail_owed).where(mail_owed.c.id == row_id)).first()
        return owed.Owed(row_id, row.kind, row.about, row.patient_public_id) if row else None

    more_takers(cast, 8)
    send(cast)
    monkeypatch.setattr(owed, "take", take_nothing)
    assert max(three_at_once(cast).values()) > 1


def test_control_without_the_look_in_the_moment_of_sending_the_silenced_are_told(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = owed_words.WORDS["shortage"]
    blind = owed_words.Words(words.subject, words.text, words.page)
    monkeypatch.setitem(owed_words.WORDS, "shortage", blind)
    send(cast)
    silence(cast)
    assert len(mails(cast)) == 1


def test_a_mail_that_fails_names_nobody(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    send(cast)
    away = Server(cast, refuses=True)
    assert away.postman.look() == 0
    assert "shortage" in caplog.text
    for secret in (cast.emails["asha"], MEDICINE, "canary", str(cast.ids["asha"])):
        assert secret not in caplog.text
    (row,) = cast.rows("SELECT last_error FROM mail_owed WHERE kind = 'shortage'")
    assert row.last_error == "The mail server is away."


def test_what_is_sent_needs_its_own_forms_token(cast: Cast) -> None:
    for who, path in (("chitra", address(cast)), ("asha", "/shortages")):
        form = {"decision": "send", "is_wanted": "no", "nonce": "n" * 16}
        assert cast.of(who).client.post(path, data=form).status_code == 400
    assert not cast.rows("SELECT 1 FROM shortage_notice")
    assert "You get these notices." in page(cast, "/shortages", "asha")


def test_a_medicine_that_does_not_run_out_says_so(cast: Cast) -> None:
    text = page(cast, f"/pharmacy/notices/{cast.ids['rare']}")
    assert "not expected to run out" in text
    nothing = "00000000-0000-7000-8000-000000000000"
    assert cast.of("chitra").get(f"/pharmacy/notices/{nothing}").status_code == 404


@pytest.mark.long
def test_the_pages_are_fit_for_every_reader(cast: Cast, browser: Browser) -> None:
    here, found = address(cast), []
    listed = ("/pharmacy/notices", "chitra"), (here, "chitra"), ("/pharmacy", "chitra")
    with Screen(browser, cast.app) as screen:

        def look(path: str, who: str, answer: TestResponse | None = None) -> None:
            shown = Shown(path, answer or cast.of(who).get(path))
            found.extend(
                f"{path} {who}: {one}" for one in screen.problems(shown, sizes=(ZOOMED, NARROW))
            )

        for path, who in listed:
            look(path, who)
        look(here, "chitra", decide(cast, "send", is_read="", note="w" * 400))
        shown = decide(cast, "look", note="Unpronounceablelongwords " * 12)
        look(here, "chitra", shown)
        seen = mark(shown.text)
        sent = decide(cast, "send", seen=seen, note=("Unpronounceablelongwords " * 12).strip())
        assert sent.status_code == 303
        for path, who in (
            *listed[:2], ("/shortages", "asha"), ("/prescriptions", "asha"),
            (f"/prescriptions/{cast.ids['asha_accepted']}", "asha"), ("/shortages", "ben"),
        ):  # fmt: skip
            look(path, who)
    assert not found, report(found)
