"""Links by mail on a real database: once, for one purpose, for a while; and how much mail one may cause."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from remedy.accounts import links
from remedy.accounts.model import MAILS_PER_ADDRESS, MAILS_PER_EMAIL
from remedy.accounts.queries import row_of
from remedy.gateways.mysql import in_transaction
from remedy.schema.people import account, link_request, mailed_link
from tests.factories import SECRET_KEY, Watch, an_admin


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def owner(database: sa.Engine) -> Iterator[int]:
    with database.begin() as c:
        row = row_of(c, account, an_admin(c))
    assert row is not None
    yield row
    with database.begin() as c:
        c.execute(sa.delete(mailed_link))
        c.execute(sa.delete(link_request))


def made(database: sa.Engine, purpose: str, owner: int | None, watch: Watch) -> str:
    return in_transaction(database, lambda c: links.new(c, purpose, account_row=owner, clock=watch))


def is_good(database: sa.Engine, purpose: str, token: str, watch: Watch) -> bool:
    with database.connect() as c:
        return links.look(c, purpose, token, clock=watch) is not None


def test_of_sixteen_who_use_a_link_at_once_one_gets_it(
    database: sa.Engine, owner: int, watch: Watch
) -> None:
    token = made(database, "reset", owner, watch)

    def use(_: int) -> bool:
        used = in_transaction(database, lambda c: links.use(c, "reset", token, clock=watch))
        return used is not None

    with ThreadPoolExecutor(16) as pool:
        assert sorted(pool.map(use, range(16))) == [False] * 15 + [True]


@pytest.mark.parametrize("purpose", sorted(links.LIFETIMES))
def test_a_link_is_good_for_its_purpose_and_its_time(
    database: sa.Engine, owner: int, watch: Watch, purpose: str
) -> None:
    token = made(database, purpose, owner, watch)
    for other in links.LIFETIMES:
        assert is_good(database, other, token, watch) == (other == purpose)
    watch.now += links.LIFETIMES[purpose] - timedelta(seconds=1)
    assert is_good(database, purpose, token, watch)
    watch.wait(seconds=1)
    assert not is_good(database, purpose, token, watch)


def test_a_link_made_for_nobody_leads_nowhere(
    database: sa.Engine, owner: int, watch: Watch
) -> None:
    token = made(database, "reset", None, watch)
    assert not is_good(database, "reset", token, watch)


def test_only_digests_are_kept(database: sa.Engine, owner: int, watch: Watch) -> None:
    token = made(database, "reset", owner, watch)
    with database.connect() as c:
        everything = repr(c.execute(sa.select(mailed_link)).all())
    assert "reset" in everything
    assert token not in everything


def may(database: sa.Engine, watch: Watch, email: str, address: str) -> bool:
    return in_transaction(
        database,
        lambda c: links.may_mail(
            c, email=email, address=address, secret_key=SECRET_KEY, clock=watch
        ),
    )


@pytest.mark.usefixtures("owner")
def test_a_mailbox_and_a_network_address_have_their_share_of_mail(
    database: sa.Engine, watch: Watch
) -> None:
    one = [may(database, watch, "one@town.example", f"203.0.113.{n}") for n in range(5)]
    assert one == [True] * MAILS_PER_EMAIL + [False] * (5 - MAILS_PER_EMAIL)
    many = [may(database, watch, f"{n}@town.example", "198.51.100.1") for n in range(25)]
    assert many == [True] * MAILS_PER_ADDRESS + [False] * (25 - MAILS_PER_ADDRESS)
    watch.wait(minutes=61)
    assert may(database, watch, "one@town.example", "198.51.100.1")


def test_what_is_old_is_forgotten(database: sa.Engine, owner: int, watch: Watch) -> None:
    made(database, "reset", owner, watch)
    kept = made(database, "invite", owner, watch)
    may(database, watch, "one@town.example", "203.0.113.1")
    watch.wait(minutes=61)
    in_transaction(database, lambda c: links.forget_old(c, clock=watch))
    with database.connect() as c:
        assert len(c.execute(sa.select(mailed_link)).all()) == 1
        assert c.execute(sa.select(link_request)).all() == []
    assert is_good(database, "invite", kept, watch)
