"""The cast in a portal: the application on a real database, its people, and browsers for them.

Every text of a person or place that nobody else may see holds a canary: a word found nowhere else.
"""

import re
import secrets
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from remedy.accounts import applications, colleagues, keys, own, staff
from remedy.accounts import service as accounts
from remedy.accounts.applications import Application
from remedy.appointments import absence, waiting, waiting_round
from remedy.appointments import queries as appointment_queries
from remedy.appointments import service as appointments
from remedy.catalogue import stock_import, stock_list
from remedy.catalogue.service import add_medicine
from remedy.events.base import Envelope
from remedy.files import visits
from remedy.files.model import Examined
from remedy.orders import basket, pickup
from remedy.orders import service as orders
from remedy.prescriptions import allergies, review
from remedy.prescriptions import queries as prescription_queries
from remedy.prescriptions import service as prescriptions
from remedy.prescriptions.review import NewLine
from remedy.settings import Settings
from remedy.stock import service as stock
from remedy.stock.model import Line
from remedy.vault import Vault
from tests.factories import (
    MASTER_KEY,
    PASSWORD,
    SECRET_KEY,
    Watch,
    a_doctor,
    a_hospital,
    a_pharmacy,
    a_prescription,
    an_admin,
)
from web_portal import create_app, parts, postman

CANARY = re.compile(r"canary-([a-z]+)-[0-9a-f]{8}")


def canary(owner: str) -> str:
    """A word that belongs to one owner."""
    return f"canary-{owner}-{secrets.token_hex(4)}"


@dataclass
class Browser:
    """Somebody's browser: keeps cookies, brings a form's token and number."""

    client: FlaskClient
    _tokens: dict[tuple[str | None, ...], str] = field(default_factory=dict)

    def get(self, path: str, **options: object) -> TestResponse:
        return self.client.get(path, **options)  # type: ignore[arg-type]

    def post(
        self, path: str, told: dict[str, object] | None = None, **headers: str
    ) -> TestResponse:
        """Send a form as its page would."""
        data = {"csrf_token": self.token(), "nonce": secrets.token_hex(8), **(told or {})}
        return self.client.post(path, data=data, headers=headers)

    def token(self) -> str:
        """The token that this browser's forms hold: the same for as long as its session or visit."""
        if self._whose() not in self._tokens:
            for path in ("/doctors", "/sign-in"):
                found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(path).text)
                if found:
                    self._tokens[self._whose()] = found.group(1)
                    break
            else:
                raise AssertionError("No page of this browser has a form.")
        return self._tokens[self._whose()]

    def _whose(self) -> tuple[str | None, ...]:
        kept = [
            self.client.get_cookie(name, domain="localhost") for name in ("remedy", "remedy-visit")
        ]
        return tuple(cookie.value if cookie else None for cookie in kept)

    def sign_in(self, email: str, password: str = PASSWORD, **told: str) -> TestResponse:
        return self.post("/sign-in", {"email": email, "password": password, **told})


@dataclass
class Cast:
    """The application, its clock, and who and what there is."""

    app: Flask
    engine: sa.Engine
    watch: Watch
    announced: list[Envelope] = field(default_factory=list)
    posted: list[tuple[str, str, str]] = field(default_factory=list)
    ids: dict[str, UUID] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    _browsers: dict[str, Browser] = field(default_factory=dict)

    def browser(self) -> Browser:
        """A browser nobody has signed in with."""
        return Browser(self.app.test_client())

    def of(self, name: str) -> Browser:
        """A browser in which that person is signed in; the same one each time."""
        if name not in self._browsers:
            made = self.browser()
            answer = made.sign_in(self.emails[name])
            assert answer.status_code == 303, answer.text
            self._browsers[name] = made
        return self._browsers[name]

    def rows(self, query: str, **values: object) -> list[sa.Row]:
        """What the database holds."""
        with self.engine.connect() as connection:
            return list(connection.execute(sa.text(query), values))

    def told(self, topic: str) -> list[str]:
        """The types of a topic's events in the outbox, in order."""
        found = self.rows("SELECT type FROM outbox WHERE aggregatetype = :t ORDER BY id", t=topic)
        return [row.type for row in found]


def settings_for(database_url: str, **differs: str) -> Settings:
    return Settings(
        database_url=database_url,
        secret_key=SECRET_KEY,
        master_key=MASTER_KEY,
        **{"portal_url": "http://localhost", **differs},
    )


def a_cast(
    database_url: str, engine: sa.Engine, watch: Watch | None = None, **settings: str
) -> Cast:
    """The portal with Asha, Ben, Chitra and Dev (owners of a pharmacy each), Dr Ekow, Farah, and Gwen (Chitra's staff)."""
    watch = watch or Watch()
    app = create_app(settings_for(database_url, **settings), clock=watch)
    made = Cast(app, engine, watch)
    here = parts.parts_of(app)
    # What goes to Kafka and to the mail server is looked at here; the servers have tests of their own.
    object.__setattr__(here, "announce", made.announced.append)
    object.__setattr__(here, "post", lambda *mail: made.posted.append(mail))
    postman.of(app).hand_over = lambda *mail: made.posted.append(mail)
    with engine.begin() as connection:
        _places(connection, made)
        _people(connection, made, here.vault)
    with engine.begin() as connection:
        _what_happened(connection, made, here.vault)
    return made


def mails(cast: Cast) -> list[tuple[str, str, str]]:
    """What the postman writes when it looks now."""
    cast.posted.clear()
    postman.of(cast.app).look()
    return list(cast.posted)


def ids_of_accounts(made: Cast) -> dict[str, Any]:
    """What the addresses of accounts name: Asha's other session and link, an invitation, an application."""
    made.browser().sign_in(made.emails["asha"])
    here, clock = parts.parts_of(made.app), made.watch
    rows = made.rows(
        "SELECT s.public_id FROM session s JOIN account a ON a.id = s.account_id"
        " JOIN patient p ON p.id = a.patient_id WHERE p.public_id = :asha ORDER BY s.public_id DESC",
        asha=made.ids["asha"].bytes,
    )
    told = Application(
        canary("zoe"), canary("zoe"), "Harbour", "+39 06 5550 300", canary("zoe"), 41.9, 12.5,
        canary("zoe"), f"{canary('zoe')}@town.example",
    )  # fmt: skip
    with made.engine.begin() as connection:
        reset = own.forgot_password(
            connection, email=made.emails["asha"], secret_key=SECRET_KEY, clock=clock
        )
        staff.invite(
            connection, role="admin", name=canary("zoe"), email=f"{canary('zoe')}@town.example",
            invited_by=made.ids["farah_account"], clock=clock,
        )  # fmt: skip
        application = applications.apply(connection, told, clock=clock)
        token = colleagues.invite(
            connection, made.ids["corner"], name=canary("chitra"),
            email=f"{canary('chitra')}@town.example", is_owner=False,
            by=made.ids["chitra_account"], clock=clock,
        )  # fmt: skip
        assert token
        basket.put(
            connection,
            made.ids["asha"],
            made.ids["corner"],
            made.ids["calmadol"],
            1000,
            clock=clock,
        )
        order_id = orders.place(
            connection, here.vault, patient_id=made.ids["asha"], pharmacy_id=made.ids["corner"],
            wanted={made.ids["calmadol"]: 2000}, way="delivery", payment="cash",
            address=canary("asha"), fee_minor=390, currency="EUR", clock=clock,
        )  # fmt: skip
        # The newest first.
        of_corner, invited = staff.open_invitations(connection, clock=here.clock)
    return _ids_of_absence(made, here.vault) | {
        "asha_session": UUID(bytes=bytes(rows[0].public_id)),
        "asha_reset": reset,
        "asha_order": order_id,
        "invitation": invited.public_id,
        "corner_invitation": of_corner.public_id,
        "application": application,
        "nothing": "nothing-of-the-kind",
    }


def _ids_of_absence(made: Cast, vault: Vault) -> dict[str, Any]:
    """Dr Ekow's absence at the end of the year, and what Asha waits for and is offered."""
    clock, christmas = made.watch, date(2026, 12, 24)
    with made.engine.begin() as connection:
        away = absence.declare(
            connection, doctor_id=made.ids["ekow"], first_day=christmas, last_day=christmas,
            declared_by=made.ids["farah_account"], clock=clock,
        )  # fmt: skip
        entry = waiting.join(
            connection, vault, patient_id=made.ids["asha"], doctor_id=made.ids["ekow"],
            speciality="", urgency="soon", symptoms=canary("asha"), from_day=clock().date(),
            until_day=clock().date() + timedelta(days=9), earliest=None, instead_of=None,
            clock=clock,
        )  # fmt: skip
        waiting_round.offer_free(connection, doctor_id=made.ids["ekow"], clock=clock)
    (offer, *_) = made.rows("SELECT public_id FROM waiting_offer ORDER BY id")
    return {
        "ekow_absence": away,
        "asha_entry": entry,
        "asha_offer": UUID(bytes=bytes(offer.public_id)),
    }


def _places(connection: sa.Connection, made: Cast) -> None:
    ids = made.ids
    ids["corner"] = a_pharmacy(connection, name="Corner Pharmacy", district="Harbour")
    ids["elsewhere"] = a_pharmacy(
        connection, name="Elsewhere Pharmacy", district="Hills", latitude=41.95, longitude=12.6
    )
    ids["calmadol"] = add_medicine(
        connection, generic_name="paracetamol", brand_name="Calmadol", strength="500 mg",
        form="tablet", pack="20 tablets",
    )  # fmt: skip
    ids["amoxil"] = add_medicine(
        connection, generic_name="amoxicillin", brand_name="Bactonil", is_prescription_only=True,
        source="register", source_key="A-1",
    )  # fmt: skip
    ids["rare"] = add_medicine(connection, generic_name="raresine", brand_name="Unobtan")
    ids["strong"] = add_medicine(
        connection, generic_name="morphine", brand_name="Fortidol", is_controlled=True
    )
    ids["hill"] = a_hospital(connection)
    ids["ekow"] = a_doctor(connection, hospital_id=ids["hill"])


def _people(connection: sa.Connection, made: Cast, vault: Vault) -> None:
    told = {"secret_key": SECRET_KEY, "clock": made.watch, "password": PASSWORD}
    for name in ("asha", "ben"):
        made.emails[name] = f"{name}@town.example"
        person = accounts.register_patient(
            connection, vault, name=canary(name), email=made.emails[name],
            phone=canary(name), **told,
        )  # fmt: skip
        assert person.patient_id is not None
        made.ids[name] = person.patient_id
    staff = {"chitra": "corner", "dev": "elsewhere", "gwen": "corner"}
    for name, pharmacy in staff.items():
        made.emails[name] = f"{name}@town.example"
        # What is of a pharmacy is its owner's, its staff's names too.
        owner = "chitra" if name == "gwen" else name
        made.ids[f"{name}_account"] = accounts.create_account(
            connection, role="pharmacist", email=made.emails[name], staff_name=canary(owner),
            pharmacy_id=made.ids[pharmacy], is_owner=name != "gwen", **told,
        )  # fmt: skip
        made.keys[name] = keys.new_api_key(
            connection, made.ids[pharmacy], canary(owner), clock=made.watch
        )
    made.emails["ekow"] = "ekow@town.example"
    accounts.create_account(
        connection, role="doctor", email=made.emails["ekow"], staff_name="Dr Ekow",
        doctor_id=made.ids["ekow"], **told,
    )  # fmt: skip
    made.ids["farah_account"] = an_admin(connection, clock=made.watch)
    made.emails["farah"] = connection.execute(
        sa.text("SELECT staff_email FROM account WHERE role = 'admin'")
    ).scalar_one()


def _what_happened(connection: sa.Connection, made: Cast, vault: Vault) -> None:
    ids, clock = made.ids, made.watch
    for owner, pharmacy in (("chitra", "corner"), ("dev", "elsewhere")):
        for medicine in ("calmadol", "amoxil"):
            line = Line(
                "received", ids[medicine], 20_000, clock(), line_id=canary(owner),
                lot_number=f"LOT-{owner}", expires_on=date(2027, 6, 30), reason=canary(owner),
            )  # fmt: skip
            recorded = stock.record_movement(connection, ids[pharmacy], line, clock=clock)
            ids[f"{owner}_{medicine}_movement"] = recorded.movement_id
        stock.set_price(connection, ids[pharmacy], ids["calmadol"], 450, "EUR", clock=clock)
        ids[f"{owner}_list"] = stock_import.preview(
            connection, ids[pharmacy], ids[f"{owner}_account"], canary(owner),
            stock_list.read("list", b"medicine,counted\nnothing,1\n", 2), clock=clock,
        )  # fmt: skip
    slots = appointment_queries.free_slots(
        connection, ids["ekow"], first_day=clock().date() + timedelta(days=1), days=7, now=clock()
    )
    for patient, slot in (("asha", slots[0]), ("ben", slots[3])):
        visit = appointments.request_visit(
            connection, vault, doctor_id=ids["ekow"], patient_id=ids[patient],
            starts_at=slot.starts_at, urgency="soon", symptoms=canary(patient), clock=clock,
        )  # fmt: skip
        ids[f"{patient}_visit"] = visit.appointment_id
        ids[f"{patient}_visit_file"] = visits.attach(
            connection, vault, visit.appointment_id,
            Examined(canary(patient), "image/png", 1, canary(patient).encode()),
            patient_id=ids[patient], clock=clock,
        )  # fmt: skip
        held = pickup.hold(
            connection, ids["corner"], ids["calmadol"], 1000, patient_id=ids[patient], minutes=60,
            clock=clock,
        )  # fmt: skip
        ids[f"{patient}_hold"] = held.hold_id
    _prescribe(connection, made, vault)


def prescribe(made: Cast, medicine: str, packs: int, who: str = "asha") -> UUID:
    """Somebody's prescription for so many packs of a medicine, accepted at the corner; its id."""
    with made.engine.begin() as connection:
        return a_prescription(
            connection, parts.parts_of(made.app).vault, made.ids[who], made.ids[medicine], packs=packs,
            pharmacy_id=made.ids["corner"], now=made.watch(),
        )  # fmt: skip


def _prescribe(connection: sa.Connection, made: Cast, vault: Vault) -> None:
    """Asha's and Ben's prescriptions, each at a pharmacy of its own: one waits, one is accepted."""
    ids, clock = made.ids, made.watch
    line = NewLine(
        ids["calmadol"], 2000, 1, date(2026, 8, 31), False, daily_dose_milli=3000, units_per_pack=20
    )
    for patient, pharmacist, pharmacy in (
        ("asha", "chitra", "corner"), ("ben", "dev", "elsewhere"),
    ):  # fmt: skip
        for name in ("accepted", "prescription"):
            handed_in = Examined(canary(patient), "image/png", 1, canary(patient).encode())
            made_id = prescriptions.upload(
                connection, vault, ids[patient], ids[pharmacy], handed_in, clock=clock
            )
            review.add_line(connection, ids[pharmacy], made_id, line, clock=clock)
            found = prescription_queries.prescription_of(
                connection, made_id, patient_id=ids[patient]
            )
            assert found is not None
            ids[f"{patient}_{name}"] = made_id
            key = "line" if name == "prescription" else "accepted_line"
            ids[f"{patient}_{key}"] = found.lines[0].line_id
            if name == "accepted":
                review.accept(
                    connection, ids[pharmacy], made_id, version=found.version,
                    checked="not_checked", decided_by=ids[f"{pharmacist}_account"], clock=clock,
                )  # fmt: skip
        substance = canary(patient)[: allergies.SUBSTANCE_AT_MOST]
        allergies.add_allergy(connection, vault, ids[patient], substance, clock=clock)
        told = allergies.allergies_of(connection, vault, ids[patient]).told
        ids[f"{patient}_allergy"] = told[0].allergy_id
