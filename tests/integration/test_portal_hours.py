"""A pharmacy's opening hours: kept by its pharmacist, read by its patients."""

import html
import re

import pytest
import sqlalchemy as sa

from tests.integration.portal_cast import Cast, a_cast

WEEK = {
    "opens_0_1": "08:30", "closes_0_1": "13:00", "opens_0_2": "15:00", "closes_0_2": "19:30",
    "opens_5_1": "09:00", "closes_5_1": "00:30",
}  # fmt: skip


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


def shown(cast: Cast, who: str = "chitra") -> dict[str, str]:
    page = cast.of(who).get("/pharmacy/hours").text
    fields = re.findall(r'name="((?:opens|closes)_\d_\d)" type="text"[^>]* value="([^"]*)"', page)
    assert len(fields) == 28
    return {name: value for name, value in fields if value}


def test_hours_are_kept_and_patients_read_them(cast: Cast) -> None:
    answer = cast.of("chitra").post("/pharmacy/hours", WEEK)
    assert answer.headers["Location"] == "/pharmacy/hours?done=saved"
    assert shown(cast) == WEEK
    page = html.unescape(cast.browser().get(f"/pharmacies/{cast.ids['corner']}").text)
    assert "08:30–13:00, 15:00–19:30" in page
    assert "09:00–00:30" in page


def test_a_time_may_be_written_with_a_point(cast: Cast) -> None:
    cast.of("chitra").post("/pharmacy/hours", {**WEEK, "opens_6_1": "8.15", "closes_6_1": "9:45"})
    assert (shown(cast)["opens_6_1"], shown(cast)["closes_6_1"]) == ("08:15", "09:45")


def test_another_pharmacys_hours_are_not_touched(cast: Cast) -> None:
    before = shown(cast, "dev")
    cast.of("chitra").post("/pharmacy/hours", WEEK)
    assert shown(cast, "dev") == before


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"opens_1_1": "08:00"}, "Enter both times, or neither."),
        ({"closes_1_2": "08:00"}, "Enter both times, or neither."),
        ({"opens_1_1": "8 o'clock", "closes_1_1": "12:00"}, "Write the time like 08:30."),
        (
            {
                "opens_1_1": "08:00",
                "closes_1_1": "12:00",
                "opens_1_2": "11:00",
                "closes_1_2": "18:00",
            },
            "The second opening begins after the first has ended.",
        ),
        (
            {
                "opens_1_1": "20:00",
                "closes_1_1": "02:00",
                "opens_1_2": "21:00",
                "closes_1_2": "23:00",
            },
            "The second opening begins after the first has ended.",
        ),
    ],
)
def test_hours_that_make_no_sense_are_said_at_their_field_and_nothing_changes(
    cast: Cast, told: dict[str, str], said: str
) -> None:
    cast.of("chitra").post("/pharmacy/hours", WEEK)
    answer = cast.of("chitra").post("/pharmacy/hours", {**WEEK, **told})
    assert answer.status_code == 422
    page = html.unescape(answer.text)
    assert "There is a problem" in page
    assert said in page
    for name, value in told.items():
        assert re.search(rf'name="{name}" type="text"[^>]* value="{value}"', page)
    assert shown(cast) == WEEK


def test_a_week_without_hours_is_hours_not_known(cast: Cast) -> None:
    cast.of("chitra").post("/pharmacy/hours", {})
    assert shown(cast) == {}
    assert "hours are not known yet" in cast.of("chitra").get("/pharmacy/hours").text
    assert "hours are not known" in cast.browser().get(f"/pharmacies/{cast.ids['corner']}").text


def test_packs_asked_for_before_it_opens_wait_until_it_has_been_open_long_enough(
    cast: Cast,
) -> None:
    # It is Monday, 9:00 at the pharmacy.
    cast.of("chitra").post(
        "/pharmacy/hours",
        {"opens_0_1": "10:00", "closes_0_1": "11:30", "opens_0_2": "15:00", "closes_0_2": "19:30"},
    )
    told = {"pharmacy_id": str(cast.ids["corner"]), "packs": "1"}
    answer = cast.of("asha").post(f"/medicines/{cast.ids['calmadol']}/holds", told)
    page = cast.of("asha").get(answer.headers["Location"]).text
    assert "Set aside until Mon 2 Mar 2026, 15:30 (CET)" in page
