"""What is due, how long one that failed waits, and how a number is written."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remedy.reminders import model
from remedy.reminders.model import AHEAD, Ahead, NoNumber, Step
from remedy.settings import Settings, SettingsError
from remedy.values import uuid7

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STEPS = (Step("mail", 48), Step("sms", 3))
MINUTES = st.integers(-5 * 24 * 60, 5 * 24 * 60)


def a_visit(starts_in: timedelta, known_ago: timedelta = timedelta(days=30)) -> Ahead:
    return Ahead(uuid7(), 1, NOW + starts_in, NOW - known_ago)


def due_names(visit: Ahead, now: datetime = NOW) -> list[str]:
    return [one.step.name for one in model.due([visit], STEPS, now=now)]


@given(st.lists(st.tuples(MINUTES, MINUTES), max_size=8), MINUTES)
def test_due_is_what_comes_within_a_day_of_visits_that_were_known_before(
    visits: list[tuple[int, int]], later: int
) -> None:
    now = NOW + timedelta(minutes=later)
    ahead = [
        Ahead(uuid7(), 1, NOW + timedelta(minutes=starts), NOW + timedelta(minutes=known))
        for starts, known in visits
    ]
    found = model.due(ahead, STEPS, now=now)
    # Told again from the other side: of every visit and step it is said why it is due or is not.
    told = {(one.visit.appointment_id, one.step): one.due_at for one in found}
    assert len(told) == len(found)
    for visit in ahead:
        for step in STEPS:
            at = visit.starts_at - timedelta(hours=step.hours)
            reasons_against = (
                visit.starts_at <= now,
                at - now > AHEAD,
                visit.known_at >= at,
            )
            assert ((visit.appointment_id, step) in told) is not any(reasons_against)
            assert told.get((visit.appointment_id, step), at) == at
    assert [one.due_at for one in found] == sorted(one.due_at for one in found)


@given(MINUTES, st.integers(60, 24 * 60))
def test_whoever_looks_at_least_once_a_day_writes_each_down_before_it_is_due(
    starts: int, every: int
) -> None:
    visit = a_visit(timedelta(days=9, minutes=starts))
    step = timedelta(minutes=every)
    written: dict[str, datetime] = {}
    now = NOW
    while now < visit.starts_at:
        for one in model.due([visit], STEPS, now=now):
            written.setdefault(one.step.name, now)
        now += step
    assert set(written) == {"mail-48", "sms-3"}
    for one in STEPS:
        assert written[one.name] <= visit.starts_at - timedelta(hours=one.hours)


def test_who_was_told_a_moment_ago_is_not_reminded_of_it() -> None:
    assert due_names(a_visit(timedelta(hours=20))) == ["mail-48", "sms-3"]
    assert due_names(a_visit(timedelta(hours=20), timedelta(hours=1))) == ["sms-3"]
    assert due_names(a_visit(timedelta(hours=2), timedelta(hours=2))) == ["sms-3"]
    assert due_names(a_visit(timedelta(hours=2), timedelta(minutes=1))) == []


def test_nothing_is_due_of_a_visit_that_has_begun() -> None:
    assert due_names(a_visit(timedelta())) == []
    assert due_names(a_visit(timedelta(minutes=1))) == ["mail-48", "sms-3"]


def test_hours_before_a_visit_are_hours_on_the_night_the_clocks_change() -> None:
    # Rome, 29 March 2026: at two the clocks go to three. Nine o'clock is 47 hours after nine on Friday.
    visit = Ahead(uuid7(), 1, datetime(2026, 3, 29, 7, 0, tzinfo=UTC), NOW)
    (mail,) = model.due([visit], STEPS[:1], now=datetime(2026, 3, 27, 6, 0, tzinfo=UTC))
    assert mail.due_at == datetime(2026, 3, 27, 7, 0, tzinfo=UTC)


def test_one_that_fails_waits_longer_each_time_but_never_more_than_an_hour() -> None:
    waits = [model.wait_after(attempts) for attempts in range(9)]
    assert waits[0] == timedelta(minutes=1)
    assert waits == sorted(waits)
    assert waits[5] == 32 * waits[0]
    assert set(waits[6:]) == {timedelta(hours=1)}


def test_the_setting_says_the_steps() -> None:
    told = Settings().reminders
    assert model.steps_of(told, has_sms=True) == STEPS
    assert model.steps_of(told, has_sms=False) == STEPS[:1]
    assert model.steps_of("", has_sms=True) == ()
    assert model.steps_of("sms:24, sms:24,mail:24", has_sms=True) == (
        Step("sms", 24),
        Step("mail", 24),
    )
    with pytest.raises(ValueError, match="holds 'fax:3'"):
        model.steps_of("mail:48,fax:3", has_sms=True)


@pytest.mark.parametrize(
    "told", ["fax:3", "mail", "mail:0", "mail:48,", "sms:1000", "mail:48;sms:3"]
)
def test_a_setting_that_says_none_is_refused_at_the_start(told: str) -> None:
    with pytest.raises(SettingsError, match="REMEDY_REMINDERS is"):
        Settings.from_env({"REMEDY_REMINDERS": told})


@pytest.mark.parametrize(
    ("environment", "url", "sentence"),
    [
        ("local", "sms.example.org", "is not an address"),
        ("production", "http://127.0.0.1:18027", "must begin with https://"),
    ],
)
def test_an_sms_provider_has_an_address_and_in_production_a_safe_one(
    environment: str, url: str, sentence: str
) -> None:
    with pytest.raises(SettingsError, match=f"REMEDY_SMS_URL {sentence}"):
        Settings.from_env({"REMEDY_ENVIRONMENT": environment, "REMEDY_SMS_URL": url})


@pytest.mark.parametrize(
    ("written", "trunk", "number"),
    [
        ("+39 06 5550 101", "", "+39065550101"),
        ("06 5550-101", "", "+39065550101"),
        ("0039 06 5550 101", "", "+39065550101"),
        ("(06) 5550/101", "0", "+3965550101"),
        ("333 123.4567", "0", "+393331234567"),
        ("+33 1 23 45 67 89", "0", "+33123456789"),
    ],
)
def test_a_number_is_written_as_the_region_says(written: str, trunk: str, number: str) -> None:
    assert model.international(written, "+39", trunk) == number


@pytest.mark.parametrize("written", [None, "", " - "])
def test_of_no_number_it_is_said_that_there_is_none(written: str | None) -> None:
    with pytest.raises(NoNumber, match="has told no telephone number"):
        model.international(written, "+39", "")


@pytest.mark.parametrize("written", ["12", "call me", "+0123456789", "1234567890123456"])
def test_of_a_number_that_cannot_be_one_no_digit_is_repeated(written: str) -> None:
    with pytest.raises(NoNumber) as refused:
        model.international(written, "+39", "")
    assert not any(c.isdigit() for c in str(refused.value))


def test_a_choice_lets_through_what_it_names() -> None:
    through = {
        choice: [channel for channel in ("mail", "sms") if model.wants(choice, channel)]
        for choice in model.CHOICES
    }
    assert through == {"both": ["mail", "sms"], "mail": ["mail"], "sms": ["sms"], "none": []}
