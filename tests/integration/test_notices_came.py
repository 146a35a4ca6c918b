"""What tells a shortage notice that packs came in since: deliveries, transfers and packs that are found, unless undone."""

from collections.abc import Callable
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.notices import queries
from remedy.stock.model import Line
from remedy.stock.service import record_movement, reverse_movement
from tests.factories import Watch, a_medicine, a_pharmacy
from tests.integration.notice_scene import at_risk, delivered


def moved(kind: str, packs: int) -> Callable[[sa.Connection, UUID, UUID, Watch], UUID]:
    """Records such a movement."""

    def record(at: sa.Connection, pharmacy_id: UUID, medicine_id: UUID, watch: Watch) -> UUID:
        line = Line(kind, medicine_id, packs * 1000, watch(), reason="We looked.")  # type: ignore[arg-type]
        return record_movement(at, pharmacy_id, line, clock=watch).movement_id

    return record


def undone(at: sa.Connection, pharmacy_id: UUID, medicine_id: UUID, watch: Watch) -> None:
    """A delivery that was none."""
    movement_id = moved("received", 5)(at, pharmacy_id, medicine_id, watch)
    watch.wait(minutes=1)
    reverse_movement(at, pharmacy_id, movement_id, reason="Another's packs.", clock=watch)


@pytest.mark.parametrize(
    ("happens", "has_come"),
    [
        (moved("received", 5), True),
        (undone, False),
        (moved("counted", 9), True),
        (moved("counted", 2), False),
        (moved("adjusted", 2), True),
        (moved("adjusted", -2), False),
        (moved("sold", 1), False),
    ],
    ids=["delivered", "undone", "found", "fewer found", "more", "less", "sold"],
)
def test_packs_that_are_there_have_come(database: sa.Engine, happens, has_come) -> None:
    watch = Watch()
    with database.begin() as at:
        pharmacy_id, medicine_id = a_pharmacy(at), a_medicine(at)
        delivered(at, pharmacy_id, medicine_id, watch, packs=4)
        watch.wait(minutes=1)
        at_risk(at, pharmacy_id, medicine_id, watch)
        watch.wait(minutes=1)
        happens(at, pharmacy_id, medicine_id, watch)
        item = queries.item(at, pharmacy_id, medicine_id, now=watch())
    assert item is not None
    assert item.has_come is has_come
