"""Links from the Airflow UI to the rest of the platform. Nothing else belongs here: everything under
`plugins/` is imported under its bare file name by every Airflow process.
"""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from remedy.settings import Settings

CATEGORY = "Remedy"


class RemedyPlugin(AirflowPlugin):
    """A menu `Remedy` whose entries open in a page of their own."""

    name = "remedy"
    external_views: list[dict[str, str]] = []  # noqa: RUF012 - Airflow asks for a list on the class

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:
        """Called by Airflow once: the addresses are the installation's."""
        cls.external_views = links(Settings.from_env())


def links(settings: Settings) -> list[dict[str, str]]:
    """The entries of the menu. Without a `url_route` Airflow opens them beside itself, not in a frame."""
    addresses = {
        "Portal": settings.portal_url,
        "Dashboards": settings.dashboard_url,
        "Data quality": f"{settings.dashboard_url}/quality",
        "HDFS": f"{settings.hdfs_url}/explorer.html#{settings.hdfs_root}",
        "YARN": f"{settings.yarn_url}/cluster",
    }
    return [
        {"name": name, "href": href, "destination": "nav", "category": CATEGORY}
        for name, href in addresses.items()
    ]
