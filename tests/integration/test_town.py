"""The town on a real database: whole, the same when built again, whole after an interruption."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa

from remedy.accounts import service as accounts
from remedy.appointments import queries
from remedy.gateways.mysql import in_transaction
from remedy.schema.base import metadata
from remedy.schema.hospital import appointment
from remedy.schema.orders import pharmacy_order, pharmacy_order_line
from remedy.schema.people import outbox, patient
from remedy.schema.pharmacy import medicine, stock_item, stock_lot, stock_movement
from remedy.schema.prescriptions import prescription
from remedy.settings import Settings
from remedy.town import builder, cast
from remedy.town.demand import life
from remedy.town.hands import SOURCE
from remedy.town.living import Life, run
from remedy.town.people import SignIn, sign_ins
from remedy.values import day_bounds
from tests import factories
from tests.factories import A_MONDAY, MASTER_KEY, SECRET_KEY, Watch

pytestmark = pytest.mark.integration

TINY = replace(cast.SMALL, days=6, lively_days=6)
DAYS = TINY.days
ROME = "Europe/Rome"


def build(database: sa.Engine, watch: Watch, **differs: Any) -> list[SignIn]:
    told = {"environment": "local", "secret_key": SECRET_KEY, "master_key": MASTER_KEY}
    settings = Settings(**{**told, **differs.pop("settings", {})})
    return builder.build(
        database,
        settings=settings,
        size=TINY,
        clock=watch,
        **{"progress": lambda _: None, **differs},
    )


@pytest.fixture(scope="module", autouse=True)
def tiny() -> Iterator[None]:
    """The small town's past is six days here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(cast.SIZES, "small", TINY)
        yield


def counts(database: sa.Engine) -> dict[str, int]:
    with database.connect() as c:
        return {
            name: c.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


class Interrupted(Exception):
    """Somebody pulled the plug."""


@pytest.fixture(scope="module")
def built(database: sa.Engine) -> tuple[list[SignIn], datetime]:
    """A town whose building was cut short twice: among the people, and among the pharmacies."""
    for cue, later in (("people: 50%", 0), ("searches: 67%", 1)):

        def pull(text: str, cue: str = cue) -> None:
            if cue in text:
                raise Interrupted

        with pytest.raises(Interrupted):
            build(database, Watch(A_MONDAY + timedelta(hours=later)), progress=pull)
    return build(database, Watch(A_MONDAY + timedelta(hours=2))), A_MONDAY


def test_the_town_is_as_large_as_promised(
    database: sa.Engine, built: tuple[list[SignIn], datetime]
) -> None:
    people, _ = built
    roles = [person["role"] for person in people]
    found = counts(database)
    assert (found["medicine"], found["pharmacy"], found["doctor"]) == (40, 4, 4)
    assert {role: roles.count(role) for role in set(roles)} == {
        "admin": 1,
        "pharmacist": 4,
        "doctor": 4,
        "patient": 20,
    }
    assert found["stock_movement"] > 400
    with database.connect() as c:
        sources = set(c.execute(sa.select(outbox.c.source)).scalars())
        states = set(c.execute(sa.select(appointment.c.state)).scalars())
        types = set(c.execute(sa.select(outbox.c.type)).scalars())
        waiting = queries.waiting_requests(c)
    assert states == {"requested", "accepted", "declined", "cancelled", "attended", "missed"}
    assert len(waiting) == 5
    with database.connect() as c:
        prescribed = Counter(c.execute(sa.select(prescription.c.state)).scalars())
    assert prescribed == {"waiting": 2, "accepted": 3, "refused": 1}
    with database.connect() as c:
        orders = Counter(c.execute(sa.select(pharmacy_order.c.state)).scalars())
    assert set(orders) >= {"placed", "picking", "out", "collected", "cancelled"}
    assert sources == {SOURCE}
    assert {
        "remedy.medicine-searches.searched.v1",
        "remedy.stock-movements.sold.v1",
        "remedy.stock-movements.received.v1",
        "remedy.stock-movements.repriced.v1",
        "remedy.appointments.requested.v1",
    } <= types


def test_after_two_interruptions_every_deed_of_the_story_is_there_once(
    database: sa.Engine, built: tuple[list[SignIn], datetime]
) -> None:
    first_day = A_MONDAY.date() - timedelta(days=DAYS)
    story = list(life(TINY, first_day, DAYS + 1))
    # The last day is today, of which nothing but a delivery or two has happened by nine in the morning.
    expected = Counter(deed.what for day in story[:-1] for deed in day.deeds)
    with database.connect() as c:
        events = c.execute(
            sa.select(outbox.c.type).where(
                outbox.c.occurred_at < day_bounds(A_MONDAY.date(), ROME)[0]
            )
        ).scalars()
        told = Counter(name.split(".")[2] for name in events if ".stock-movements." in name)
    assert told.pop("repriced") == expected.pop("priced")
    assert told == expected
    assert expected["sold"] > 300


def test_everything_lies_in_the_past(
    database: sa.Engine, built: tuple[list[SignIn], datetime]
) -> None:
    _, now = built
    with database.connect() as c:
        first, last, recorded = c.execute(
            sa.select(
                sa.func.min(outbox.c.occurred_at),
                sa.func.max(outbox.c.occurred_at),
                sa.func.max(outbox.c.recorded_at),
            )
        ).one()
    assert first < now - timedelta(days=DAYS - 1)
    assert last <= now
    assert recorded <= now


def test_ledger_lots_and_nothing_uncovered(
    database: sa.Engine, built: tuple[list[SignIn], datetime]
) -> None:
    with database.connect() as c:
        lots = (
            sa.select(stock_lot.c.stock_item_id, sa.func.sum(stock_lot.c.quantity_milli).label("n"))
            .group_by(stock_lot.c.stock_item_id)
            .subquery()
        )
        latest = (
            sa.select(stock_movement.c.stock_item_id, sa.func.max(stock_movement.c.id).label("id"))
            .group_by(stock_movement.c.stock_item_id)
            .subquery()
        )
        rows = c.execute(
            sa.select(lots.c.n, stock_movement.c.balance_milli)
            .join_from(lots, latest, latest.c.stock_item_id == lots.c.stock_item_id)
            .join(stock_movement, stock_movement.c.id == latest.c.id)
        ).all()
        uncovered = c.execute(sa.select(sa.func.sum(stock_movement.c.uncovered_milli))).scalar()
    assert len(rows) > 100
    assert all(row.n == row.balance_milli for row in rows)
    assert uncovered == 0


def test_building_it_again_changes_nothing_and_tells_the_same_sign_ins(
    database: sa.Engine, built: tuple[list[SignIn], datetime]
) -> None:
    people, now = built
    before = counts(database)
    assert build(database, Watch(now + timedelta(days=3))) == people
    assert counts(database) == before


def test_everybody_can_sign_in_with_the_password_that_was_told(
    database: sa.Engine, built: tuple[list[SignIn], datetime]
) -> None:
    people, now = built
    watch = Watch(now)
    cast = {person["who"]: person for person in people}
    for who in ("Asha", "Ben", "Chitra", "Dev", "Dr Ekow", "Farah"):
        told = {"email": cast[who]["email"], "address": "127.0.0.1", "secret_key": SECRET_KEY}
        attempt = in_transaction(
            database, lambda c, t=told: accounts.note_attempt(c, clock=watch, **t)
        )
        _, person = in_transaction(
            database,
            lambda c, t=told, a=attempt, w=who: accounts.sign_in(
                c,
                password=cast[w]["password"],
                attempt=a,
                vault=factories.a_vault(),
                clock=watch,
                **t,
            ),
        )
        assert (person.name, person.role) == (who, cast[who]["role"])


def test_another_installation_has_other_passwords(
    database: sa.Engine, built: tuple[list[SignIn], datetime]
) -> None:
    people, _ = built
    others = sign_ins(TINY, "another secret key, as long as this")
    assert not {p["password"] for p in people} & {p["password"] for p in others}
    assert len({p["password"] for p in people}) == len(people)


def test_the_town_lives_on_and_its_events_say_whose_they_are(
    database: sa.Engine, built: tuple[list[SignIn], datetime]
) -> None:
    watch = Watch(built[1] + timedelta(hours=3))
    settings = Settings(secret_key=SECRET_KEY, master_key=MASTER_KEY)
    life_now = Life(database, settings=settings, clock=watch, random=Random(4))
    with database.connect() as c:
        before = c.execute(sa.select(sa.func.max(outbox.c.id))).scalar_one()
    happened = Counter()
    for _ in range(120):
        watch.wait(seconds=1)
        happened[life_now.happen()] += 1
    with database.connect() as c:
        rows = c.execute(sa.select(outbox).where(outbox.c.id > before)).all()
    assert {row.source for row in rows} == {SOURCE}
    assert {row.aggregatetype for row in rows} >= {"stock-movements", "medicine-searches"}
    assert happened["sale"] > 40
    assert happened["search"] > 10
    assert len(rows) > 100


def orders_by_id(database: sa.Engine) -> dict[int, Any]:
    with database.connect() as c:
        return {row.id: row for row in c.execute(sa.select(pharmacy_order))}


def test_the_living_town_orders_and_its_pharmacists_hand_out(
    database: sa.Engine, built: tuple[list[SignIn], datetime]
) -> None:
    watch = Watch(built[1] + timedelta(hours=5))
    settings = Settings(secret_key=SECRET_KEY, master_key=MASTER_KEY)
    life_now = Life(database, settings=settings, clock=watch, random=Random(7))
    before = orders_by_id(database)
    happened = Counter(life_now.happen() for _ in range(400))
    placed = {id_: row for id_, row in orders_by_id(database).items() if id_ not in before}
    assert happened["hold"] > 3
    assert len(placed) > 1
    assert {row.state for row in placed.values()} == {"placed"}
    with database.connect() as c:
        needs = sa.select(sa.func.max(medicine.c.is_prescription_only)).select_from(
            pharmacy_order_line.join(stock_item).join(medicine)
        )
        assert c.execute(needs.where(pharmacy_order_line.c.order_id.in_(placed))).scalar() == 0

    for _ in range(30):
        watch.wait(minutes=5)
        for _ in range(6):
            in_transaction(life_now._engine, life_now._serve)
    after = orders_by_id(database)
    assert {after[id_].state for id_ in placed} <= {"collected", "delivered"}
    with database.connect() as c:
        told = c.execute(
            sa.select(outbox.c.type, outbox.c.source, outbox.c.occurred_at).where(
                outbox.c.aggregatetype == "orders", outbox.c.occurred_at >= built[1]
            )
        ).all()
    assert {row.source for row in told} == {SOURCE}
    ready = [row.occurred_at for row in told if row.type == "remedy.orders.made-ready.v1"]
    assert len(ready) >= len([row for row in placed.values() if row.way == "pickup"])


def test_what_asha_ordered_is_left_to_who_tries_the_pages(
    database: sa.Engine, built: tuple[list[SignIn], datetime]
) -> None:
    watch = Watch(built[1] + timedelta(days=1, hours=2))
    settings = Settings(secret_key=SECRET_KEY, master_key=MASTER_KEY)
    life_now = Life(database, settings=settings, clock=watch, random=Random(5))
    asha, open_states = life_now._patients[0], ("placed", "picking", "ready", "out")
    while not any(row.state == "placed" for row in orders_by_id(database).values()):
        in_transaction(life_now._engine, life_now._order)
    with database.begin() as c:
        row_id = c.execute(sa.select(patient.c.id).where(patient.c.public_id == asha)).scalar_one()
        theirs = pharmacy_order.c.state.in_(open_states)
        c.execute(sa.update(pharmacy_order).where(theirs).values(patient_id=row_id))
    before = orders_by_id(database)
    watch.wait(hours=1)
    for _ in range(20):
        in_transaction(life_now._engine, life_now._serve)
    assert orders_by_id(database) == before


def test_it_does_not_live_on_where_people_are_real(database: sa.Engine) -> None:
    settings = Settings(
        environment="production", secret_key=SECRET_KEY, master_key=MASTER_KEY,
        portal_url="https://remedy.example",
    )  # fmt: skip
    with pytest.raises(ValueError, match="production"):
        run(database, settings=settings, speed=lambda: 50, stop=Event(), clock=Watch())


@pytest.mark.parametrize("settings", [{"environment": "production"}, {"secret_key": ""}])
def test_it_refuses_production_and_a_missing_key(
    database: sa.Engine, settings: dict[str, str]
) -> None:
    before = counts(database)
    with pytest.raises(ValueError, match=r"production|SECRET_KEY"):
        build(database, Watch(), settings=settings)
    assert counts(database) == before
