"""Reads for the pages: one engine for all sessions, answers kept for some seconds.

The account behind it may read results and a few views without names, and change nothing.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
import streamlit as st

from remedy.gateways.mysql import engine_for
from remedy.region import Region
from remedy.settings import Settings
from remedy.values import utc_now
from streamlit_app import access

KEEP_SECONDS = 10
"""So long an answer is shown again to whoever asks the same: clicks are quick, ages stay true."""

LIVE_SECONDS = 1
"""The same for what is looked at live."""

Answer = TypeVar("Answer")


@st.cache_resource
def settings() -> Settings:
    """The installation's settings, read once."""
    return Settings.from_env()


@st.cache_resource
def region() -> Region:
    """Where the installation is, read once."""
    return Region.load(settings().region_file)


def time_zone() -> str:
    """The installation's own time zone: what instants are shown in."""
    return region().time_zone


@st.cache_resource
def _engine() -> sa.Engine:
    return engine_for(settings().database_url, pool_size=4)


def now() -> datetime:
    """The time that ages are counted to."""
    return utc_now()


def read(query: Callable[..., Answer], *values: Any) -> Answer:
    """What a query of `streamlit_app.queries` answers, at most `KEEP_SECONDS` old.

    Raises:
        sqlalchemy.exc.OperationalError: when the database does not answer.
    """
    answer: Answer = _kept(query, f"{query.__module__}.{query.__qualname__}", *values)
    return answer


def read_live(query: Callable[..., Answer], *values: Any) -> Answer:
    """The same, at most `LIVE_SECONDS` old.

    Raises:
        sqlalchemy.exc.OperationalError: when the database does not answer.
    """
    answer: Answer = _kept_live(query, f"{query.__module__}.{query.__qualname__}", *values)
    return answer


@st.cache_data(ttl=KEEP_SECONDS, max_entries=500, show_spinner=False)
def _kept(_query: Callable[..., Any], name: str, *values: Any) -> Any:
    with _engine().connect() as connection:
        return _query(connection, *values)


@st.cache_data(ttl=LIVE_SECONDS, max_entries=50, show_spinner=False)
def _kept_live(_query: Callable[..., Any], name: str, *values: Any) -> Any:
    with _engine().connect() as connection:
        return _query(connection, *values)


def role() -> str | None:
    """The role of whoever looks, asked anew each time."""
    token = access.session_token(settings().portal_url.startswith("https://"))
    with _engine().connect() as connection:
        return access.role_of(connection, token, now())
