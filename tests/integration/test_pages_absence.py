"""The pages of absences and of the waiting list with something on them, as a browser shows them."""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from remedy.appointments import absence
from remedy.pipeline import overdue
from remedy.values import instant_of
from tests.integration.portal_cast import Cast, a_cast
from tests.integration.shown import Screen, Shown
from tests.integration.test_pages_decisions import looked_at, page
from tests.integration.test_portal_absence import (
    a_visit,
    ben_looks_at,
    offered,
    told,
    wait_for,
)
from web_portal.absence import settling


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture(scope="module")
def screen(browser: Browser, cast: Cast) -> Iterator[Screen]:
    with Screen(browser, cast.app) as made:
        yield made


@pytest.mark.long
def test_every_state_of_an_absence_is_fit_for_every_reader(
    cast: Cast, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    farah = cast.of("farah")
    looked_at(screen, page(cast, "farah", "/absences"), "No absence is declared.")
    wrong = farah.post("/absences", told(cast, last_day="2026-03-01"))
    looked_at(screen, Shown("/absences", wrong), "cannot be before its first day")
    nobody = farah.post("/absences", told(cast))
    looked_at(screen, Shown("/absences", nobody), "Nobody has a visit in that time")
    mine, bens = a_visit(cast), a_visit(cast, "ben", 1, urgency="urgent")
    check = farah.post("/absences", told(cast))
    looked_at(screen, Shown("/absences", check), "Who is affected", "Booked visits")

    def failing(*_told: object, **_named: object) -> None:
        raise LookupError

    with monkeypatch.context() as patch:
        patch.setattr(absence, "settle", failing)
        address = farah.post("/absences/declare", told(cast)).headers["Location"]
    looked_at(screen, page(cast, "farah", address), "2 patients could not be told yet")
    looked_at(screen, page(cast, "ekow", address), "2 patients could not be told yet")
    assert settling.of(cast.app).look() == 2
    looked_at(screen, page(cast, "farah", address), "2 of 2 patients told", "Back earlier?")
    looked_at(screen, page(cast, "asha", mine), "The doctor is absent", "Accept this time")
    twice = farah.post("/absences/declare", told(cast))
    looked_at(screen, Shown("/absences/declare", twice), "declared already")
    # The doctor is back: the notice, the page without the button, and who presses it once more.
    ended = farah.post(f"{address}/end")
    assert ended.status_code == 303
    looked_at(screen, page(cast, "farah", ended.headers["Location"]), "The doctor is back.")
    looked_at(screen, page(cast, "ekow", address), "It was called off before it began")
    late = farah.post(f"{address}/end")
    looked_at(screen, Shown(f"{address}/end", late), "That leave is over")
    looked_at(screen, page(cast, "farah", "/absences"), "2 of 2 patients told")
    # Ben does not answer in time; by then his session is over too.
    before = cast.watch.now
    query = "SELECT MAX(lapses_at) AS at FROM appointment WHERE state = 'proposed'"
    cast.watch.now = instant_of(f"{cast.rows(query)[0].at}+00:00")
    overdue.look(cast.engine, clock=cast.watch)
    ben = cast.browser()
    ben.sign_in(cast.emails["ben"])
    looked_at(screen, Shown(bens, ben.get(bens)), "was not answered", "You are on the waiting list")
    cast.watch.now = before


@pytest.mark.long
def test_every_state_of_the_waiting_list_is_fit_for_every_reader(
    cast: Cast, screen: Screen
) -> None:
    with cast.engine.begin() as connection:
        for table in ("waiting_offer", "waiting_entry"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    looked_at(screen, page(cast, "farah", "/admin/waiting"), "Nobody is on the waiting list.")
    looked_at(screen, page(cast, "asha", f"/waiting/new/{cast.ids['ekow']}"), "Put me on the list")
    wait_for(cast, "asha", urgency="urgent", until_day="2026-04-10")
    wait_for(cast, "ben", whose="anybody", until_day="2026-04-10")
    overdue.look(cast.engine, clock=cast.watch)
    (first, *_) = offered(cast, "asha")
    looked_at(screen, page(cast, "asha", "/waiting"), "Claim this time")
    (starts_at,) = cast.rows("SELECT MIN(starts_at) AS at FROM waiting_offer")[0]
    ben_looks_at(cast, starts_at)
    held = cast.of("asha").post(first, {"answer": "claim"})
    looked_at(screen, Shown(first, held), "Somebody is looking at that time")
    looked_at(screen, page(cast, "farah", "/admin/waiting"), "Any doctor", "no answer yet")
    looked_at(screen, page(cast, "farah", "/admin/waiting?urgency=soon"), "Any doctor")
    looked_at(screen, page(cast, "farah", "/admin/waiting?speciality=x"), "like that")
    looked_at(screen, page(cast, "ekow", "/admin/waiting"), "Dr Ekow")
    listed = cast.of("farah").get("/admin/waiting?urgency=urgent").text
    (address,) = re.findall(r'href="(/admin/waiting/[0-9a-f-]+)"', listed)
    looked_at(screen, page(cast, "farah", address), "Take this patient off the list")
    wrong = cast.of("farah").post(f"{address}/remove", {"note": ""})
    looked_at(screen, Shown(f"{address}/remove", wrong), "Tell the patient why")
    cast.of("farah").post(f"{address}/remove", {"note": "Dr Ekow moves to another town."})
    looked_at(screen, page(cast, "farah", "/admin/waiting?changed=removed"), "is off the list")
    looked_at(screen, page(cast, "farah", address), "does not wait there any more")
    looked_at(screen, page(cast, "asha", "/waiting"), "moves to another town")
