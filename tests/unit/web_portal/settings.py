"""A portal for unit tests: built, never connected."""

from flask import Flask

from remedy.settings import Settings
from tests.factories import MASTER_KEY, SECRET_KEY, Watch
from web_portal import create_app


def an_app(**differs: str) -> Flask:
    """The portal with a clock that stands still and a database nobody answers for."""
    given = {"secret_key": SECRET_KEY, "master_key": MASTER_KEY, "portal_url": "http://localhost"}
    return create_app(Settings(**{**given, **differs}), clock=Watch())
