"""One queue of mails that patients are owed: each at least once, in order, and none in another's way."""

from collections.abc import Iterator
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic import command

from remedy import owed
from remedy.messages.service import NotSent
from remedy.schema.base import metadata
from remedy.schema.migrate import config
from remedy.schema.people import mail_owed
from remedy.values import uuid7
from tests.integration.portal_cast import Cast, a_cast
from web_portal.postman import Postman


@pytest.fixture(scope="module")
def everybody(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


@pytest.fixture
def cast(everybody: Cast) -> Cast:
    with everybody.engine.begin() as connection:
        connection.execute(sa.delete(mail_owed))
    return everybody


class Mailbox:
    """A mail server that refuses who is named in `refused`."""

    def __init__(self, cast: Cast) -> None:
        self.refused: set[str] = set()
        self.taken: list[tuple[str, str]] = []
        self.postman = Postman(cast.app, self._take)

    def _take(self, to: str, subject: str, _text: str) -> None:
        if to in self.refused:
            raise NotSent("The mail server did not take the mail (SMTPRecipientsRefused).")
        self.taken.append((to, subject))


def owe(cast: Cast, kind: owed.Kind, who: str, about: UUID | None = None) -> UUID:
    thing = about or uuid7()
    with cast.engine.begin() as connection:
        owed.owe(connection, kind, thing, cast.ids[who], now=cast.watch())
    return thing


def waiting(cast: Cast) -> list[tuple[str, int, str | None]]:
    with cast.engine.connect() as connection:
        columns = (mail_owed.c.kind, mail_owed.c.attempts, mail_owed.c.last_error)
        return [tuple(row) for row in connection.execute(sa.select(*columns))]


def test_an_address_that_is_refused_for_ever_keeps_nobody_else_waiting(cast: Cast) -> None:
    box = Mailbox(cast)
    box.refused.add(cast.emails["asha"])
    for _ in range(2 * owed.AT_A_TIME):
        owe(cast, "order_ready", "asha")
    owe(cast, "order_out", "ben")
    assert box.postman.look() == 1
    assert box.taken == [(cast.emails["ben"], "Your order is on its way")]
    assert len(waiting(cast)) == 2 * owed.AT_A_TIME
    assert {error for *_, error in waiting(cast)} == {
        "The mail server did not take the mail (SMTPRecipientsRefused)."
    }


def test_a_mail_nobody_has_words_for_stops_no_other(cast: Cast) -> None:
    box = Mailbox(cast)
    owe(cast, "of_tomorrow", "asha")  # type: ignore[arg-type]  # as newer code writes it
    owe(cast, "visit_decided", "asha")
    assert box.postman.look() == 1
    assert waiting(cast) == [("of_tomorrow", 1, "KeyError")]


def test_what_is_read_last_is_how_it_stands(cast: Cast) -> None:
    box = Mailbox(cast)
    box.refused.add(cast.emails["asha"])
    corner = owe(cast, "pharmacy_suspended", "asha", cast.ids["corner"])
    assert box.postman.look() == 0
    box.refused.clear()
    # The first waits for its next attempt; what follows it waits behind it, and what is about something else does not.
    owe(cast, "pharmacy_reinstated", "asha", corner)
    owe(cast, "pharmacy_reinstated", "ben", corner)
    owe(cast, "order_ready", "asha")
    assert box.postman.look() == 2
    cast.watch.wait(seconds=60)
    assert box.postman.look() == 2
    assert [subject for _, subject in box.taken[2:]] == [
        "Do not go to Corner Pharmacy",
        "Corner Pharmacy is open to you again",
    ]


def test_a_patient_who_is_no_more_is_written_to_no_more(cast: Cast) -> None:
    box = Mailbox(cast)
    with cast.engine.begin() as connection:
        owed.owe(connection, "runs_out", uuid7(), uuid7(), now=cast.watch())
    assert box.postman.look() == 0
    assert (box.taken, waiting(cast)) == ([], [])


def test_a_mail_that_was_owed_for_days_is_sent_no_more(cast: Cast) -> None:
    box = Mailbox(cast)
    owe(cast, "order_ready", "asha")
    cast.watch.wait(days=3)
    assert box.postman.look() == 0
    assert (box.taken, waiting(cast)) == ([], [])


@pytest.fixture
def before(database: sa.Engine, everybody: Cast) -> Iterator[sa.Connection]:
    """The database as migration 0014 left it, empty; last in this file, as nothing else works on it afterwards."""
    with database.connect() as connection:
        connection.exec_driver_sql("SET SESSION foreign_key_checks = 0, sql_mode = ''")
        for view in sa.inspect(connection).get_view_names():
            connection.exec_driver_sql(f"DROP VIEW `{view}`")
        for table in sa.inspect(connection).get_table_names():
            connection.exec_driver_sql(f"DROP TABLE `{table}`")
        command.upgrade(config(connection), "0014")
        connection.commit()
        yield connection
        connection.invalidate()


def test_what_was_owed_before_there_was_one_queue_is_still_owed(before: sa.Connection) -> None:
    asha, ben, visit, order, hold, place = (uuid7() for _ in range(6))

    def rows(table: str, *some: dict[str, object]) -> None:
        for one in some:
            names = ", ".join(one)
            values = {key: it.bytes if isinstance(it, UUID) else it for key, it in one.items()}
            marks = ", ".join(f":{name}" for name in one)
            before.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)

    rows("patient", {"id": 1, "public_id": asha}, {"id": 2, "public_id": ben})
    rows("pharmacy", {"id": 3, "public_id": place})
    rows("appointment", {"id": 4, "public_id": visit, "patient_id": 1})
    rows("pharmacy_order", {"id": 5, "public_id": order, "patient_id": 2})
    past = {"owed_at": "2026-03-01", "next_at": "2026-03-02", "attempts": 2}
    rows(
        "mail_owed",
        {"appointment_id": 4, "kind": "declined", **past},
        {"appointment_id": 4, "kind": "lapsed", **past},
        {"order_id": 5, "kind": "ready", **past},
    )
    held = {"stock_item_id": 9, "quantity_milli": 1000, "patient_id": 2}
    rows(
        "stock_hold",
        {"public_id": hold, "state": "withdrawn", **held},
        {"public_id": uuid7(), "state": "withdrawn", "order_id": 5, **held},
        {"public_id": uuid7(), "state": "withdrawn", "told_at": "2026-03-01", **held},
        {"public_id": uuid7(), "state": "held", **held},
    )
    rows("pharmacy_licence_change", {"id": 6, "pharmacy_id": 3, "became": "suspended"})
    rows(
        "licence_mail",
        {"change_id": 6, "patient_id": 1},
        {"change_id": 6, "patient_id": 2, "told_at": "2026-03-01"},
    )
    before.commit()
    command.upgrade(config(before), "0015")
    queue = sa.select(mail_owed.c.kind, mail_owed.c.about, mail_owed.c.patient_public_id)
    assert [tuple(row) for row in before.execute(queue.order_by(mail_owed.c.id))] == [
        ("visit_decided", visit, asha),
        ("visit_lapsed", visit, asha),
        ("order_ready", order, ben),
        ("hold_withdrawn", hold, ben),
        ("order_withdrawn", order, ben),
        ("pharmacy_suspended", place, asha),
    ]
    ours = metadata.tables["mail_owed"].columns.keys()
    assert {one["name"] for one in sa.inspect(before).get_columns("mail_owed")} == set(ours)
    assert not sa.inspect(before).has_table("licence_mail")
