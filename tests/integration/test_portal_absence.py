"""The pages of an absence and of the waiting list: who is affected first, one mail each, and the first to claim has it."""

import re
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from icalendar import Calendar

from remedy.appointments import absence, holds
from remedy.gateways.mysql import in_transaction
from remedy.pipeline import overdue
from remedy.schema.hospital import doctor
from remedy.schema.people import mail_owed
from remedy.values import day_bounds, instant_of
from tests.factories import a_doctor
from tests.integration.portal_cast import Cast, a_cast, mails
from tests.integration.test_portal_visits import asked, decide
from web_portal import parts
from web_portal.absence import settling

MONDAY = "2026-03-16"


EMPTIED = (
    "waiting_offer", "waiting_entry", "absence_visit", "doctor_absence", "doctor_leave",
    "appointment_cell", "mail_owed",
)  # fmt: skip


@pytest.fixture(scope="module")
def everybody(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def cast(everybody: Cast) -> Cast:
    """The cast without what the test before booked: an absence is of everybody who is booked."""
    with everybody.engine.begin() as connection:
        for table in EMPTIED:
            connection.exec_driver_sql(f"DELETE FROM {table}")
        connection.exec_driver_sql("UPDATE appointment SET state = 'declined'")
    return everybody


def a_visit(cast: Cast, who: str = "asha", place: int = 0, **told: object) -> str:
    """The address of an accepted visit on that Monday."""
    page = cast.browser().get(f"/doctors/{cast.ids['ekow']}?from={MONDAY}").text
    times = re.findall(r'starts_at=([^"&]+)"', page)
    starts_at = times[place].replace("%2B", "+").replace("%3A", ":")
    address = asked(cast, who, starts_at=starts_at, **told)
    assert decide(cast, address, "accept").status_code == 303
    return address


def told(cast: Cast, **differs: str) -> dict[str, object]:
    return {
        "doctor": str(cast.ids["ekow"]),
        "first_day": MONDAY,
        "last_day": "2026-03-20",
        **differs,
    }


def sent(cast: Cast, who: str) -> list[str]:
    """The subjects of what somebody is written now."""
    return [mail[1] for mail in mails(cast) if mail[0] == cast.emails[who]]


@pytest.mark.parametrize("who", ["farah", "ekow"])
def test_who_is_affected_is_shown_before_it_is_declared(cast: Cast, who: str) -> None:
    address = a_visit(cast)
    a_visit(cast, "ben", 1, urgency="urgent")
    page = cast.of(who).post("/absences", told(cast))
    assert page.status_code == 200
    assert re.search(r'id="affected">2<', page.text)
    assert "canary" not in page.text
    assert "Accepted" in cast.of("asha").get(address).text
    assert cast.rows("SELECT 1 FROM doctor_absence") == []


def test_every_patient_is_told_once_and_accepts_with_one_press(cast: Cast) -> None:
    first, second = a_visit(cast), a_visit(cast, "ben", 1)
    mails(cast)
    answer = cast.of("farah").post("/absences/declare", told(cast))
    assert answer.status_code == 303, answer.text
    letters = mails(cast)
    assert sorted(mail[0] for mail in letters) == [cast.emails["asha"], cast.emails["ben"]]
    assert all("set aside for you" in mail[1] for mail in letters)
    page = cast.of("asha").get(first).text
    assert "The doctor is absent" in page
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    accepted = cast.of("asha").post(
        f"{first}/answer", {"version": version.group(1), "answer": "accept"}
    )
    assert accepted.status_code == 303
    progress = cast.of("farah").get(answer.headers["Location"]).text
    assert "2 of 2 patients told" in progress
    assert re.search(r"Time accepted</dt><dd>1<", progress)
    assert re.search(r"No answer yet</dt><dd>1<", progress)
    assert "Another time is proposed" in cast.of("ben").get(second).text
    state = f"{answer.headers['Location']}/state"
    seen = re.search(r'name="seen" value="([^"]+)"', progress)
    assert seen is not None
    assert cast.of("farah").get(f"{state}?seen={seen.group(1)}").status_code == 204


def entry_in(mail: tuple[object, ...]) -> dict[str, object]:
    """What the one calendar file of a mail does."""
    (file,) = mail[3:]
    entry = Calendar.from_ical(file.content).walk("VEVENT")[0]  # type: ignore[attr-defined]
    method = file.parameters["method"]  # type: ignore[attr-defined]
    return {"method": method, "uid": str(entry["UID"]), "sequence": int(entry["SEQUENCE"])}


def test_each_calendar_is_changed_once(cast: Cast) -> None:
    visits = [a_visit(cast, who, place) for place, who in enumerate(("asha", "ben"))]
    accepted = {entry_in(mail)["uid"]: entry_in(mail) for mail in mails(cast)}
    assert len(accepted) == len(visits)
    cast.of("ekow").post("/absences/declare", told(cast))
    changed = {entry_in(mail)["uid"]: entry_in(mail) for mail in mails(cast)}
    assert changed.keys() == accepted.keys()
    for uid, entry in changed.items():
        assert entry["method"] == "REQUEST"
        assert entry["sequence"] == accepted[uid]["sequence"] + 1  # type: ignore[operator]
    assert mails(cast) == []


def test_with_a_colleague_the_old_entry_is_taken_out(cast: Cast) -> None:
    with cast.engine.begin() as connection:
        colleague = a_doctor(connection, name="Dr Ife")
    address = a_visit(cast, urgency="urgent")
    (accepted,) = mails(cast)
    cast.of("ekow").post("/absences/declare", told(cast))
    (mail,) = mails(cast)
    assert "a colleague" in str(mail[1])
    assert entry_in(mail) == {
        "method": "CANCEL",
        "uid": entry_in(accepted)["uid"],
        "sequence": entry_in(accepted)["sequence"] + 1,  # type: ignore[operator]
    }
    page = cast.of("asha").get(address).text
    (offered,) = re.findall(r'href="([^"]+)">See the time with a colleague', page)
    assert "Dr Ife" in cast.of("asha").get(offered).text
    with cast.engine.begin() as connection:
        connection.execute(
            sa.update(doctor).where(doctor.c.public_id == colleague).values(is_active=False)
        )


def test_declared_twice_tells_nobody_twice(cast: Cast) -> None:
    a_visit(cast)
    mails(cast)
    form = {**told(cast), "nonce": "0123456789abcdef"}
    for _ in range(2):
        assert cast.of("ekow").post("/absences/declare", form).status_code == 303
    assert cast.of("farah").post("/absences/declare", told(cast)).status_code == 409
    assert len(mails(cast)) == 1


def test_a_doctor_who_is_back_earlier_can_be_asked_for_again(cast: Cast) -> None:
    address = cast.of("ekow").post("/absences/declare", told(cast)).headers["Location"]
    times = f"/doctors/{cast.ids['ekow']}?from={MONDAY}"
    assert "Monday 16 March 2026</h3>" not in cast.browser().get(times).text
    for status in (303, 409):
        answer = cast.of("farah").post(f"{address}/end")
        assert answer.status_code == status
    assert "Monday 16 March 2026</h3>" in cast.browser().get(times).text
    assert cast.of("ekow").post("/absences/declare", told(cast)).status_code == 303


def test_a_doctor_declares_only_their_own(cast: Cast) -> None:
    a_visit(cast)
    other = {**told(cast), "doctor": "00000000-0000-7000-8000-000000000000"}
    # Whatever the form names: of a doctor it is always their own.
    assert cast.of("ekow").post("/absences/declare", other).status_code == 303
    assert len(cast.rows("SELECT 1 FROM doctor_absence")) == 1
    assert cast.of("farah").post("/absences/declare", other).status_code == 404


def test_days_that_cannot_be_are_said_at_the_form(cast: Cast) -> None:
    for differs, sentence in (
        ({"last_day": "2026-03-01"}, "cannot be before its first day"),
        ({"first_day": "soon"}, "Enter the day, such as"),
    ):
        page = cast.of("farah").post("/absences", told(cast, **differs))
        assert page.status_code == 422
        assert sentence in page.text


def test_what_a_killed_worker_left_undone_is_done_by_the_round(cast: Cast) -> None:
    a_visit(cast)
    mails(cast)
    first, _ = day_bounds(parts.parts_of(cast.app).now().date(), "Europe/Rome")
    in_transaction(
        cast.engine,
        lambda c: absence.declare(
            c, doctor_id=cast.ids["ekow"], first_day=first.date() + timedelta(days=10),
            last_day=first.date() + timedelta(days=20), declared_by=cast.ids["farah_account"],
            clock=cast.watch,
        ),
    )  # fmt: skip
    assert sent(cast, "asha") == []
    assert settling.of(cast.app).look() == 1
    assert settling.of(cast.app).look() == 0
    assert len(sent(cast, "asha")) == 1


def wait_for(cast: Cast, who: str, **differs: object) -> None:
    form = {
        "whose": "doctor", "from_day": MONDAY, "until_day": MONDAY, "urgency": "soon",
        "symptoms": "a cough", **differs,
    }  # fmt: skip
    answer = cast.of(who).post(f"/waiting/new/{cast.ids['ekow']}", form)
    assert answer.status_code == 303, answer.text


def ben_looks_at(cast: Cast, starts_at: datetime) -> None:
    """Ben has the form of that time of Dr Ekow's open, which holds it."""
    in_transaction(
        cast.engine,
        lambda c: holds.hold_slot(
            c, doctor_id=cast.ids["ekow"], patient_id=cast.ids["ben"], clock=cast.watch,
            starts_at=instant_of(f"{starts_at}+00:00"),
        ),
    )  # fmt: skip


def offered(cast: Cast, who: str) -> list[str]:
    return re.findall(r'action="(/waiting/offers/[^"]+)"', cast.of(who).get("/waiting").text)


def test_a_free_time_is_offered_claimed_by_the_first_and_the_second_keeps_the_place(
    cast: Cast,
) -> None:
    wait_for(cast, "asha")
    wait_for(cast, "ben", whose="anybody")
    overdue.look(cast.engine, clock=cast.watch)
    assert "A time you wait for is free" in sent(cast, "asha")
    mine, bens = offered(cast, "asha"), offered(cast, "ben")
    assert len(mine) == len(bens) == 3
    won = cast.of("asha").post(mine[0], {"answer": "claim"})
    assert won.status_code == 303, won.text
    assert "Accepted" in cast.of("asha").get(won.headers["Location"]).text
    assert offered(cast, "asha") == []
    lost = cast.of("ben").post(bens[0], {"answer": "claim"})
    assert lost.status_code == 409
    assert "Somebody else was first" in lost.text
    assert len(offered(cast, "ben")) == 2
    assert cast.of("ben").post(offered(cast, "ben")[0], {"answer": "claim"}).status_code == 303


def test_a_time_booked_meanwhile_is_told_at_once(cast: Cast) -> None:
    wait_for(cast, "asha")
    overdue.look(cast.engine, clock=cast.watch)
    (first, *_) = offered(cast, "asha")
    a_visit(cast, "ben", 0)
    lost = cast.of("asha").post(first, {"answer": "claim"})
    assert lost.status_code == 409
    assert "keep your place" in lost.text
    assert first not in offered(cast, "asha")


def test_declining_and_leaving(cast: Cast) -> None:
    wait_for(cast, "asha", earliest="10:00")
    overdue.look(cast.engine, clock=cast.watch)
    (first, *_) = offered(cast, "asha")
    assert cast.of("asha").post(first, {"answer": "decline"}).status_code == 303
    assert first not in offered(cast, "asha")
    page = cast.of("asha").get("/waiting").text
    assert "not before 10:00" in page
    (leave,) = re.findall(r'action="(/waiting/[^"]+/leave)"', page)
    assert cast.of("asha").post(leave).status_code == 303
    assert "You wait for nothing" in cast.of("asha").get("/waiting").text


def test_what_is_wrong_is_said_at_the_field(cast: Cast) -> None:
    form = {"whose": "doctor", "from_day": "x", "until_day": MONDAY, "earliest": "late"}
    page = cast.of("asha").post(f"/waiting/new/{cast.ids['ekow']}", form)
    assert page.status_code == 422
    for sentence in ("Enter the day", "hours and minutes", "Choose how urgent", "few words"):
        assert sentence in page.text
    urgent = cast.of("asha").post(
        f"/waiting/new/{cast.ids['ekow']}", {**form, "urgency": "emergency"}
    )
    assert urgent.headers["Location"] == "/emergency"


def test_an_earlier_time_gives_up_the_later_visit(cast: Cast) -> None:
    later = a_visit(cast, place=3)
    visit = later.rsplit("/", 1)[1]
    page = cast.of("asha").get(f"/waiting/new/{cast.ids['ekow']}?visit={visit}").text
    assert "Cancel my later visit" in page
    assert cast.of("ben").get(f"/waiting/new/{cast.ids['ekow']}?visit={visit}").status_code == 404
    wait_for(cast, "asha", visit=visit, gives_up="y")
    overdue.look(cast.engine, clock=cast.watch)
    (first, *_) = offered(cast, "asha")
    assert cast.of("asha").post(first, {"answer": "claim"}).status_code == 303
    assert "Cancelled" in cast.of("asha").get(later).text


def test_nothing_of_the_list_names_an_illness(cast: Cast) -> None:
    wait_for(cast, "asha", symptoms="canary-asha-00000000")
    overdue.look(cast.engine, clock=cast.watch)
    assert "canary" not in str(mails(cast))
    assert cast.rows("SELECT 1 FROM waiting_entry WHERE symptoms_sealed LIKE '%canary%'") == []
    with cast.engine.connect() as connection:
        assert connection.execute(sa.select(mail_owed.c.last_error)).scalars().all() == []
