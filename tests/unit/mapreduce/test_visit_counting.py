"""What the events of visits add to which day and hour, and that a slow recount finds the same."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapreduce.landed_lines import Fate
from mapreduce.visit_counting import VisitCount
from mapreduce.visit_story import COUNTS, WAITING_BOUNDS, hours_of
from remedy.events import hospital as events
from remedy.events.base import Event
from remedy.values import local_day
from tests.unit.mapreduce.landed import event_id
from tests.unit.mapreduce.visit_lines import (
    CLINIC,
    EKOW,
    HARBOUR_CLINIC,
    NOON,
    TOPIC,
    VISIT_AT,
    ZONES,
    accepted,
    cancelled,
    count,
    count_in_parts,
    line,
    of_kind,
    requested,
    told,
    wanted,
)

PLACE = [str(CLINIC), str(EKOW), "cardiology"]


def lines_of(*happened: Event) -> list[bytes]:
    return [line(each, number=number) for number, each in enumerate(happened, 1)]


def visits(found: list[str]) -> dict[str, dict[str, int]]:
    """By day, what happened and how often."""
    return {
        day: {
            name: int(number) for name, number in zip(COUNTS, numbers, strict=True) if number != "0"
        }
        for day, _, _, _, *numbers in of_kind("visits", found)
    }


def booked(found: list[str]) -> Counter[tuple[str, int]]:
    """Booked minutes by day of the visit and hour, over all days."""
    minutes: Counter[tuple[str, int]] = Counter()
    for _, on, hour, _, _, _, _, number, *_ in of_kind("hourly", found):
        minutes[on, int(hour)] += int(number)
    return minutes


def test_nothing_landed_counts_nothing():
    assert count([]) == []


def test_a_visit_is_counted_on_the_days_its_events_happened_and_booked_on_its_own():
    decided = NOON + timedelta(hours=22)
    found = count(lines_of(requested(), accepted(occurred_at=decided)))
    assert visits(found) == {"2026-03-10": {"requested": 1}, "2026-03-11": {"accepted": 1}}
    # From 10:40 to 11:10 in Rome: begun in one hour, ended in the next.
    assert of_kind("hourly", found) == [
        ["2026-03-11", "2026-03-12", "10", *PLACE, "1", "20", "0", "0", "0", "0"],
        ["2026-03-11", "2026-03-12", "11", *PLACE, "0", "10", "0", "0", "0", "0"],
    ]
    assert of_kind("waiting", found) == [
        ["2026-03-11", str(CLINIC), "cardiology", "accepted", "1440", "1", "1320"],
        ["2026-03-11", str(CLINIC), "cardiology", "visit", "2880", "1", "2740"],
    ]
    assert of_kind("rows", found) == [
        [TOPIC, "2026-03-10", "1", "0"],
        [TOPIC, "2026-03-11", "1", "0"],
    ]


def test_only_what_was_booked_is_taken_off_when_it_is_called_off():
    happened = [requested(), accepted(), cancelled(why="hospital")]
    happened += [requested(visit=2), cancelled(visit=2, version=2)]
    found = count(lines_of(*happened))
    assert visits(found)["2026-03-10"] == {
        "requested": 2,
        "accepted": 1,
        "cancelled by patient": 1,
        "cancelled by hospital": 1,
    }
    assert of_kind("hourly", found) == []


def test_a_visit_called_off_on_a_later_day_takes_its_hours_off_on_that_day():
    later = NOON + timedelta(days=1)
    lines = lines_of(requested(), accepted(), cancelled(occurred_at=later))
    assert +booked(count(lines)) == Counter()
    # The day of the cancelling alone: what was booked before is known from the lines of the days before.
    of_the_day = booked(count(lines, wanted("2026-03-11")))
    assert of_the_day == {("2026-03-12", 10): -20, ("2026-03-12", 11): -10}


def test_a_moved_visit_waits_anew_and_frees_its_time():
    moved_at, elsewhere = NOON + timedelta(hours=1), VISIT_AT + timedelta(days=1, minutes=20)
    moved = told(
        events.AppointmentMoved,
        version=3,
        occurred_at=moved_at,
        starts_at=elsewhere,
        ends_at=elsewhere + timedelta(minutes=30),
        instead_of=VISIT_AT,
        lapses_at=elsewhere,
    )
    again = accepted(
        version=4,
        occurred_at=moved_at + timedelta(minutes=7),
        starts_at=elsewhere,
        ends_at=elsewhere + timedelta(minutes=30),
    )
    found = count(lines_of(requested(), accepted(), moved, again))
    assert +booked(found) == {("2026-03-13", 11): 30}
    waited = {(row[3], row[4]): row[5:] for row in of_kind("waiting", found) if row[3] != "visit"}
    assert waited == {("accepted", "5"): ["1", "0"], ("accepted", "15"): ["1", "7"]}


def test_the_patients_answer_to_a_proposal_is_no_wait_for_the_hospital():
    proposed = told(
        events.AppointmentProposed,
        version=2,
        occurred_at=NOON + timedelta(minutes=50),
        instead_of=VISIT_AT,
        lapses_at=VISIT_AT,
    )
    taken = accepted(version=3, occurred_at=NOON + timedelta(minutes=500))
    found = count(lines_of(requested(), proposed, taken))
    assert [row[3:] for row in of_kind("waiting", found)] == [
        ["proposed", "60", "1", "50"],
        ["visit", "2880", "1", "2740"],
    ]


def test_a_lapsed_request_is_counted_as_lapsed_and_by_how_long_it_waited():
    lapsed = cancelled(version=2, why="lapsed", occurred_at=NOON + timedelta(hours=48))
    found = count(lines_of(requested(), lapsed))
    assert visits(found)["2026-03-12"] == {"lapsed": 1}
    assert of_kind("waiting", found)[0][3:] == ["lapsed", "2880", "1", "2880"]


def test_a_missed_visit_is_never_a_cancelled_one_and_may_be_corrected():
    def ended(what: str, version: int, **differences) -> bytes:
        plain = line(cancelled(version=version, **differences), number=version + 10)
        return plain.replace(b".cancelled.", f".{what}.".encode()).replace(b',"why":"patient"', b"")

    lines = lines_of(requested(), accepted())
    missed = ended("missed", 3, occurred_at=VISIT_AT + timedelta(hours=2))
    found = count([*lines, missed])
    assert visits(found)["2026-03-12"] == {"missed": 1}
    (first, second) = (
        row[6:] for row in of_kind("hourly", count([*lines, missed], wanted("2026-03-12")))
    )
    assert (first, second) == (["0", "0", "0", "0", "1", "20"], ["0", "0", "0", "0", "0", "10"])
    there = ended("attended", 4, occurred_at=VISIT_AT + timedelta(hours=3))
    assert visits(count([*lines, missed, there]))["2026-03-12"] == {"attended": 1}


def test_an_event_that_is_no_news_for_the_count_is_only_a_row():
    plain = line(accepted(version=3), number=3).replace(b".accepted.", b".checked-in.")
    found = count([*lines_of(requested(), accepted()), plain])
    assert visits(found)["2026-03-10"] == {"requested": 1, "accepted": 1}
    assert of_kind("rows", found) == [[TOPIC, "2026-03-10", "3", "0"]]
    assert sum(booked(found).values()) == 30


def test_a_doubted_event_is_told_apart_and_is_no_part_of_the_story():
    lines = lines_of(requested(), accepted())
    found = count(lines, wanted(quarantined=(event_id(2),)))
    assert of_kind("rows", found) == [[TOPIC, "2026-03-10", "1", "1"]]
    assert booked(found) == Counter()


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b'{"topic":"appointments"}',
        line(accepted()).replace(b'"version":2', b'"version":true'),
        line(accepted()).replace(str(EKOW).encode(), b"ekow"),
        line(accepted()).replace(b"remedy.appointments.accepted.v1", b"accepted"),
        line(accepted()).replace(b'"occurred_at"', b'"said_at"'),
    ],
)
def test_a_line_that_cannot_be_read_is_counted_as_such_and_stops_nothing(bad):
    mapper = VisitCount(wanted())
    for each in (line(requested()), bad, line(accepted(), number=2)):
        mapper.add(each)
    assert mapper.fates[Fate.UNREADABLE] == 1
    assert mapper.fates[Fate.COUNTED] == 2


def test_hours_are_the_hospitals_on_both_days_the_clocks_change():
    forward = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert list(hours_of(_s(forward), _s(forward + timedelta(hours=1)), "Europe/Rome")) == [
        ("2026-03-29", 1, 30),
        ("2026-03-29", 3, 30),
    ]
    back = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    assert list(hours_of(_s(back), _s(back + timedelta(hours=2)), "Europe/Rome")) == [
        ("2026-10-25", 2, 60),
        ("2026-10-25", 2, 60),
    ]


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), st.integers(1, 600))  # noqa: DTZ001 - UTC is meant
@settings(max_examples=60, deadline=None)
def test_the_hours_of_a_visit_are_those_of_its_minutes_one_by_one(naive, minutes):
    begins = naive.replace(tzinfo=UTC, second=0, microsecond=0)
    slow: Counter[tuple[str, int]] = Counter()
    for minute in range(minutes):
        local = (begins + timedelta(minutes=minute)).astimezone(ZoneInfo("America/New_York"))
        slow[local.date().isoformat(), local.hour] += 1
    quick: Counter[tuple[str, int]] = Counter()
    for on, hour, number in hours_of(
        _s(begins), _s(begins + timedelta(minutes=minutes)), "America/New_York"
    ):
        quick[on, hour] += number
    assert quick == slow


def _s(instant: datetime) -> int:
    return int(instant.timestamp())


HOSPITALS = (CLINIC, HARBOUR_CLINIC)
STEPS = ("accepted", "declined", "proposed", "moved", "cancelled", "lapsed")


@st.composite
def stories(draw) -> list[list[Event]]:
    """A few visits, each a request and steps after it, minutes to days apart."""
    made = []
    for number in range(draw(st.integers(1, 4))):
        hospital = draw(st.sampled_from(HOSPITALS))
        at = NOON + timedelta(minutes=draw(st.integers(0, 3000)))
        starts = VISIT_AT + timedelta(minutes=5 * draw(st.integers(0, 2000)))
        given_ = {"visit": number, "hospital_id": hospital}
        story = [requested(**given_, occurred_at=at, **_time(starts))]
        for version, step in enumerate(draw(st.lists(st.sampled_from(STEPS), max_size=5)), 2):
            at += timedelta(minutes=draw(st.integers(0, 3000)))
            if step in ("proposed", "moved"):
                starts += timedelta(minutes=5 * draw(st.integers(1, 500)))
            said = {**given_, "version": version, "occurred_at": at, **_time(starts)}
            story.append(_step(step, starts, said))
        made.append(story)
    return made


def _time(starts: datetime) -> dict[str, datetime]:
    return {"starts_at": starts, "ends_at": starts + timedelta(minutes=25)}


def _step(step: str, starts: datetime, said: dict) -> Event:
    if step in ("proposed", "moved"):
        cls = events.AppointmentProposed if step == "proposed" else events.AppointmentMoved
        return told(cls, **said, instead_of=starts, lapses_at=starts)
    if step in ("cancelled", "lapsed"):
        return cancelled(**{**said, "why": "lapsed" if step == "lapsed" else "patient"})
    return accepted(**said) if step == "accepted" else told(events.AppointmentDeclined, **said)


def recount(told_stories: list[list[Event]]) -> tuple[Counter, Counter, int]:
    """The slow way: events by day and verb; minutes of what stands at the end, one by one; answers waited for."""
    happened: Counter = Counter()
    minutes: Counter = Counter()
    answers = 0
    for story in told_stories:
        is_waiting, standing = False, None
        for each in story:
            zone = ZONES[str(each.hospital_id)]
            verb = each.TYPE.split(".")[2]
            if verb == "cancelled":
                verb = "lapsed" if each.why == "lapsed" else "cancelled by patient"
            happened[local_day(each.occurred_at, zone).isoformat(), verb] += 1
            if verb in ("requested", "moved"):
                is_waiting = True
            else:
                answers += is_waiting and verb != "cancelled by patient"
                is_waiting = False
            standing = each if verb == "accepted" else None
        if standing is not None:
            for minute in range(25):
                local = (standing.starts_at + timedelta(minutes=minute)).astimezone(ZoneInfo(zone))
                minutes[local.date().isoformat(), local.hour] += 1
    return happened, minutes, answers


DAYS = tuple(
    (NOON.date() + timedelta(days=number)).isoformat() for number in range(-1, 30)
)  # the longest story ends before


@settings(max_examples=80, deadline=None)
@given(stories(), st.data())
def test_however_the_lines_are_split_and_ordered_a_slow_recount_finds_the_same(told_stories, data):
    lines = lines_of(*(each for story in told_stories for each in story))
    mixed = data.draw(st.permutations(lines))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=3)))
    parts = [mixed[first:last] for first, last in pairwise([0, *cuts, len(lines)])]
    found = count_in_parts(parts, wanted(*DAYS))
    happened, minutes, answers = recount(told_stories)
    quick: Counter = Counter()
    for day, _, _, _, *numbers in of_kind("visits", found):
        for verb, number in zip(COUNTS, numbers, strict=True):
            quick[day, verb] += int(number)
    assert +quick == happened
    assert {place: number for place, number in booked(found).items() if number} == minutes
    waited = [row for row in of_kind("waiting", found) if row[3] != "visit"]
    assert sum(int(row[5]) for row in waited) == answers
    assert all(int(row[4]) in WAITING_BOUNDS for row in waited)


@settings(max_examples=40, deadline=None)
@given(stories(), st.integers(1, len(DAYS) - 1))
def test_days_counted_one_by_one_add_up_to_all_of_them_at_once(told_stories, cut):
    lines = lines_of(*(each for story in told_stories for each in story))
    whole = count(lines, wanted(*DAYS))
    parts = count(lines, wanted(*DAYS[:cut])) + count(lines, wanted(*DAYS[cut:]))
    assert sorted(parts) == sorted(whole)
