"""What a line of the register of past visits becomes, and what is said of an odd one."""

from datetime import UTC, date, datetime
from uuid import RFC_4122

import pytest

from remedy.events.base import to_body
from remedy.events.days import day_of
from remedy.pipeline.visit_records import AGE, BOOKED_LATE, NUMBER, event_id, read, record_key

TODAY = date(2026, 3, 2)


def line(**differs: str) -> dict[str, str]:
    values = {
        "PatientId": "1",
        "AppointmentID": "2",
        "Gender": "F",
        "ScheduledDay": "2016-04-27T08:36:51Z",
        "AppointmentDay": "2016-05-02T00:00:00Z",
        "Age": "62",
        "Neighbourhood": "JOANA D´ARC",
        "Scholarship": "0",
        "Hipertension": "1",
        "Diabetes": "0",
        "Alcoholism": "0",
        "Handcap": "0",
        "SMS_received": "1",
        "No-show": "Yes",
    }
    return {
        **values,
        **{name.replace("No_show", "No-show"): said for name, said in differs.items()},
    }


def read_here(values: dict[str, str], time_zone: str = "Europe/Rome"):
    return read(values, time_zone=time_zone, today=TODAY)


def test_a_line_becomes_an_event_that_says_what_can_be_counted():
    happened, doubts = read_here(line())
    assert doubts == []
    assert (happened.visit_on, happened.lead_days) == ("2016-05-02", 5)
    assert (happened.neighbourhood, happened.was_missed) == ("JOANA D´ARC", True)
    assert (happened.age_years, happened.sex, happened.was_reminded) == (62, "F", True)
    assert happened.booked_at == datetime(2016, 4, 27, 8, 36, 51, tzinfo=UTC)


@pytest.mark.parametrize("time_zone", ["Pacific/Kiritimati", "America/Sao_Paulo", "Pacific/Midway"])
def test_it_counts_for_the_day_in_the_file_wherever_it_is_counted(time_zone):
    happened, _ = read_here(line(), time_zone)
    assert day_of(to_body(happened), {"*": time_zone}) == date(2016, 5, 2)


def test_whose_visit_it_was_and_what_ailed_them_is_left_in_the_file():
    happened, _ = read_here(line(PatientId="29872499824296", AppointmentID="5642903"))
    told = str(to_body(happened))
    assert "29872499824296" not in told
    assert "5642903" not in told
    assert not {"hipertension", "diabetes", "alcoholism", "patient"} & set(to_body(happened))


def test_the_same_line_is_the_same_record_and_another_is_another():
    happened, _ = read_here(line())
    again, _ = read_here(line(), "America/Sao_Paulo")
    other, _ = read_here(line(PatientId="3"))
    assert event_id(happened) == event_id(again) != event_id(other)
    assert record_key(line()) == happened.record_key != other.record_key
    assert (event_id(happened).version, event_id(happened).variant) == (7, RFC_4122)


@pytest.mark.parametrize(
    ("differs", "reason", "codes"),
    [
        ({"Age": "115"}, AGE, ("age",)),
        ({"Age": "-1"}, AGE, ("age",)),
        ({"ScheduledDay": "2016-05-03T07:00:00Z"}, BOOKED_LATE, ("booked_after_visit",)),
        ({"PatientId": "9377952927E-5"}, NUMBER, ()),
    ],
)
def test_what_can_hardly_be_is_flagged_and_brought_in(differs, reason, codes):
    happened, doubts = read_here(line(**differs))
    assert [why for why, _ in doubts] == [reason]
    assert happened.doubts == codes


@pytest.mark.parametrize(
    ("differs", "words"),
    [
        ({"AppointmentDay": "2016-13-02T00:00:00Z"}, "not a time"),
        ({"AppointmentDay": "2026-03-03T00:00:00Z"}, "in the future"),
        ({"No_show": "Perhaps"}, "'No-show' is none of"),
        ({"Neighbourhood": "  "}, "neighbourhood is missing"),
        ({"Neighbourhood": "x" * 61}, "longer than 60"),
        ({"Age": "forty"}, "not a whole number"),
        ({"Gender": "X"}, "'Gender' is none of"),
    ],
)
def test_a_line_that_is_no_visit_is_refused_in_a_sentence(differs, words):
    with pytest.raises(ValueError, match=words):
        read_here(line(**differs))
