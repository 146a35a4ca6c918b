"""Who collected a medicine on two different days, by the clock of the pharmacy."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from remedy.notices.takers import takers
from remedy.schema import pharmacy as tables
from remedy.stock.locks import place_of
from tests.factories import Watch, a_medicine, a_pharmacy, a_vault, row_of
from tests.integration.notice_scene import a_taker, collected, delivered


@pytest.mark.parametrize(
    ("times", "is_two_days"),
    [
        # Half past four and half past six in the morning there.
        ((datetime(2026, 2, 10, 23, tzinfo=UTC), datetime(2026, 2, 11, 1, tzinfo=UTC)), False),
        # Six in the morning, and half past one in the next night.
        ((datetime(2026, 2, 11, 0, 30, tzinfo=UTC), datetime(2026, 2, 11, 20, tzinfo=UTC)), True),
    ],
)
def test_two_days_are_days_of_the_pharmacy(database: sa.Engine, times, is_two_days) -> None:
    watch = Watch()
    with database.begin() as at:
        pharmacy_id, medicine_id = a_pharmacy(at, time_zone="Asia/Kolkata"), a_medicine(at)
        delivered(at, pharmacy_id, medicine_id, watch)
        patient_id = a_taker(at, a_vault(watch), pharmacy_id, medicine_id, watch, repeats=0)
        for moment in times:
            collected(at, patient_id, pharmacy_id, medicine_id, moment)
        medicine_row = row_of(at, tables.medicine, medicine_id)
        query = takers(place_of(at, pharmacy_id), [medicine_row], now=watch())
        found = [row.patient_id for row in at.execute(query)]
    assert found == ([patient_id] if is_two_days else [])
