"""A hospital's name and address, and hours of the week, changed where they stand: who was first, and what it was before."""

import html
import re
import threading
from datetime import date, time
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments import calendars, editing, hospitals, queries
from remedy.appointments.hospitals import ChangedMeanwhile
from remedy.appointments.model import Hospital, Hours, Refused
from remedy.gateways.mysql import in_transaction
from tests.factories import a_doctor, a_hospital
from tests.integration.portal_cast import Cast, a_cast

MONDAY = date(2026, 3, 16)


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def hospital_id(cast: Cast) -> UUID:
    with cast.engine.begin() as c:
        return a_hospital(c, name="Lake Hospital")


def told(hospital_id: UUID, name: str, address: str = "1 Lake Road") -> Hospital:
    return Hospital(hospital_id, name, address, None, 41.9, 12.5)


def change(cast: Cast, what: Hospital, version: int) -> None:
    in_transaction(
        cast.engine,
        lambda c: hospitals.change_hospital(
            c,
            what,
            version=version,
            changed_by=cast.ids["farah_account"],
            clock=cast.watch,
        ),
    )


def changes(cast: Cast, hospital_id: UUID) -> list[hospitals.HospitalChange]:
    with cast.engine.connect() as c:
        return hospitals.changes_of(c, hospital_id)


def details(cast: Cast, hospital_id: UUID) -> tuple[Hospital, int]:
    with cast.engine.connect() as c:
        return hospitals.hospital_of(c, hospital_id)


def test_what_a_hospital_was_is_kept_with_who_changed_it(cast: Cast, hospital_id: UUID) -> None:
    before, version = details(cast, hospital_id)
    change(cast, told(hospital_id, "Sea Hospital"), version)
    change(cast, told(hospital_id, "Sea Hospital"), version + 1)
    assert details(cast, hospital_id) == (told(hospital_id, "Sea Hospital"), version + 1)
    (kept,) = changes(cast, hospital_id)
    assert (kept.before, kept.changed_by, kept.changed_at) == (before, "Farah", cast.watch())


def test_of_two_who_change_a_hospital_at_once_one_does(cast: Cast, hospital_id: UUID) -> None:
    _before, version = details(cast, hospital_id)
    start, said = threading.Barrier(8), []

    def try_it(number: int) -> None:
        start.wait()
        try:
            change(cast, told(hospital_id, f"Hospital {number}"), version)
            said.append("changed")
        except ChangedMeanwhile as refusal:
            said.append(str(refusal))

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count("changed") == 1
    assert sum(text.startswith("Farah changed this hospital") for text in said) == 7
    assert len(changes(cast, hospital_id)) == 1


def test_who_comes_second_keeps_what_was_typed_and_saves_over_it_knowingly(
    cast: Cast, hospital_id: UUID
) -> None:
    page, farah = f"/admin/hospitals/{hospital_id}/change", cast.of("farah")
    form = dict(re.findall(r'name="([a-z]+)"[^>]* value="([^"]*)"', farah.get(page).text))
    assert (form["name"], form["latitude"], form["version"]) == ("Lake Hospital", "41.91", "1")
    # The name as another admin has it by then.
    change(cast, told(hospital_id, "Sea Hospital"), 1)
    mine: dict[str, object] = {
        **form,
        "name": "Lake & Sea Hospital",
        "nonce": "one",
        "csrf_token": farah.token(),
    }
    answer = farah.post(page, mine)
    text = html.unescape(answer.text)
    assert answer.status_code == 409
    assert "Farah changed this hospital since you opened it" in text
    assert "Sea Hospital" in text
    assert 'value="Lake & Sea Hospital"' in text
    assert 'name="version" value="2"' in text
    assert farah.post(page, {**mine, "version": "2", "nonce": "two"}).status_code == 303
    assert details(cast, hospital_id)[0].name == "Lake & Sea Hospital"
    shown = html.unescape(farah.get(f"/admin/hospitals/{hospital_id}").text)
    assert "Sea Hospital, 1 Lake Road" in shown
    for wrong in ({"name": " "}, {"latitude": "north"}, {"version": "x"}):
        assert farah.post(page, {**mine, "nonce": "three", **wrong}).status_code == 422


@pytest.fixture
def doctor_id(cast: Cast) -> UUID:
    with cast.engine.begin() as c:
        made = a_doctor(c, hospital_id=cast.ids["hill"], hours=(), name="Dr Ito")
        editing.add_hours(c, made, [Hours(0, time(9), time(12))])
        return made


def week(cast: Cast, doctor_id: UUID) -> list[Hours]:
    with cast.engine.connect() as c:
        (kept,) = calendars.kept_doctors(c, doctor_id)
        return list(calendars.calendar_of(c, kept.doctor, first_day=MONDAY, days=1).hours)


def test_hours_are_changed_where_they_stand_and_patients_read_it(
    cast: Cast, doctor_id: UUID
) -> None:
    page, farah = f"/calendars/{doctor_id}/hours/change", cast.of("farah")
    assert farah.get(f"{page}?weekday=0&starts=09:00&ends=12:00").status_code == 200
    assert farah.get(f"{page}?weekday=0&starts=09:00&ends=13:00").status_code == 404
    form = {
        "weekday": "0", "starts": "09:00", "ends": "12:00", "new_weekday": "1",
        "week_starts": "14:00", "week_ends": "15:00", "place": str(cast.ids["hill"]),
    }  # fmt: skip
    assert farah.post(page, form).status_code == 303
    assert [(one.weekday, one.starts) for one in week(cast, doctor_id)] == [(1, time(14))]
    with cast.engine.connect() as c:
        free = queries.free_slots(c, doctor_id, first_day=MONDAY, days=2, now=cast.watch())
    assert len(free) == 3
    # Sent from a page that was opened before: those hours are there no more.
    again = farah.post(page, form)
    assert again.status_code == 422
    assert "Somebody changed these hours" in html.unescape(again.text)
    assert len(week(cast, doctor_id)) == 1


def test_hours_that_cannot_be_leave_the_old_ones(cast: Cast, doctor_id: UUID) -> None:
    before, afternoon = Hours(0, time(9), time(12)), Hours(0, time(14), time(16))
    with cast.engine.begin() as c:
        editing.add_hours(c, doctor_id, [afternoon])
    with pytest.raises(Refused, match="overlap"):
        in_transaction(
            cast.engine,
            lambda c: editing.change_hours(c, doctor_id, before, Hours(0, time(9), time(15))),
        )
    assert len(week(cast, doctor_id)) == 2
    assert cast.of("ekow").get(f"/calendars/{doctor_id}/hours/change").status_code == 404
