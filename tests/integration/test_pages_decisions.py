"""The pages of decisions with something on them, as a browser shows them: red requests, results, a rule, a day's visits."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from tests.integration.portal_cast import Cast, a_cast
from tests.integration.shown import NARROW, ZOOMED, Screen, Shown, report
from tests.integration.test_portal_decisions import accepted, at, note, visit_of
from tests.integration.test_portal_visits import asked


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture(scope="module")
def screen(browser: Browser, cast: Cast) -> Iterator[Screen]:
    with Screen(browser, cast.app) as made:
        yield made


def looked_at(screen: Screen, shown: Shown, *words: str) -> None:
    assert shown.is_page, shown.answer.text
    for each in words:
        assert each in shown.answer.text
    problems = screen.problems(shown, sizes=(ZOOMED, NARROW))
    assert not problems, report(problems)


def page(cast: Cast, who: str, address: str) -> Shown:
    return Shown(address, cast.of(who).get(address))


@pytest.mark.long
def test_pages_of_decisions_are_fit_for_every_reader(cast: Cast, screen: Screen) -> None:
    urgent, routine = asked(cast, urgency="urgent"), asked(cast, "ben")
    gone = visit_of(cast, asked(cast))
    cast.of("asha").post(f"/requests/{gone.appointment_id}/cancel")
    at(cast, cast.watch.now + timedelta(minutes=90))
    looked_at(screen, page(cast, "farah", "/admin/requests"), "Too long: decide now")
    looked_at(screen, page(cast, "farah", f"/admin{urgent}"), "has waited for more than 60")
    wrong = cast.of("farah").post("/admin/requests/decide", {"decision": "decline", "note": ""})
    looked_at(screen, Shown("/admin/requests/decide", wrong), "Choose at least one request.")
    chosen = [f"{visit_of(cast, routine).appointment_id}:1", f"{gone.appointment_id}:1"]
    done = cast.of("farah").post(
        "/admin/requests/decide", {"decision": "accept", "note": "", "chosen": chosen}
    )
    looked_at(screen, Shown("/admin/requests/decide", done), "Not done:")
    told = {"of": f"doctor:{cast.ids['ekow']}", "urgency": "soon", "hours": "24"}
    cast.of("farah").post("/admin/rules", told)
    looked_at(screen, page(cast, "farah", "/admin/rules"), "Switch on", "Limits of each hospital")
    wrong = cast.of("farah").post("/admin/rules", {**told, "hours": "soon"})
    looked_at(screen, Shown("/admin/rules", wrong), "whole number from 0 to 4,320")


def test_pages_of_a_visit_and_its_day_are_fit_for_every_reader(cast: Cast, screen: Screen) -> None:
    address, visit = accepted(cast)
    looked_at(screen, page(cast, "asha", address), "You can cancel or move it here until")
    looked_at(screen, page(cast, "farah", f"/admin{address}"), "Call this visit off")
    _other, missing = accepted(cast, "ben")
    at(cast, visit.starts_at - timedelta(minutes=10))
    looked_at(screen, page(cast, "asha", address), "in less than 24 hours")
    day = f"/visits/day?day={visit.starts_at.date()}"
    assert note(cast, visit, "check-in").status_code == 303
    looked_at(screen, page(cast, "ekow", day), "Checked in at")
    at(cast, missing.ends_at)
    looked_at(screen, page(cast, "farah", day), "Took place", "Did not come")
    late = note(cast, visit, "check-in")
    looked_at(screen, Shown(day, late), "noted that the patient is there")
