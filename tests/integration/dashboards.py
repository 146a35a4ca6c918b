"""The dashboards as a test looks at them: their own database account, an admin's browser, a page and its words."""

import getpass
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from remedy.gateways.mysql import engine_for
from remedy.schema.migrate import grant
from remedy.settings import Settings
from streamlit_app import access, data
from tests.factories import Watch
from tests.integration.dashboard_scene import NOW, TOKEN

APP = str(Path(__file__).parents[2] / "streamlit_app" / "app.py")


@pytest.fixture(scope="module")
def reader(request: pytest.FixtureRequest, database_url: str) -> Iterator[sa.Engine]:
    """The dashboards' account on this module's database; its owner where another server is tested."""
    url = sa.make_url(database_url)
    if not os.environ.get("REMEDY_TEST_DATABASE_URL"):
        stack = request.getfixturevalue("stack")
        socket = stack.installation.databases / "mariadb.sock"
        admin = sa.create_engine(
            sa.URL.create(
                "mysql+pymysql",
                username=getpass.getuser(),
                database=url.database,
                query={"unix_socket": str(socket)},
            )
        )
        with admin.connect() as connection:
            assert grant(connection, ("remedy_dashboard",)) == ["remedy_dashboard"]
        admin.dispose()
        url = sa.make_url(stack.settings("dashboard").database_url).set(database=url.database)
    engine = engine_for(url.render_as_string(hide_password=False))
    yield engine
    engine.dispose()


@pytest.fixture
def browser(
    reader: sa.Engine, scene: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimpleNamespace]:
    """An admin's browser: the cookie it sends, and the time."""
    sent = SimpleNamespace(token=TOKEN)
    url = reader.url.render_as_string(hide_password=False)
    monkeypatch.setattr(
        data, "settings", lambda: Settings(database_url=url, portal_url="http://portal.example")
    )
    monkeypatch.setattr(data, "now", Watch(NOW))
    monkeypatch.setattr(access, "session_token", lambda is_https: sent.token)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield sent
    data._engine().dispose()
    st.cache_data.clear()
    st.cache_resource.clear()


def words_of(page: AppTest) -> str:
    parts = [*page.title, *page.header, *page.markdown, *page.caption, *page.info, *page.warning]
    shown = [element.value for element in parts]
    shown += [f"{metric.label}: {metric.value}" for metric in page.metric]
    shown += [frame.value.to_csv() for frame in page.dataframe]
    return "\n".join(shown)


def open_page(name: str) -> AppTest:
    page = AppTest.from_file(APP, default_timeout=60)
    # Pages that are functions can be asked for only by the hash of their address; there is no call for it.
    page._page_hash = calc_hash(name)
    page.run()
    assert not page.exception, page.exception
    return page
