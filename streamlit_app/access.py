"""Who looks: the portal's session decides, at every rerun (design decision 13).

Streamlit takes no password. A browser sends the portal's cookie to every port of the host; its SHA-256 is
looked up in the view `session_role`, which holds only sessions that have not ended.
"""

import hashlib
from datetime import datetime

import sqlalchemy as sa
import streamlit as st

ADMIN = "admin"


def session_token(is_https: bool) -> str:
    """The portal's session cookie as this browser sent it; empty without one."""
    return str(st.context.cookies.get("__Host-remedy" if is_https else "remedy", ""))


def role_of(connection: sa.Connection, token: str, now: datetime) -> str | None:
    """The role of whoever holds that session now; None when it ended, idled out, or never was."""
    if not token:
        return None
    found = connection.execute(
        sa.text("SELECT role FROM session_role WHERE token_sha256 = :sha256 AND expires_at > :now"),
        {"sha256": hashlib.sha256(token.encode()).digest(), "now": now.replace(tzinfo=None)},
    ).scalar()
    return str(found) if found else None
