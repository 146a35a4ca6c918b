"""What suits one who waits: days and time of day are those of the hospital's clock, also on the days it is changed."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest

from remedy.appointments.model import Slot
from remedy.appointments.waiting_round import Waits
from remedy.values import zone

ROME = zone("Europe/Rome")
SOMEBODY = UUID(int=7)


def waits(**differs: object) -> Waits:
    told: dict[str, object] = {
        "entry_row": 1,
        "entry_id": SOMEBODY,
        "patient_id": SOMEBODY,
        "from_day": date(2026, 3, 28),
        "until_day": date(2026, 3, 29),
        "earliest": None,
        "before": None,
        **differs,
    }
    return Waits(**told)  # type: ignore[arg-type]


def slot(*at: int) -> Slot:
    starts_at = datetime(2026, 3, *at, tzinfo=UTC)
    return Slot(SOMEBODY, starts_at, starts_at + timedelta(minutes=20))


@pytest.mark.parametrize(
    ("at", "does_suit"),
    [
        ((27, 22, 59), False),
        # Midnight in Rome, while it is winter time there.
        ((27, 23, 0), True),
        # The last minute of the day on which the clocks are put forward.
        ((29, 21, 59), True),
        ((29, 22, 0), False),
    ],
)
def test_a_day_is_a_day_at_the_hospital(at: tuple[int, ...], does_suit: bool) -> None:
    assert waits().suits(slot(*at), ROME) is does_suit


@pytest.mark.parametrize(("at", "does_suit"), [((28, 7, 30), True), ((28, 7, 29), False),
                                               ((29, 6, 30), True), ((29, 6, 29), False)])  # fmt: skip
def test_the_time_of_day_is_what_the_clock_there_shows(
    at: tuple[int, ...], does_suit: bool
) -> None:
    assert waits(earliest=time(8, 30)).suits(slot(*at), ROME) is does_suit


def test_only_what_is_before_the_visit_given_up_is_of_use() -> None:
    later = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert waits(before=later).suits(slot(28, 11, 40), ROME)
    assert not waits(before=later).suits(slot(28, 12, 0), ROME)
