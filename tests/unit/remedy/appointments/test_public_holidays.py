"""Public holidays come by country and year, in the words of that country."""

from datetime import date

import pytest

from remedy.appointments.model import Refused
from remedy.appointments.public_holidays import countries, public_holidays


def test_a_countrys_holidays_of_a_year_have_its_own_names() -> None:
    found = public_holidays("IT", 2026)
    assert found[date(2026, 4, 25)] == "Anniversario della Liberazione"
    assert found[date(2026, 4, 6)] == "Lunedì dell'Angelo"
    assert {day.year for day in found} == {2026}
    assert "FR" in countries()


@pytest.mark.parametrize(
    ("country", "year"), [("XX", 2026), ("", 2026), ("IT", 1999), ("IT", 9999)]
)
def test_what_nobody_knows_is_refused(country: str, year: int) -> None:
    with pytest.raises(Refused):
        public_holidays(country, year)
