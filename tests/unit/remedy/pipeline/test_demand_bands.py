"""What is usual and what is not: the band, the hysteresis, and the month's false alarms, on simulated time."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from bench import demand as bench
from remedy.pipeline.demand_bands import (
    ALL,
    HISTORY_DAYS,
    MEASURES,
    QUARTERS_A_WEEK,
    REFUSALS,
    SALES,
    SEARCHES,
    Band,
    Counts,
    Subject,
    Usual,
    Week,
    chance_of,
    group_of,
)
from remedy.pipeline.demand_looks import REST, Change, Heard, Looks, medicine_key
from remedy.town import cast
from remedy.values import zone

ROME = zone("Europe/Rome")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
A, B = "medicine a", "medicine b"
GROUPS = {A: "N02", B: "N02"}


def a_usual(a_day: float = 24.0, days: int = HISTORY_DAYS, measure=SALES) -> Usual:
    """Two medicines of one group, each so often a day, evenly over the day, with no spread but chance."""
    counts = Counts(days)
    for day in range(days):
        for medicine in (A, B):
            counts.add(medicine_key(medicine, measure), day, round(a_day))
        counts.add((Subject("group", "N02"), measure), day, round(2 * a_day))
        counts.add((ALL, measure), day, round(2 * a_day))
    for quarter in range(QUARTERS_A_WEEK):
        counts.add_quarter(measure, quarter, a_day)
    return counts.usual(ROME)


def some(count: int, until: datetime, minutes: float, medicine=A, measure=SALES, people=None):
    """Events evenly in the minutes before an instant, of so many people."""
    step = timedelta(minutes=minutes) / count
    return [
        Heard(until - n * step, measure, medicine, f"p{n % (people or count)}")
        for n in range(count)
    ]


def looks_at(usual: Usual, smallest: int = 5) -> Looks:
    return Looks(usual, GROUPS, smallest=smallest)


def names(changes: list[Change]) -> list[tuple[str, str, str]]:
    return [(change.what, *change.alert.key[0]) for change in changes]


@pytest.mark.parametrize(
    ("count", "mean", "spread"), [(0, 3, 0.5), (3, 3, 0.5), (9, 2.5, 0.1), (40, 9, 0.3)]
)
def test_the_chance_is_the_upper_tail_of_the_negative_binomial(count, mean, spread):
    scipy = pytest.importorskip("scipy.stats")
    size = 1 / spread
    expected = scipy.nbinom.sf(count - 1, size, size / (size + mean))
    assert chance_of(count, mean, spread) == pytest.approx(expected, rel=1e-6)


def test_the_band_ends_where_more_would_be_rarer_than_the_chance():
    band = Band(4.0, 0.1)
    highest = band.highest(1e-4)
    assert band.chance_of(highest + 1) < 1e-4 <= band.chance_of(highest)


def test_what_is_known_from_few_events_has_a_wider_band():
    a_day, key = 24 * 60, medicine_key(A, SALES)
    often, seldom = a_usual(3).band(key, NOON, a_day), a_usual(3, 7).band(key, NOON, a_day)
    assert often.mean == pytest.approx(seldom.mean, rel=0.05)
    assert often.highest(1e-6) < seldom.highest(1e-6)


def test_an_hour_that_is_busy_every_week_is_expected_to_be_busy():
    counts = [1.0] * QUARTERS_A_WEEK
    counts[4 * 12 : 4 * 13] = [50.0] * 4
    week = Week.of(counts, ROME)
    monday = datetime(2026, 3, 9, 13, tzinfo=ROME)
    assert week.part_of_day(monday, 60) > 5 * week.part_of_day(monday + timedelta(hours=5), 60)
    assert sum(week.parts) == pytest.approx(7)


def test_a_surge_of_one_medicine_opens_one_alert_and_not_its_group_nor_the_town():
    looks = looks_at(a_usual())
    looks.hear(some(30, NOON, 4))
    assert names(looks.look(NOON)) == [("opened", "medicine", A)]


def test_a_group_that_is_never_refused_is_not_named_for_what_one_medicine_explains():
    looks = looks_at(a_usual())
    looks.hear(some(9, NOON, 1, measure=REFUSALS) + some(2, NOON, 1, B, measure=REFUSALS))
    assert names(looks.look(NOON)) == [("opened", "medicine", A)]


def test_what_many_of_a_group_share_is_said_of_the_town():
    usual = a_usual(24)
    looks = looks_at(usual)
    many = [f"m{number}" for number in range(40)]
    looks.groups = dict.fromkeys(many, "N02")
    looks.hear(Heard(NOON - timedelta(seconds=n), SALES, name) for n, name in enumerate(many))
    opened = names(looks.look(NOON))
    assert ("opened", "group", "N02") in opened
    assert not [one for one in opened if one[1] == "medicine"]


def test_where_the_whole_town_is_busier_no_single_medicine_is_named():
    looks = looks_at(a_usual(240))
    others = [Heard(NOON - timedelta(seconds=n), SALES, f"other {n}") for n in range(300)]
    looks.hear([*others, *some(16, NOON, 59)])
    assert ("opened", "medicine", A) not in names(looks.look(NOON))


def test_an_alert_stays_until_it_has_been_calm_for_ten_minutes_and_does_not_flap():
    looks = looks_at(a_usual())
    looks.hear(some(30, NOON, 4))
    said = names(looks.look(NOON))
    for minute in range(1, 120):
        now = NOON + timedelta(minutes=minute)
        looks.forget(now)
        # Its usual trade goes on, now and then.
        looks.hear([Heard(now, SALES, A)] if minute % 55 == 0 else [])
        said += names(looks.look(now))
    assert said == [("opened", "medicine", A), ("rested", "medicine", A)]


def a_rush_at(looks: Looks, at: datetime) -> list[str]:
    """A rush that begins then, and two quiet hours."""
    said = []
    for minute in range(120):
        now = at + timedelta(minutes=minute)
        looks.forget(now)
        looks.hear(some(30, now, 1) if minute == 0 else [])
        said += [what for what, _, name in names(looks.look(now)) if name == A]
    return said


def test_what_comes_back_after_a_night_or_a_weekend_is_the_same_alert():
    looks = looks_at(a_usual())
    friday = datetime(2026, 3, 6, 9, tzinfo=UTC)
    first = a_rush_at(looks, friday)
    second = a_rush_at(looks, friday + timedelta(days=1))
    third = a_rush_at(looks, friday + timedelta(days=3, hours=23))
    (alert,) = looks.open.values()
    assert (first, second, third) == (
        ["opened", "rested"], ["resumed", "rested"], ["resumed", "rested"],
    )  # fmt: skip
    assert (alert.opened_at, alert.unusual_at.date()) == (friday, NOON.date())


def test_what_has_been_calm_for_three_days_has_ended_and_what_comes_then_is_new():
    looks = looks_at(a_usual())
    assert a_rush_at(looks, NOON) == ["opened", "rested"]
    latest = looks.open[medicine_key(A, SALES)].unusual_at
    assert looks.look(latest + REST - timedelta(seconds=1)) == []
    (ended,) = looks.look(latest + REST)
    assert (ended.what, ended.alert.ended_at, ended.alert.unusual_at) == (
        "ended", latest + REST, latest,
    )  # fmt: skip
    assert looks.open == {}
    assert a_rush_at(looks, latest + REST + timedelta(hours=1)) == ["opened", "rested"]


def test_a_medicine_at_rest_explains_nothing_of_its_group():
    looks = looks_at(a_usual())
    a_rush_at(looks, NOON)
    later = NOON + timedelta(hours=20)
    looks.forget(later)
    # So many are outside the band of the group together, and of neither medicine.
    looks.hear([*some(8, later, 50), *some(8, later, 50, B)])
    assert ("opened", "group", "N02") in names(looks.look(later))


def test_a_growing_surge_is_the_same_alert_with_a_higher_count():
    looks = looks_at(a_usual())
    looks.hear(some(30, NOON, 1))
    looks.look(NOON)
    later = NOON + timedelta(seconds=20)
    looks.hear(some(30, later, 0.3))
    (change,) = looks.look(later)
    assert (change.what, change.alert.highest.count, change.alert.opened.count) == ("risen", 60, 30)


def test_few_people_are_never_spoken_of_however_often_they_search():
    usual = a_usual(measure=SEARCHES)
    few, enough = looks_at(usual), looks_at(usual)
    few.hear(some(60, NOON, 4, measure=SEARCHES, people=4))
    enough.hear(some(60, NOON, 4, measure=SEARCHES, people=5))
    assert few.look(NOON) == []
    assert names(enough.look(NOON)) == [("opened", "medicine", A)]


def test_without_a_week_of_history_nothing_is_unusual():
    looks = looks_at(a_usual(days=6))
    looks.hear(some(200, NOON, 4))
    assert looks.look(NOON) == []


def test_nothing_heard_is_nothing_seen():
    empty = Counts(0).usual(ROME)
    looks = looks_at(empty)
    assert looks.look(NOON) == []
    assert looks.keys() == []
    assert empty.chance > 0
    assert all(empty.band((ALL, measure), NOON, 5).mean > 0 for measure in MEASURES)


def test_events_count_whatever_order_they_land_in_and_not_before_they_happen():
    looks = looks_at(a_usual())
    events = some(30, NOON, 4)
    Random(1).shuffle(events)
    ahead = [Heard(NOON + timedelta(minutes=1), SALES, A)]
    looks.hear(ahead + events)
    assert looks.seen(medicine_key(A, SALES), NOON, 5).count == 30


def test_a_medicine_without_a_code_has_no_group():
    assert (group_of(None), group_of("N0"), group_of("N02BE01")) == (None, None, "N02")


def test_a_planted_five_fold_surge_is_named_within_two_minutes():
    usual = bench.usual_of(
        [
            bench.Summed.of(day, bench.groups())
            for day in bench.days(cast.FULL, HISTORY_DAYS, each_pack=False)
        ]
    )
    median, most, _ = bench.surges(usual, bench.groups(), bench.SURGE_AN_HOUR, 10)
    assert median <= most <= bench.MOST_SECONDS


def test_a_quiet_month_of_the_town_raises_few_alarms_where_three_times_the_usual_raises_hundreds():
    told = bench.days(cast.FULL, HISTORY_DAYS + bench.MONTH_DAYS, each_pack=False)
    month = bench.quiet_month(told, bench.groups())
    assert month.events > 10_000
    assert len(month.raised) + month.came_back <= bench.MOST_ALARMS
    assert month.control > 10 * bench.MOST_ALARMS
