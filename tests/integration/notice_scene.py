"""An item that may run out, and patients who take it: what shortage notices are tried with."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from werkzeug.test import TestResponse

from remedy.notices import queries, service
from remedy.schema import advice
from remedy.schema import pharmacy as tables
from remedy.schema.notices import shortage_notice
from remedy.schema.people import patient
from remedy.stock.model import Line
from remedy.stock.service import record_movement
from remedy.values import uuid7
from remedy.vault import Vault
from tests.factories import Watch, a_patient, a_pharmacist, a_prescription, row_of
from tests.integration.portal_cast import Cast
from web_portal.parts import parts_of

HIDDEN = re.compile(r'name="seen" value="([^"]+)"')


def at_risk(
    connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID, watch: Watch,
    runs_out: float = 0.7, delivery: date | None = None,
) -> None:  # fmt: skip
    """Last night's advice says so, in place of what it said before."""
    risk = advice.out_stock_risk
    connection.execute(
        sa.delete(risk).where(risk.c.pharmacy_id == pharmacy_id, risk.c.medicine_id == medicine_id)
    )
    connection.execute(
        sa.insert(risk).values(
            pharmacy_id=pharmacy_id, medicine_id=medicine_id, runs_out=runs_out,
            next_delivery_on=delivery or watch().date() + timedelta(days=5),
            delivery_from="item", short_milli=3000, overstock_milli=0, expiring_milli=0,
            expiring_minor=0, model_version="told", made_at=watch(),
        )
    )  # fmt: skip


def delivered(
    connection: sa.Connection, pharmacy_id: UUID, medicine_id: UUID, watch: Watch, packs: int = 5
) -> None:
    """Packs come in."""
    line = Line("received", medicine_id, packs * 1000, watch(), lot_number="NEW")
    record_movement(connection, pharmacy_id, line, clock=watch)


def collected(
    connection: sa.Connection, patient_id: UUID, pharmacy_id: UUID, medicine_id: UUID, at: datetime
) -> None:
    """The patient collected a pack there then."""
    item = sa.select(tables.stock_item.c.id).where(
        tables.stock_item.c.pharmacy_id == row_of(connection, tables.pharmacy, pharmacy_id),
        tables.stock_item.c.medicine_id == row_of(connection, tables.medicine, medicine_id),
    )
    connection.execute(
        sa.insert(tables.stock_hold).values(
            public_id=uuid7(), stock_item_id=item.scalar_subquery(),
            patient_id=row_of(connection, patient, patient_id), quantity_milli=1000,
            state="collected", created_at=at, expires_at=at, ended_at=at,
            medicine_id=row_of(connection, tables.medicine, medicine_id),
        )
    )  # fmt: skip


def told_and_dismissed(
    connection: sa.Connection, vault: Vault, ids: Mapping[str, UUID], watch: Watch, *, note: str,
    reason: str,
) -> None:  # fmt: skip
    """What the cast takes may run out at both pharmacies: Asha is told at the corner, Dev dismisses it elsewhere."""
    calmadol = ids["calmadol"]
    for place in ("corner", "elsewhere"):
        at_risk(connection, ids[place], calmadol, watch)
    # Who decides signs the notice; this name is nobody's canary.
    hari = a_pharmacist(connection, pharmacy_id=ids["corner"], name="Hari", is_owner=False)
    item = queries.item(connection, ids["corner"], calmadol, now=watch())
    assert item is not None
    service.send(
        connection, vault, ids["corner"], calmadol, seen=item.mark(note), note=note,
        decided_by=hari, clock=watch,
    )  # fmt: skip
    service.dismiss(
        connection, ids["elsewhere"], calmadol, reason=reason, decided_by=ids["dev_account"],
        clock=watch,
    )  # fmt: skip


def a_taker(
    connection: sa.Connection, vault: Vault, pharmacy_id: UUID, medicine_id: UUID, watch: Watch,
    **differs: object,
) -> UUID:  # fmt: skip
    """A patient whose prescription with repeats the pharmacy accepted."""
    told = {"packs": 1, "repeats": 3, "now": watch(), **differs}
    patient_id = a_patient(connection, vault)
    # Everybody has a mailbox of their own.
    email = vault.seal(connection, patient_id, patient_id, "email", f"{patient_id}@town.example")
    connection.execute(
        sa.update(patient).where(patient.c.public_id == patient_id).values(email_sealed=email)
    )
    a_prescription(
        connection, vault, patient_id, medicine_id, pharmacy_id=pharmacy_id,
        **told,  # type: ignore[arg-type]
    )  # fmt: skip
    return patient_id


def address(cast: Cast) -> str:
    """Of the page of the item that may run out."""
    return f"/pharmacy/notices/{cast.ids['calmadol']}"


def page(cast: Cast, path: str, who: str = "chitra") -> str:
    """A page as somebody reads it."""
    answer = cast.of(who).get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def decide(
    cast: Cast, decision: str, who: str = "chitra", seen: str = "", **told: object
) -> TestResponse:
    """Decide of the notice as it is shown now, or as it was `seen`."""
    if not seen and (found := HIDDEN.search(page(cast, address(cast), who))):
        seen = found.group(1)
    form = {"decision": decision, "seen": seen, "is_read": "y", **told}
    return cast.of(who).post(address(cast), form)


def mark(text: str) -> str:
    """Of the notice that a page shows."""
    (found,) = HIDDEN.findall(text)
    return found


def send(cast: Cast, who: str = "chitra") -> None:
    """Send it as it is shown."""
    answer = decide(cast, "send", who)
    assert answer.status_code == 303, answer.text


def silence(cast: Cast) -> None:
    """Asha wants no such notices."""
    answer = cast.of("asha").post("/shortages", {"is_wanted": "no"})
    assert answer.status_code == 303


def erase(cast: Cast) -> None:
    """Asha is erased."""
    with cast.engine.begin() as connection:
        parts_of(cast.app).vault.forget(connection, cast.ids["asha"])


def packs_come(cast: Cast) -> None:
    """Five minutes later packs come in at the corner."""
    cast.watch.wait(minutes=5)
    with cast.engine.begin() as connection:
        delivered(connection, cast.ids["corner"], cast.ids["calmadol"], cast.watch)


def suspend(cast: Cast) -> None:
    """The corner is suspended."""
    sets_verified(cast, None)


def sets_verified(cast: Cast, at: datetime | None) -> None:
    """The corner was verified then, or is not."""
    with cast.engine.begin() as connection:
        corner = tables.pharmacy.c.public_id == cast.ids["corner"]
        connection.execute(sa.update(tables.pharmacy).where(corner).values(verified_at=at))


def day_passes(cast: Cast) -> None:
    """The delivery of whatever was told was due yesterday."""
    with cast.engine.begin() as connection:
        connection.execute(
            sa.update(shortage_notice).values(
                next_delivery_on=cast.watch().date() - timedelta(days=1)
            )
        )


def more_takers(cast: Cast, count: int) -> list[UUID]:
    """So many more patients who take Calmadol at the corner."""
    with cast.engine.begin() as connection:
        return [
            a_taker(
                connection, parts_of(cast.app).vault, cast.ids["corner"], cast.ids["calmadol"],
                cast.watch,
            )
            for _ in range(count)
        ]  # fmt: skip
