"""Every page with the longest words people and places may have: nothing is cut off, nothing reaches over the edge."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from remedy.appointments import queries, service
from remedy.appointments.model import SYMPTOMS_AT_MOST
from tests.integration import portal_cast
from tests.integration.portal_cast import Cast
from tests.integration.routes import PATIENTS, Route
from tests.integration.shown import Screen, of_method, report, shown_to, who_may
from tests.integration.test_portal_access import cast_with_ids
from web_portal import parts

WORDS = "Unkürzbarlangerdosierungsanweisungsname " + "W" * 50 + " 👩‍⚕️ شارع الميناء 12 <b>&amp;</b> "
NAMES = (
    ("medicine", "brand_name"), ("medicine", "generic_name"), ("medicine", "pack"),
    ("pharmacy", "name"), ("pharmacy", "address"), ("doctor", "name"),
    ("hospital", "name"), ("hospital", "address"), ("account", "staff_name"),
)  # fmt: skip
NAME_LETTERS = 100


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    short = portal_cast.canary

    def long_canary(owner: str) -> str:
        # What patients write; the others' canaries are keys.
        return f"{short(owner)} {WORDS}"[:NAME_LETTERS] if owner in PATIENTS else short(owner)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portal_cast, "canary", long_canary)
        made = cast_with_ids(database_url, database)
    with database.begin() as connection:
        for table, column in NAMES:
            _fill(connection, table, column)
        _write_at_length(connection, made)
    return made


def _fill(connection: sa.Connection, table: str, column: str) -> None:
    """Fill a column of names to its brim, each name different."""
    room = connection.execute(
        sa.text(
            "SELECT CHARACTER_MAXIMUM_LENGTH FROM information_schema.COLUMNS WHERE"
            " TABLE_SCHEMA = DATABASE() AND TABLE_NAME = :t AND COLUMN_NAME = :c"
        ),
        {"t": table, "c": column},
    ).scalar_one()
    connection.execute(
        sa.text(
            f"UPDATE {table} SET {column} = CONCAT(:text, id) WHERE {column} IS NOT NULL AND {column} <> ''"
        ),
        {"text": (WORDS * 5)[: min(room, 250) - 4]},
    )


def _write_at_length(connection: sa.Connection, made: Cast) -> None:
    """Asha asks once more, in as many words as she may."""
    slots = queries.free_slots(
        connection, made.ids["ekow"], first_day=made.watch().date() + timedelta(days=1), days=7,
        now=made.watch(),
    )  # fmt: skip
    visit = service.request_visit(
        connection, parts.parts_of(made.app).vault, doctor_id=made.ids["ekow"],
        patient_id=made.ids["asha"], starts_at=slots[-1].starts_at, urgency="urgent",
        symptoms=(WORDS * 40)[:SYMPTOMS_AT_MOST], clock=made.watch,
    )  # fmt: skip
    made.ids["asha_visit"] = visit.appointment_id


@pytest.fixture(scope="module")
def screen(browser: Browser, cast: Cast) -> Iterator[Screen]:
    with Screen(browser, cast.app) as made:
        yield made


@pytest.mark.long
@pytest.mark.parametrize("route", of_method("GET"))
def test_the_longest_words_stay_inside(cast: Cast, screen: Screen, route: Route) -> None:
    for who in who_may(route)[:1]:
        shown = shown_to(cast, route, who)
        if shown.is_page:
            problems = screen.problems(shown)
            assert not problems, report(problems)
