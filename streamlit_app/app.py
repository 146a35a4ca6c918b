"""The dashboards: who is it (the portal's session), then one of its pages.

Run by `streamlit run streamlit_app/app.py`. Results are read; nothing is computed or changed here.
"""

import logging
import time
from functools import partial

import sqlalchemy as sa
import streamlit as st

from streamlit_app import access, data
from streamlit_app.views import (
    demand,
    drift,
    forecast,
    imported,
    live,
    models,
    orders,
    performance,
    pipeline,
    quality,
    requests,
    shortages,
    system,
    trends,
    visits,
    week_ahead,
)

log = logging.getLogger(__name__)

# Title, address, icon and what draws it. (A comment: Streamlit would print a bare string of this file.)
PAGES = (
    ("Demand", "demand", ":material/bar_chart:", demand.show),
    ("Live demand", "live", ":material/monitoring:", live.show),
    ("Trends", "trends", ":material/insights:", trends.show),
    ("Pharmacy performance", "performance", ":material/local_pharmacy:", performance.show),
    ("Forecast", "forecast", ":material/trending_up:", forecast.show),
    ("Shortages", "shortages", ":material/production_quantity_limits:", shortages.show),
    ("Orders and transfers", "orders", ":material/local_shipping:", orders.show),
    ("Models", "models", ":material/model_training:", models.show),
    ("Drift", "drift", ":material/ssid_chart:", drift.show),
    ("Requests", "requests", ":material/event:", requests.show),
    ("Visits", "visits", ":material/stethoscope:", visits.show),
    ("Visits and demand", "week-ahead", ":material/compare_arrows:", week_ahead.show),
    ("Imported visits", "imported", ":material/input:", imported.show),
    ("Pipeline", "pipeline", ":material/conveyor_belt:", pipeline.show),
    ("System performance", "system", ":material/speed:", system.show),
    ("Data quality", "quality", ":material/verified:", quality.show),
)

# Our own: Streamlit would fetch a page's icon from a font service, and so tell it who looks.
MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" '
    'fill="#0b6e6e"/><path d="M13 6h6v7h7v6h-7v7h-6v-7H6v-6h7z" fill="#fff"/></svg>'
)

# No traces and nobody's tools in the browser; and no CSV of Streamlit's own, which would leave cells that a
# spreadsheet runs: exports are the portal's.
OPTIONS = {
    "client.showErrorDetails": "none",
    "client.toolbarMode": "viewer",
    "client.disableDataExport": True,
}

REFRESH_SECONDS = 60


def main() -> None:
    """Draw the page that was asked for, for an admin; a sentence for anybody else."""
    st.set_page_config(page_title="Remedy dashboards", page_icon=MARK, layout="wide")
    for option, value in OPTIONS.items():
        st.set_option(option, value)
    st.session_state["drawn_at"] = time.monotonic()
    try:
        role = data.role()
        is_admin = role == access.ADMIN
        # Somebody else gets the same addresses, with the same sentence behind each.
        page = st.navigation(
            [
                st.Page(
                    show if is_admin else partial(_refuse, role),
                    title=title,
                    icon=icon,
                    url_path=address,
                )
                for title, address, icon, show in PAGES
            ],
            position="sidebar" if is_admin else "hidden",
            # All of them at once. Headings between them would break the list for who hears it.
            expanded=True,
        )
        if is_admin:
            st.sidebar.link_button(
                "Back to the portal", data.settings().portal_url, icon=":material/arrow_back:"
            )
            live.banner()
        page.run()
    except sa.exc.DBAPIError as error:
        # The driver's own words may hold an address; they belong in the log, and only their kind there.
        log.warning("A page could not be read: %s", type(error.orig).__name__)
        st.error(
            "The database does not answer, so there is nothing to show. The page tries again by itself "
            "in a minute; the service is called mariadb (`./run status`).",
            icon=":material/error:",
        )
    _keep_fresh()


def _refuse(role: str | None) -> None:
    st.title("Remedy dashboards")
    portal = data.settings().portal_url
    if role is None:
        st.write(
            "These pages are for admins. Sign in on the portal, then reload this page: one sign-in "
            "serves both. A sign-in ends after half an hour without a click on the portal."
        )
        st.link_button("Sign in on the portal", f"{portal}/sign-in", type="primary")
        return
    st.write(
        f"These pages are for admins. You are signed in as a {role}; your own pages are on the portal."
    )
    st.link_button("Go to the portal", portal, type="primary")


@st.fragment(run_every=REFRESH_SECONDS)
def _keep_fresh() -> None:
    """Draw the whole page again every minute: ages stay true, and who signed out sees nothing more."""
    if time.monotonic() - st.session_state["drawn_at"] > REFRESH_SECONDS / 2:
        st.rerun(scope="app")


if __name__ == "__main__":
    main()
