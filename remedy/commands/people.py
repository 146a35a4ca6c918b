"""Verbs about people: the first admin, a pharmacy's API keys."""

import argparse
import getpass
import secrets
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from remedy.commands.verbs import add
from remedy.settings import Settings
from remedy.values import utc_now


def add_verbs(verbs: Any) -> None:
    """Add this module's verbs."""
    admin = add(verbs, "create-admin", run_create_admin, "make an admin's account")
    admin.add_argument("email")
    admin.add_argument("--name", default="Admin", help="how the admin is called on pages")
    admin.add_argument(
        "--password-file", type=Path, help="file with the password; without it you are asked"
    )
    key = add(verbs, "api-key", run_api_key, "make or revoke a pharmacy's key for its till")
    key.add_argument("action", choices=("new", "revoke"))
    key.add_argument("--pharmacy", type=UUID, help="public id of the pharmacy (new)")
    key.add_argument("--label", default="till", help="what the key is for (new)")
    key.add_argument("--key", help="the key itself (revoke)")


def run_create_admin(chosen: argparse.Namespace, settings: Settings) -> int:
    """Make an admin's account; the password is read from a file or asked for, never an argument."""
    from remedy.accounts.service import create_account
    from remedy.gateways.mysql import engine_for, in_transaction

    password = _password(chosen.password_file)
    in_transaction(
        engine_for(settings.database_url),
        lambda connection: create_account(
            connection,
            role="admin",
            email=chosen.email,
            password=password,
            secret_key=settings.secret_key,
            staff_name=chosen.name,
            clock=utc_now,
        ),
    )
    print(f"{chosen.name} can sign in at {settings.portal_url}/sign-in.")
    return 0


def _password(path: Path | None) -> str:
    if path is not None:
        return path.read_text(encoding="utf-8").strip()
    if not sys.stdin.isatty():
        raise ValueError("There is no terminal to ask for the password; give --password-file FILE.")
    first = getpass.getpass("Password (8 characters or more): ")
    if not secrets.compare_digest(first, getpass.getpass("The same again: ")):
        raise ValueError("The two passwords differ; nothing was changed.")
    return first


def run_api_key(chosen: argparse.Namespace, settings: Settings) -> int:
    """Print a new key once, or revoke one."""
    from remedy.accounts.keys import api_key_id, new_api_key, revoke_api_key
    from remedy.gateways.mysql import engine_for, in_transaction

    engine = engine_for(settings.database_url)
    if chosen.action == "new":
        if chosen.pharmacy is None:
            raise ValueError("Say which pharmacy the key is for: --pharmacy ID.")
        key = in_transaction(
            engine, lambda c: new_api_key(c, chosen.pharmacy, chosen.label, clock=utc_now)
        )
        print(key)
        print("Keep it now: it is not stored and cannot be shown again.", file=sys.stderr)
        return 0
    if not chosen.key:
        raise ValueError("Say which key to revoke: --key KEY.")
    in_transaction(engine, lambda c: revoke_api_key(c, api_key_id(c, chosen.key), clock=utc_now))
    print("The key is revoked.")
    return 0
