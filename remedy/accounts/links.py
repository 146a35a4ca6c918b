"""Links that are sent by mail: kept as SHA-256, good for one purpose, once, for a while."""

import secrets
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from remedy.accounts import model
from remedy.accounts.model import digest
from remedy.schema.people import link_request, mailed_link
from remedy.values import Clock

LIFETIMES = {
    "confirm": timedelta(hours=48),
    "reset": timedelta(minutes=30),
    "email": timedelta(hours=24),
    "invite": timedelta(days=7),
}
"""What a link may be for, and how long it is good: confirm a new account, a forgotten password, a new
e-mail address, an invitation of staff."""


def new(
    connection: sa.Connection,
    purpose: str,
    *,
    account_row: int | None = None,
    invitation_row: int | None = None,
    new_email: tuple[bytes, str] | None = None,
    clock: Clock,
) -> str:
    """Make a link's token, to be mailed after the commit and kept nowhere.

    Without an account or invitation the link leads nowhere: it is written for addresses nobody has, so that
    asking costs the same. `new_email` is the digest and the (for patients sealed) text of a new address.
    """
    token = secrets.token_urlsafe(32)
    lookup, text = new_email or (None, None)
    connection.execute(
        sa.insert(mailed_link).values(
            token_sha256=digest(token),
            purpose=purpose,
            account_id=account_row,
            invitation_id=invitation_row,
            new_email_lookup=lookup,
            new_email=text,
            expires_at=clock() + LIFETIMES[purpose],
        )
    )
    return token


def look(
    connection: sa.Connection, purpose: str, token: str, *, clock: Clock
) -> sa.Row[Any] | None:
    """The row behind a link that is still good, without using it; None otherwise."""
    return connection.execute(
        sa.select(mailed_link).where(*_good(purpose, token, clock))
    ).one_or_none()


def use(
    connection: sa.Connection,
    purpose: str,
    token: str,
    *,
    account_row: int | None = None,
    clock: Clock,
) -> sa.Row[Any] | None:
    """Use a link up; its row, or None where it is not good (any more). Of two who do, one gets it.

    With `account_row`, only that account's link is good.
    """
    which = list(_good(purpose, token, clock))
    if account_row is not None:
        which.append(mailed_link.c.account_id == account_row)
    done = connection.execute(sa.update(mailed_link).where(*which).values(used_at=clock()))
    if done.rowcount != 1:
        return None
    return connection.execute(
        sa.select(mailed_link).where(mailed_link.c.token_sha256 == digest(token))
    ).one()


def end_all(connection: sa.Connection, account_row: int, *, clock: Clock) -> None:
    """End every link of an account that was not used yet."""
    connection.execute(
        sa.update(mailed_link)
        .where(mailed_link.c.account_id == account_row, mailed_link.c.used_at.is_(None))
        .values(used_at=clock())
    )


def forget_account(connection: sa.Connection, account_row: int) -> None:
    """Delete an account's links."""
    connection.execute(sa.delete(mailed_link).where(mailed_link.c.account_id == account_row))


def may_mail(
    connection: sa.Connection, *, email: str, address: str, secret_key: str, clock: Clock
) -> bool:
    """Whether another mail with a link may go to that mailbox on that network address's asking; notes it.

    Commit it before the mail. Of many at once a few more than the limit may pass: that floods nobody.
    """
    asked, now, lookup = link_request.c, clock(), model.email_lookup(email, secret_key)
    lately = sa.select(sa.func.count()).where(asked.asked_at > now - model.MAIL_WINDOW)
    for most, which in (
        (model.MAILS_PER_EMAIL, asked.email_lookup == lookup),
        (model.MAILS_PER_ADDRESS, asked.address == address[:64]),
    ):
        if connection.execute(lately.where(which)).scalar_one() >= most:
            return False
    connection.execute(
        sa.insert(link_request).values(email_lookup=lookup, address=address[:64], asked_at=now)
    )
    return True


def forget_old(connection: sa.Connection, *, clock: Clock) -> None:
    """Delete what is of no use any more."""
    now = clock()
    connection.execute(sa.delete(mailed_link).where(mailed_link.c.expires_at < now))
    connection.execute(
        sa.delete(link_request).where(link_request.c.asked_at < now - model.MAIL_WINDOW)
    )


def _good(purpose: str, token: str, clock: Clock) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        mailed_link.c.token_sha256 == digest(token),
        mailed_link.c.purpose == purpose,
        mailed_link.c.used_at.is_(None),
        mailed_link.c.expires_at > clock(),
        sa.or_(mailed_link.c.account_id.is_not(None), mailed_link.c.invitation_id.is_not(None)),
    )
