"""Two admins at once, many times: one request accepted and declined, two requests given one free time.

Each round one wins and the other reads who did what; by the core and through the portal's own pages. Twenty rounds of
each; the long tests make two hundred. The controls show that the compare-and-swap and the key of the cells do it.
"""

import html
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import time
from itertools import count
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.appointments import moves, queries, service
from remedy.appointments.model import AlreadyDecided, Slot, Visit
from remedy.gateways.mysql import in_transaction
from remedy.schema.hospital import appointment
from remedy.schema.people import account, outbox
from tests.factories import a_doctor, an_admin
from tests.integration.clinic import cells_without_their_key
from tests.integration.portal_cast import Cast, a_cast
from web_portal.parts import parts_of

QUICK, LONG = 20, 200
# Few times a day and many days: every request looks at the whole of its day.
EVERY_DAY = tuple((weekday, time(8), time(11)) for weekday in range(7))


@dataclass
class Desk:
    """Two admins, Farah and Gita, a doctor with much time, and what they do by core or by page."""

    cast: Cast
    slots: Iterator[Slot]
    names: tuple[str, str] = ("Farah", "Gita")

    def ask(self, who: str, slot: Slot) -> Visit:
        here = parts_of(self.cast.app)
        return here.change(
            lambda c: service.request_visit(
                c, here.vault, doctor_id=slot.doctor_id, patient_id=self.cast.ids[who],
                starts_at=slot.starts_at, urgency="routine", symptoms="a cough", clock=here.clock,
            )
        )  # fmt: skip

    def at_once(self, works: list[Callable[[], str]]) -> list[str]:
        """What each of those who start together reads; empty for who won."""
        together = threading.Barrier(len(works))

        def one(work: Callable[[], str]) -> str:
            together.wait()
            return work()

        with ThreadPoolExecutor(len(works)) as pool:
            return list(pool.map(one, works))

    def by_page(self, admin: int, visit: Visit, **told: str) -> Callable[[], str]:
        browser = self.cast.of(self.names[admin].lower())
        # Before they start together: the token of a form is read from a page.
        browser.token()

        def work() -> str:
            form: dict[str, object] = {"note": "", "version": str(visit.version), **told}
            answer = browser.post(f"/admin/requests/{visit.appointment_id}", form)
            assert answer.status_code in {303, 409}, answer.text
            return "" if answer.status_code == 303 else html.unescape(answer.text)

        return work

    def by_core(
        self, admin: int, change: Callable[[sa.Connection, UUID], object]
    ) -> Callable[[], str]:
        account_id = self.cast.ids[f"{self.names[admin].lower()}_account"]

        def work() -> str:
            try:
                in_transaction(self.cast.engine, lambda c: change(c, account_id))
            except AlreadyDecided as lost:
                return str(lost)
            return ""

        return work

    def decide(self, admin: int, visit: Visit, *, accept: bool, by_page: bool) -> Callable[[], str]:
        if by_page:
            told = {"decision": "accept"} if accept else {"decision": "decline", "note": "Closed"}
            return self.by_page(admin, visit, **told)
        here = parts_of(self.cast.app)
        return self.by_core(
            admin,
            lambda c, by: service.decide(
                c, here.vault, visit.appointment_id, accept=accept, note="", decided_by=by,
                version=visit.version, clock=here.clock,
            ),
        )  # fmt: skip

    def propose(self, admin: int, visit: Visit, slot: Slot, *, by_page: bool) -> Callable[[], str]:
        if by_page:
            told = {"decision": "propose", "other_time": slot.starts_at.isoformat()}
            return self.by_page(admin, visit, **told)
        here = parts_of(self.cast.app)
        return self.by_core(
            admin,
            lambda c, by: moves.propose(
                c, here.vault, visit.appointment_id, starts_at=slot.starts_at, note="",
                decided_by=by, version=visit.version, clock=here.clock,
            ),
        )  # fmt: skip

    def now(self, visit: Visit) -> Visit:
        with self.cast.engine.connect() as c:
            found = queries.visit(c, visit.appointment_id)
        assert found is not None
        return found

    def events_of(self, visit: Visit) -> int:
        with self.cast.engine.connect() as c:
            told = outbox.c.payload.contains(str(visit.appointment_id))
            return c.execute(sa.select(sa.func.count()).where(told)).scalar_one()


@pytest.fixture(scope="module")
def desk(database_url: str, database: sa.Engine) -> Desk:
    cast = a_cast(database_url, database)
    with database.begin() as c:
        busy = a_doctor(c, hours=EVERY_DAY, visit_minutes=5, name="Dr Ito")
        cast.ids["gita_account"] = an_admin(c, name="Gita")
        query = sa.select(account.c.staff_email).where(account.c.staff_name == "Gita")
        cast.emails["gita"] = c.execute(query).scalar_one()
        # The times at which Asha or Ben are with Dr Ekow already are no times for them.
        theirs = [visit for who in ("asha", "ben") for visit in queries.visits_of(c, cast.ids[who])]
        slots = [
            slot
            for slot in queries.free_slots(
                c, busy, first_day=cast.watch().date(), days=40, now=cast.watch()
            )
            if not any(v.starts_at < slot.ends_at and slot.starts_at < v.ends_at for v in theirs)
        ]
    assert len(slots) > 5 * LONG
    return Desk(cast, iter(slots))


def accept_and_decline(desk: Desk, rounds: int, pages_every: int) -> None:
    wins = [0, 0]
    for number in range(rounds):
        visit, by_page = desk.ask("asha", next(desk.slots)), number % pages_every == 0
        read = desk.at_once(
            [desk.decide(n, visit, accept=(n + number) % 2 == 0, by_page=by_page) for n in (0, 1)]
        )
        assert read.count("") == 1, read
        winner = read.index("")
        wins[winner] += 1
        did = "accepted" if (winner + number) % 2 == 0 else "declined"
        assert f"{desk.names[winner]} {did} this request" in read[1 - winner]
        stands = desk.now(visit)
        assert (stands.state, stands.version) == (did, 2)
        assert stands.decided_by == desk.cast.ids[f"{desk.names[winner].lower()}_account"]
    assert sum(wins) == rounds


def give_one_time(desk: Desk, rounds: int, pages_every: int) -> None:
    for number in range(rounds):
        by_page = number % pages_every == 0
        first, second, goal = (next(desk.slots) for _ in range(3))
        visits = [desk.ask("asha", first), desk.ask("ben", second)]
        read = desk.at_once([desk.propose(n, visits[n], goal, by_page=by_page) for n in (0, 1)])
        assert read.count("") == 1, read
        winner = read.index("")
        assert f"{desk.names[winner]} gave that time to another request" in read[1 - winner]
        won, lost = desk.now(visits[winner]), desk.now(visits[1 - winner])
        assert (won.state, won.starts_at) == ("proposed", goal.starts_at)
        assert (lost.state, lost.version) == ("requested", 1)
        assert lost.starts_at == visits[1 - winner].starts_at


def test_of_two_admins_who_accept_and_decline_one_wins_and_the_other_reads_it(desk: Desk) -> None:
    accept_and_decline(desk, QUICK, 2)


def test_of_two_admins_who_give_one_time_to_two_requests_one_wins(desk: Desk) -> None:
    give_one_time(desk, QUICK, 2)


@pytest.mark.long
def test_two_admins_two_hundred_times(desk: Desk) -> None:
    accept_and_decline(desk, LONG, 8)
    give_one_time(desk, LONG, 8)


def test_a_decision_is_told_once(desk: Desk) -> None:
    visit = desk.ask("asha", next(desk.slots))
    desk.at_once([desk.decide(n, visit, accept=n == 0, by_page=False) for n in (0, 1)])
    assert desk.events_of(visit) == 2


def test_control_without_the_compare_and_swap_both_admins_win(desk: Desk) -> None:
    """Looks at the state first and writes afterwards, as a careless program would."""
    visit = desk.ask("asha", next(desk.slots))
    looked = threading.Barrier(2)
    numbers = count()

    def careless() -> str:
        with desk.cast.engine.begin() as c:
            row = appointment.c.public_id == visit.appointment_id
            state = c.execute(sa.select(appointment.c.state).where(row)).scalar_one()
            looked.wait()
            if state != "requested":
                return "somebody did"
            to = ("accepted", "declined")[next(numbers) % 2]
            c.execute(sa.update(appointment).where(row).values(state=to))
            return ""

    assert desk.at_once([careless, careless]) == ["", ""]


def test_control_without_the_key_of_the_cells_one_time_goes_to_two(desk: Desk) -> None:
    first, second, goal = (next(desk.slots) for _ in range(3))
    visits = [desk.ask("asha", first), desk.ask("ben", second)]
    with cells_without_their_key(desk.cast.engine):
        read = desk.at_once([desk.propose(n, visits[n], goal, by_page=False) for n in (0, 1)])
    assert read == ["", ""]
