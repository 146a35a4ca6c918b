"""What a patient can trust in a search: slips, places, hours, licences, alternatives, and being told when it is back."""

import re
from datetime import time, timedelta

import pytest
import sqlalchemy as sa

from remedy.catalogue import watches as watched
from remedy.catalogue.hours import Hours
from remedy.catalogue.service import add_medicine, set_hours
from remedy.messages.service import NotSent
from remedy.pipeline import overdue
from remedy.stock import service as stock
from remedy.stock.model import Line
from tests.factories import a_pharmacy
from tests.integration.portal_cast import Cast, a_cast, mails
from web_portal import postman

TYPING = {"HX-Request": "true", "HX-Target": "results"}


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    made = a_cast(database_url, database)
    with database.begin() as connection:
        hours = [Hours(day, time(8, 30), time(19, 30)) for day in range(6)]
        set_hours(connection, made.ids["corner"], hours)
        told = {"generic_name": "gonenol", "strength": "10 mg", "form": "tablet"}
        for name in ("Alphagon", "Betagon"):
            made.ids[name] = add_medicine(connection, brand_name=name, **told)
        made.ids["hidden"] = a_pharmacy(connection, name="Hidden", verified_at=None)
    receive(made, "corner", "Betagon", 3000)
    return made


def receive(cast: Cast, pharmacy: str, medicine: str, milli: int, kind: str = "received") -> None:
    line = Line(kind, cast.ids[medicine], milli, cast.watch())  # type: ignore[arg-type]
    with cast.engine.begin() as connection:
        stock.record_movement(connection, cast.ids[pharmacy], line, clock=cast.watch)


def searches(cast: Cast) -> int:
    return len(cast.told("medicine-searches"))


def test_a_slip_is_forgiven_and_said(cast: Cast) -> None:
    before = searches(cast)
    page = cast.browser().get("/?q=calmadlo").text
    assert "No medicine is called “calmadlo”" in page
    assert "compare every letter" in page
    assert f"/medicines/{cast.ids['calmadol']}" in page
    # Something was found: what was meant is counted when it is looked at.
    assert searches(cast) == before
    assert cast.announced == []


def test_results_come_while_one_types_and_count_nothing(cast: Cast) -> None:
    before = searches(cast)
    answer = cast.browser().get("/?q=calm", headers=TYPING)
    assert "<html" not in answer.text
    assert "<h1" not in answer.text
    assert f"/medicines/{cast.ids['calmadol']}" in answer.text
    assert re.search(r'id="found" hx-swap-oob="innerHTML">1 medicine', answer.text)
    assert {"HX-Request", "HX-Target"} <= set(answer.headers["Vary"].split(", "))
    cast.browser().get("/?q=nothingwhatsoever", headers=TYPING)
    assert searches(cast) == before
    assert cast.announced == []


def test_what_stands_typed_and_is_not_found_is_counted_once_it_has_settled(cast: Cast) -> None:
    before = searches(cast)
    part = cast.browser().get("/?q=nosuchine", headers=TYPING).text
    (address,) = re.findall(r'hx-get="([^"]+settled[^"]+)" hx-trigger="load delay', part)
    answer = cast.browser().get(address.replace("&amp;", "&"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (204, "")
    assert searches(cast) == before + 1


@pytest.mark.parametrize("place", ["Hills", "hills", "hil", "hlils"])
def test_a_place_may_be_typed(cast: Cast, place: str) -> None:
    cast.announced.clear()
    page = cast.browser().get(f"/medicines/{cast.ids['calmadol']}?district={place}").text
    assert page.index("Elsewhere Pharmacy") < page.index("Corner Pharmacy")
    assert cast.announced[0].body["district"] == "Hills"
    cast.announced.clear()


def test_a_place_nobody_knows_is_said_and_kept_nowhere(cast: Cast) -> None:
    cast.announced.clear()
    page = cast.browser().get(f"/medicines/{cast.ids['calmadol']}?district=12 Secret Row").text
    assert "We know no place called “12 Secret Row”" in page
    assert "km away" not in page
    assert cast.announced[0].body["district"] is None
    cast.announced.clear()


def test_a_pharmacy_says_its_hours_licence_telephone_and_the_way(cast: Cast) -> None:
    page = cast.browser().get(f"/medicines/{cast.ids['calmadol']}?district=Harbour").text
    assert "Open now, until 19:30" in page
    assert "Opening hours are not known: call before you go" in page
    assert 'href="tel:+39065550101"' in page
    assert "verified on Saturday 22 November 2025" in page
    assert "https://www.openstreetmap.org/directions?route=%3B41.90000%2C12.50000" in page
    assert f"/pharmacies/{cast.ids['corner']}" in page


def test_an_old_figure_warns(cast: Cast) -> None:
    address = f"/medicines/{cast.ids['calmadol']}"
    assert "call before you go." not in cast.browser().get(address).text
    cast.watch.wait(minutes=16)
    page = cast.browser().get(address).text
    cast.watch.wait(minutes=-16)
    assert "Stock last changed 16 minutes ago: call before you go." in page


def test_a_figure_that_was_oversold_is_not_told_as_one(cast: Cast) -> None:
    receive(cast, "elsewhere", "Betagon", 1000, "sold")
    page = cast.browser().get(f"/medicines/{cast.ids['Betagon']}").text
    assert "Ask the pharmacy" in page
    assert "Low (3)" in page
    assert "1 pharmacy has it now." in page


def test_a_pharmacys_page_says_where_when_and_what(cast: Cast) -> None:
    page = cast.browser().get(f"/pharmacies/{cast.ids['corner']}").text
    for words in (
        "1 Mill Lane, Harbour", "+39 06 5550 101", "LIC-", "Open now, until 19:30", "08:30–19:30",
        "Sunday", "closed", "Calmadol (paracetamol), 500 mg", "4.50 EUR", "In stock (18)",
        "Betagon (gonenol)", "Low (3)",
    ):  # fmt: skip
        assert words in page, words
    assert cast.browser().get(f"/pharmacies/{cast.ids['hidden']}").status_code == 404
    assert (
        "no more medicines" in cast.browser().get(f"/pharmacies/{cast.ids['corner']}?page=7").text
    )


def test_what_nobody_has_shows_what_is_the_same_and_who_has_it(cast: Cast) -> None:
    page = cast.browser().get(f"/medicines/{cast.ids['Alphagon']}?district=Harbour").text
    assert "The same ingredient, strength and form" in page
    instead = page.split('id="instead"')[1]
    assert "Betagon (gonenol), 10 mg, tablet" in instead
    assert "Corner Pharmacy" in instead
    assert "0.0 km away" in instead
    assert "Sign in to be told when it is back" in page
    other = cast.browser().get(f"/medicines/{cast.ids['Betagon']}").text
    assert "The same ingredient" not in other


def look(cast: Cast) -> list[tuple[str, str, str]]:
    """What is posted of what is back when it is looked for now."""
    overdue.look(cast.engine, clock=cast.watch)
    return [mail for mail in mails(cast) if mail[1] == "What you wait for is back"]


def test_a_patient_is_told_once_when_it_is_back(cast: Cast) -> None:
    asha, address = cast.of("asha"), f"/medicines/{cast.ids['rare']}"
    assert "Tell me when it is back" in asha.get(address).text
    answer = asha.post(f"{address}/watch")
    assert answer.headers["Location"] == "/watches?done=watching"
    assert "Unobtan (raresine)" in asha.get("/watches?done=watching").text
    assert "Tell me when it is back" not in asha.get(address).text
    assert "Unobtan" not in cast.of("ben").get("/watches").text
    assert look(cast) == []
    receive(cast, "elsewhere", "rare", 2000)
    ((to, subject, text),) = look(cast)
    assert (to, subject) == ("asha@town.example", "What you wait for is back")
    assert "http://localhost/watches" in text
    assert "Unobtan" not in subject + text
    assert look(cast) == []
    page = asha.get("/watches").text
    assert "A pharmacy has it now" in page
    assert "We wrote to you just now." in page
    answer = asha.post(f"{address}/watch/end")
    assert answer.headers["Location"] == "/watches?done=unwatched"
    assert "You wait for nothing" in asha.get("/watches").text


def test_who_could_not_be_told_is_told_later(cast: Cast) -> None:
    man, kept = postman.of(cast.app), postman.of(cast.app).hand_over

    def refuse(*_: str) -> None:
        raise NotSent("The mail server did not take the mail (test).")

    cast.of("ben").post(f"/medicines/{cast.ids['Betagon']}/watch")
    man.hand_over = refuse
    assert look(cast) == []
    man.hand_over = kept
    cast.watch.wait(seconds=60)
    assert [to for to, *_ in look(cast)] == ["ben@town.example"]


def test_of_two_who_look_at_once_one_writes(cast: Cast) -> None:
    posted: list[str] = []
    mails(cast)
    cast.of("ben").post(f"/medicines/{cast.ids['Betagon']}/watch")
    for _ in range(2):
        overdue.look(cast.engine, clock=cast.watch)
    second = postman.Postman(cast.app, lambda to, *_: posted.append(f"second {to}"))

    def slowly(to: str, *_: str) -> None:
        # While the first hands over, the second comes to look.
        assert second.look() == 0
        posted.append(to)

    assert postman.Postman(cast.app, slowly).look() == 1
    assert posted == ["ben@town.example"]


def test_nobody_waits_for_a_medicine_there_is_not(cast: Cast) -> None:
    assert cast.of("asha").post(f"/medicines/{cast.ids['asha']}/watch").status_code == 404


@pytest.mark.parametrize(
    ("column", "days"), [("asked_at", watched.KEPT.days), ("told_at", watched.KEPT_TOLD.days)]
)
def test_who_waited_for_what_is_forgotten(cast: Cast, column: str, days: int) -> None:
    cast.of("ben").post(f"/medicines/{cast.ids['Betagon']}/watch")

    def then(days: float) -> None:
        with cast.engine.begin() as connection:
            when = (cast.watch() - timedelta(days=days)).replace(tzinfo=None)
            connection.execute(sa.text(f"UPDATE medicine_watch SET {column} = :w"), {"w": when})

    then(days - 0.1)
    look(cast)
    assert len(cast.rows("SELECT 1 FROM medicine_watch")) == 1
    then(days)
    assert (look(cast), cast.rows("SELECT 1 FROM medicine_watch")) == ([], [])
