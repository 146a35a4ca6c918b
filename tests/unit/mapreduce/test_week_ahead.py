"""A week's visits beside the sales of the week after: the plain functions, the job, and a slow recount."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mapreduce.landed_job import COUNTERS
from mapreduce.landed_lines import Fate, Wanted
from mapreduce.week_ahead import KIND, WeekCount, parts_of, week_lines, week_of
from remedy.events import pharmacy as events
from remedy.events.base import Event
from tests.unit.mapreduce import landed, visit_lines
from tests.unit.mapreduce.landed import IBUPROFEN, SALBUTAMOL, event_id, movement, refusal, run_job
from tests.unit.mapreduce.visit_lines import accepted, cancelled, requested

JOB = "mapreduce.visit_demand:MRVisitDemand"
GROUPS = {str(IBUPROFEN): "M01AE01", str(SALBUTAMOL): "R03AC02"}
# Monday the second of March is the week of the visits, the ninth that of the sales.
VISITED = datetime(2026, 3, 4, 9, tzinfo=UTC)
SOLD = datetime(2026, 3, 10, 9, tzinfo=UTC)
ASKED = datetime(2026, 3, 2, 9, tzinfo=UTC)


def days_from(monday: str) -> list[str]:
    return [(date.fromisoformat(monday) + timedelta(days=day)).isoformat() for day in range(7)]


def wanted(*weeks: str, doubted: tuple = ()) -> Wanted:
    chosen = weeks or ("2026-03-09",)
    sales = [day for week in chosen for day in days_from(week)]
    visits = [day for week in chosen for day in days_from(week_of(week, -1))]
    days = {KIND: chosen, "stock-movements": sales, "appointments": visits}
    return Wanted.of(days, map(str, doubted), zones=visit_lines.ZONES, groups=GROUPS)


def a_visit(number: int, *, at: datetime = VISITED, **differs: object) -> list[Event]:
    said = {
        "visit": number,
        "occurred_at": ASKED,
        "starts_at": at,
        "ends_at": at + timedelta(minutes=20),
    }
    return [requested(**said, **differs), accepted(**said)]


def lines_of(*happened: Event) -> list[bytes]:
    lines = []
    for number, each in enumerate(happened, 1):
        of = visit_lines.line if each.topic() == "appointments" else landed.line
        lines.append(of(each, number=number))
    return lines


def count_in_parts(parts: list[list[bytes]], question: Wanted) -> list[str]:
    """Both steps without mrjob."""
    shuffled: dict[str, list[str]] = {}
    for lines in parts:
        mapper = WeekCount(question)
        pairs = [pair for each in lines for pair in mapper.add(each)]
        for key, value in [*pairs, *mapper.drain()]:
            shuffled.setdefault(key, []).append(value)
    weeks: dict[str, list[str]] = {}
    for key in sorted(shuffled):
        for week, part in parts_of(key, shuffled[key], question):
            weeks.setdefault(week, []).append(part)
    return ["\t".join(pair) for week in sorted(weeks) for pair in week_lines(week, weeks[week])]


def count(lines: list[bytes], question: Wanted | None = None) -> list[str]:
    return count_in_parts([lines], question or wanted())


def of_kind(kind: str, lines: list[str]) -> list[list[str]]:
    return [found.split("\t")[1:] for found in lines if found.split("\t")[0] == kind]


def test_nothing_landed_counts_nothing():
    assert count([]) == []


def test_visits_of_a_week_stand_beside_the_sales_of_the_next():
    happened = [*a_visit(1), *a_visit(2), *a_visit(3, speciality="dermatology")]
    happened += [
        movement(occurred_at=SOLD, quantity_milli=2000),
        movement(occurred_at=SOLD, medicine_id=SALBUTAMOL),
        refusal(occurred_at=SOLD),
    ]
    found = count(lines_of(*happened))
    assert of_kind("week", found) == [
        ["2026-03-09", "cardiology", "M01", "2", "2000", "1"],
        ["2026-03-09", "cardiology", "R03", "2", "1000", "1"],
        ["2026-03-09", "dermatology", "M01", "1", "2000", "1"],
        ["2026-03-09", "dermatology", "R03", "1", "1000", "1"],
    ]
    assert of_kind("rows", found) == [[KIND, "2026-03-09", "9", "0"]]


def test_a_visit_called_off_or_of_another_week_is_not_beside_them():
    late = a_visit(2, at=VISITED + timedelta(days=7))
    called_off = [*a_visit(3), cancelled(visit=3, occurred_at=ASKED + timedelta(hours=1))]
    sale = movement(occurred_at=SOLD)
    assert of_kind("week", count(lines_of(*late, *called_off, sale))) == []
    (only,) = of_kind("week", count(lines_of(*a_visit(1), *late, *called_off, sale)))
    assert only[3] == "1"


def test_a_medicine_without_a_group_and_a_sale_taken_back_add_nothing():
    other = movement(occurred_at=SOLD, medicine_id=event_id(77))
    undone = movement(
        events.StockReversed,
        reversed_kind="sold",
        reversed_quantity_milli=1000,
        reversed_at=SOLD,
        occurred_at=SOLD + timedelta(hours=1),
    )
    found = count(lines_of(*a_visit(1), other, movement(occurred_at=SOLD), undone))
    assert of_kind("week", found) == []
    assert of_kind("rows", found) == [[KIND, "2026-03-09", "5", "0"]]


def test_doubted_rows_are_told_apart_and_add_to_nothing():
    lines = lines_of(*a_visit(1), movement(occurred_at=SOLD))
    found = count(lines, wanted(doubted=(event_id(3),)))
    assert of_kind("rows", found) == [[KIND, "2026-03-09", "2", "1"]]
    assert of_kind("week", found) == []


def test_a_line_that_cannot_be_read_stops_nothing():
    mapper = WeekCount(wanted())
    for each in [
        *lines_of(movement(occurred_at=SOLD)),
        b"{",
        b"[]",
        b'{"topic":"stock-movements"}',
    ]:
        mapper.add(each)
    assert mapper.fates[Fate.UNREADABLE] == 3
    assert mapper.fates[Fate.COUNTED] == 1


def test_the_job_gives_what_its_functions_give(tmp_path):
    lines = [*lines_of(*a_visit(1), *a_visit(2), movement(occurred_at=SOLD)), b"{not json"]
    found, outcome = run_job(JOB, lines, tmp_path, wanted())
    assert found == sorted(count(lines))
    assert len(found) == 2
    assert outcome.counters[COUNTERS] == {
        "counted": 5,
        "quarantined": 0,
        "of another day": 0,
        "unreadable": 1,
    }


WEEKS = tuple(week_of("2026-03-09", number) for number in range(3))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 27), st.sampled_from(["cardiology", "eyes"]), st.booleans()), max_size=6),
    st.lists(st.tuples(st.integers(0, 27), st.sampled_from([IBUPROFEN, SALBUTAMOL]), st.integers(1, 9)), max_size=8),
    st.data(),
)  # fmt: skip
def test_a_slow_recount_finds_the_same(visits, sales, data):
    happened: list[Event] = []
    seen: Counter = Counter()
    sold: Counter = Counter()
    for number, (day, speciality, is_off) in enumerate(visits):
        at = ASKED + timedelta(days=day, hours=3)
        happened += a_visit(number, at=at, speciality=speciality)
        if is_off:
            happened.append(cancelled(visit=number, occurred_at=ASKED + timedelta(hours=1)))
        else:
            seen[at.date() - timedelta(days=at.weekday()), speciality] += 1
    for day, medicine, milli in sales:
        at = ASKED + timedelta(days=day)
        happened.append(movement(occurred_at=at, medicine_id=medicine, quantity_milli=milli))
        sold[at.date() - timedelta(days=at.weekday()), GROUPS[str(medicine)][:3]] += milli
    expected = {
        (monday + timedelta(days=7), speciality, group): (number, milli)
        for (monday, speciality), number in seen.items()
        for (week, group), milli in sold.items()
        if week == monday + timedelta(days=7) and week.isoformat() in WEEKS
    }
    mixed = data.draw(st.permutations(lines_of(*happened)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(mixed)), max_size=2)))
    parts = [mixed[first:last] for first, last in pairwise([0, *cuts, len(mixed)])]
    found = {
        (date.fromisoformat(week), speciality, group): (int(number), int(milli))
        for week, speciality, group, number, milli, _ in of_kind(
            "week", count_in_parts(parts, wanted(*WEEKS))
        )
    }
    assert found == expected
