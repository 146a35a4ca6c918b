"""The links in Airflow's menu."""

import importlib.util
from pathlib import Path

from remedy.settings import Settings

FILE = Path(__file__).parents[3] / "plugins" / "remedy_plugin.py"


def loaded():
    spec = importlib.util.spec_from_file_location("remedy_plugin", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_menu_leads_to_the_installations_own_addresses():
    settings = Settings(portal_url="http://portal.example", hdfs_url="http://namenode.example:9870")

    links = {link["name"]: link for link in loaded().links(settings)}

    assert set(links) == {"Portal", "Dashboards", "Data quality", "HDFS", "YARN"}
    assert links["Portal"]["href"] == "http://portal.example"
    assert links["HDFS"]["href"] == "http://namenode.example:9870/explorer.html#/remedy"
    # Without a route of its own Airflow opens it beside itself: the portal refuses to be framed.
    assert all("url_route" not in link for link in links.values())


def test_nothing_is_read_until_airflow_asks(monkeypatch):
    plugin = loaded().RemedyPlugin
    assert plugin.external_views == []

    monkeypatch.setenv("REMEDY_PORTAL_URL", "http://127.0.0.1:18999")
    plugin.on_load()

    assert plugin.external_views[0]["href"] == "http://127.0.0.1:18999"


def test_there_is_no_other_file_for_airflow_to_import():
    assert [path.name for path in FILE.parent.rglob("*.py")] == [FILE.name]
