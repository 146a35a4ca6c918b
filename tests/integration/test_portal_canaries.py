"""Nobody sees what is another's: canaries of every patient and pharmacy, looked for in pages, exports and sockets.

Each search has its control: the same one with the check taken out must find foreign canaries, or it proves nothing.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress

import pytest
import sqlalchemy as sa
from simple_websocket import ConnectionError
from werkzeug.test import TestResponse

from remedy.schema.people import ROLES
from remedy.stock import service as stock
from remedy.values import uuid7
from tests.integration.portal_cast import CANARY, Cast
from tests.integration.routes import ADMINS, OWNERS, PATIENTS, PEOPLE, PHARMACISTS, ROUTES
from tests.integration.serving import served
from tests.integration.test_portal_access import address_of, cast_with_ids, counts
from tests.integration.test_portal_live import Silence, connect
from web_portal import access, live
from web_portal.parts import parts_of

MAY_SEE = {
    "asha": {"asha"},
    "ben": {"ben"},
    # The pharmacy a patient chose sees whose prescription it is, and nobody else's.
    "chitra": {"chitra", "asha"},
    "dev": {"dev", "ben"},
    # What is Chitra's pharmacy's, she and her staff see.
    "gwen": {"chitra", "asha"},
    # Both have asked the doctor for a visit: who comes, and what was handed in for it.
    "ekow": {"asha", "ben"},
    # The admin decides on what patients wrote, and sees who works where and who applies.
    "farah": {"asha", "ben", "chitra", "dev", "zoe"},
}
PRICES = {"corner": ("chitra", 123_457), "elsewhere": ("dev", 765_431)}
"""A price is what a message of a socket holds: one found nowhere else is its pharmacy's canary."""


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    made = cast_with_ids(database_url, database)
    made.app.extensions[live.EXTENSION] = live.Hub(parts_of(made.app), make_tail=Silence)
    return made


@pytest.fixture(scope="module")
def server(cast: Cast) -> Iterator[str]:
    with served(cast.app) as address:
        yield address


def seen_by(cast: Cast, who: str | None, until: set[str] | None = None) -> set[str]:
    """Whose canaries are in any page or export that this person can open by any address of the table.

    A control looks no further once it has found `until`.
    """
    browser, seen = cast.of(who) if who else cast.browser(), set()
    for route in ROUTES:
        if route.method == "GET":
            addresses = {
                route.address.format(slot="2026-03-03T09:00:00%2B00:00", **ids)
                for ids in (cast.ids, swapped(cast))
            }
            for address in addresses:
                answer = browser.get(address)
                seen |= set(CANARY.findall(words_of(answer) + str(answer.headers)))
                if until is not None and until <= seen:
                    return seen
    return seen


def words_of(answer: TestResponse) -> str:
    """What an answer says, a workbook's sheets too; of a picture whatever letters are in it."""
    if not answer.data.startswith(b"PK"):
        return answer.data.decode("utf-8", errors="replace")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as workbook:
        return "".join(workbook.read(name).decode("utf-8") for name in workbook.namelist())


def swapped(cast: Cast) -> dict[str, object]:
    """The same addresses with Ben's things where Asha's were, and Dev's where Chitra's were."""
    pairs = {"asha": "ben", "chitra": "dev"}
    ids = dict(cast.ids)
    for name, public_id in cast.ids.items():
        owner, _, what = name.partition("_")
        if owner in pairs and what and f"{pairs[owner]}_{what}" in ids:
            ids[name] = cast.ids[f"{pairs[owner]}_{what}"]
            ids[f"{pairs[owner]}_{what}"] = public_id
    return ids


@pytest.mark.parametrize("who", PEOPLE)
def test_nobody_reads_what_belongs_to_another(cast: Cast, who: str | None) -> None:
    assert seen_by(cast, who) == MAY_SEE.get(who or "", set())


@pytest.mark.parametrize(
    ("who", "finds"), [("asha", {"ben", "zoe", "chitra"}), ("dev", {"asha", "zoe"})]
)
def test_without_the_check_of_roles_the_search_finds_others(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, who: str, finds: set[str]
) -> None:
    policy_of = access.policy_of

    def admits_all(app: object, endpoint: str) -> access.Policy | None:
        policy = policy_of(app, endpoint)  # type: ignore[arg-type]
        is_session = policy is not None and policy.kind == "session"
        return access.Policy("session", frozenset(ROLES)) if is_session else policy

    monkeypatch.setattr(access, "policy_of", admits_all)
    assert seen_by(cast, who, finds) >= finds


@pytest.mark.parametrize(("who", "finds"), [("ben", "asha"), ("dev", "chitra")])
def test_without_the_check_of_owners_the_search_finds_others(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, who: str, finds: str
) -> None:
    monkeypatch.setattr(access, "patient_id", lambda: cast.ids["asha"])
    monkeypatch.setattr(access, "pharmacy_id", lambda: cast.ids["corner"])
    assert finds in seen_by(cast, who, {finds})


def heard_by(cast: Cast, server: str, who: str | None) -> set[str]:
    """Whose prices are in what a socket tells this person of all that ever happened."""
    try:
        screen = connect(cast, server, who, after=0)
    except ConnectionError:
        return set()
    told = ""
    with suppress(TimeoutError):
        while message := screen.receive(timeout=60):
            told += message
            if json.loads(message)["rows"]:
                break
    screen.end()
    # However an amount is written: with a point or a comma between thousands, or none.
    digits = "".join(c for c in told if c.isalnum() or c in '"{}[]:')
    return {owner for owner, minor in PRICES.values() if str(minor) in digits}


@pytest.fixture(scope="module")
def priced(cast: Cast) -> None:
    with cast.engine.begin() as connection:
        for pharmacy, (_, minor) in PRICES.items():
            stock.set_price(
                connection, cast.ids[pharmacy], cast.ids["calmadol"], minor, "EUR", clock=cast.watch
            )


@pytest.mark.usefixtures("priced")
@pytest.mark.parametrize("who", PEOPLE)
def test_a_socket_tells_a_pharmacist_of_their_own_pharmacy_and_others_nothing(
    cast: Cast, server: str, who: str | None
) -> None:
    assert heard_by(cast, server, who) == (
        {"chitra" if who == "gwen" else who} if who in PHARMACISTS else set()
    )


@pytest.mark.usefixtures("priced")
def test_without_the_check_a_socket_tells_of_another_pharmacy(
    cast: Cast, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "pharmacy_id", lambda: cast.ids["corner"])
    assert heard_by(cast, server, "dev") == {"chitra"}


POSTED = tuple(route for route in ROUTES if route.method == "POST")


def sender(may: set[str | None]) -> str | None:
    """Somebody whom the route admits."""
    for people in (PATIENTS, PHARMACISTS, OWNERS, ADMINS):
        if people <= may:
            return min(people)
    return None


@pytest.mark.parametrize("route", POSTED, ids=lambda route: route.endpoint)
def test_no_form_is_taken_without_its_own_sessions_token(cast: Cast, route: object) -> None:
    who = sender(route.may)  # type: ignore[attr-defined]
    browser = cast.of(who) if who else cast.browser()
    before, foreign = counts(cast), cast.of("ekow").token()
    for token in ("", "forged", foreign):
        told = {"csrf_token": token, "nonce": str(uuid7())}
        assert browser.post(address_of(cast, route), told).status_code == 400  # type: ignore[arg-type]
    assert counts(cast) == before


@pytest.mark.parametrize("who", ["asha", "chitra", "farah"])
def test_an_address_that_changes_something_does_nothing_when_it_is_read(
    cast: Cast, who: str
) -> None:
    before = counts(cast)
    for route in POSTED:
        cast.of(who).get(address_of(cast, route))
    assert counts(cast) == before
