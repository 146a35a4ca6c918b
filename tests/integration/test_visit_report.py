"""The report on visits: its figures are the page's, no spreadsheet runs it, and only what is there is asked for."""

import csv
import io
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from remedy.appointments.activity import Chosen
from remedy.schema.hospital import doctor
from remedy.settings import Settings
from streamlit_app.views.visits import TILES
from tests.factories import MASTER_KEY, SECRET_KEY, Watch
from tests.integration.dashboard_scene import NOW, TODAY, TOKEN, set_scene
from tests.integration.dashboards import browser, open_page, reader
from tests.integration.visit_scene import FIRST, set_visits
from web_portal import create_app, metrics
from web_portal.admin import report, report_pdf

__all__ = ["browser", "reader"]

RANGE = f"first={TODAY - timedelta(days=27)}&last={TODAY}"


@pytest.fixture(scope="module")
def scene(database: sa.Engine) -> SimpleNamespace:
    """The visits of two weeks, of a doctor whose name is a formula too."""
    with database.begin() as at:
        made = set_scene(at)
        set_visits(at, made)
        at.execute(
            doctor.update()
            .where(doctor.c.public_id == made.doctor_id)
            .values(name='=HYPERLINK("http://evil.example")')
        )
    return made


@pytest.fixture(scope="module")
def farah(database_url: str, scene: SimpleNamespace) -> FlaskClient:
    """The browser of an admin who is signed in."""
    app = create_app(
        Settings(database_url=database_url, secret_key=SECRET_KEY, master_key=MASTER_KEY),
        clock=Watch(NOW),
    )
    client = app.test_client()
    client.set_cookie("remedy", TOKEN)
    return client


def read_rows(client: FlaskClient, wanted: str = RANGE) -> list[dict[str, str]]:
    answer = client.get(f"/admin/export/visits.csv?{wanted}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def test_the_report_says_what_the_page_says(browser, farah):
    rows = read_rows(farah)
    page = open_page("visits")
    tiles = {metric.label: int(metric.value.replace(",", "")) for metric in page.metric}
    said = {row["figure"]: int(row["value"]) for row in rows if row["part"] == "activity"}
    assert said == {kind: tiles[title] for kind, (title, _) in TILES.items()}
    assert sum(said.values()) > 100

    by_doctor = next(one.value for one in page.dataframe if "Doctor" in one.value)
    used = {row["figure"]: row["value"] for row in rows if row["part"] == "doctor"}
    assert round(int(used["offered"]) / 60, 1) == by_doctor["Offered, hours"].item()
    assert round(int(used["booked"]) / 60, 1) == by_doctor["Booked, hours"].item()
    assert f"{float(used['used']):.0%}" == by_doctor["Used"].item()

    waits = next(one.value for one in page.dataframe if "Nine of ten" in one.value)
    counts = [
        int(row["value"]) for row in rows if (row["part"], row["figure"]) == ("waiting", "times")
    ]
    assert counts == waits["Times"].tolist()


def test_the_days_add_up_to_the_whole_and_say_where_they_are_from(farah):
    rows = read_rows(farah)
    whole = {row["figure"]: int(row["value"]) for row in rows if row["part"] == "activity"}
    days = [row for row in rows if row["part"] == "day"]
    assert sum(int(row["value"]) for row in days) == sum(whole.values()) - whole["booked"]
    assert {row["source"] for row in days if row["from"] == str(TODAY)} == {report.LANDED}
    assert {row["source"] for row in days if row["from"] < str(TODAY)} == {report.COUNTED}


def test_no_cell_is_a_formula(farah):
    rows = read_rows(farah)
    assert any("HYPERLINK" in row["of"] for row in rows)
    for row in rows:
        for cell in row.values():
            assert not cell.lstrip(" ").startswith(("=", "+", "@", "\t")), cell
    assert "canary" not in str(rows).lower()


def test_the_paper_holds_the_same_figures(farah, scene, database):
    answer = farah.get(f"/admin/export/visits.pdf?{RANGE}")
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    assert b"Canary" not in answer.data
    with database.connect() as at:
        found = report.collect(at, Chosen(FIRST, TODAY), NOW)
    with farah.application.test_request_context():
        report_pdf.have_fonts()
        cells = report_pdf._activity(found)._cellvalues
        days = report_pdf._bars(found.days)
    assert [int(row[1]) for row in cells[1:]] == [*found.totals.values(), found.booked_count]
    assert sum(one[1] for one in days) == found.totals["requested"]


def test_a_year_is_drawn_by_weeks_and_says_the_same(farah, database):
    with database.connect() as at:
        found = report.collect(at, Chosen(TODAY - timedelta(days=300), TODAY), NOW)
    many = [
        *found.days,
        *(report.Day(FIRST - timedelta(days=n), True, {"requested": 1}) for n in range(1, 120)),
    ]
    bars = report_pdf._bars(sorted(many, key=lambda one: one.day))
    assert len(bars) < 25
    assert sum(one[1] for one in bars) == found.totals["requested"] + 119
    # The week of a day that has only landed is not said to be counted.
    assert bars[-1][3] is False


def test_a_range_without_anything_is_a_report_too(farah):
    far = "first=2020-01-01&last=2020-01-31"
    assert {row["value"] for row in read_rows(farah, far)} == {"0"}
    assert farah.get(f"/admin/export/visits.pdf?{far}").data.startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ("first=2026-13-01", 400), ("first=yesterday", 400), ("first=2026-03-02&last=2026-03-01", 400),
        ("first=2020-01-01&last=2026-01-01", 400), ("doctor=x", 400), (f"doctor={uuid4()}", 404),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(farah, wanted, status):
    for ending in ("csv", "pdf"):
        assert farah.get(f"/admin/export/visits.{ending}?{wanted}").status_code == status


def test_a_doctor_and_a_speciality_are_told_apart(farah, scene):
    whole, ekow, heart = (
        {row["figure"]: int(row["value"]) for row in read_rows(farah, wanted) if row["part"] == "activity"}
        for wanted in (RANGE, f"{RANGE}&doctor={scene.doctor_id}", f"{RANGE}&speciality=cardiology")
    )  # fmt: skip
    assert ekow["requested"] + heart["requested"] == whole["requested"]
    assert heart["requested"] > 0


def test_what_the_portal_is_asked_for_is_counted_by_its_room(farah, database):
    metrics.of(farah.application).look()
    farah.get("/admin/export/visits.csv?first=yesterday")
    farah.get("/no/such/page")
    assert metrics.of(farah.application).look() == 2
    with database.connect() as at:
        rows = at.execute(
            sa.text("SELECT room, SUM(refused_count) AS refused FROM portal_minute GROUP BY room")
        )
        refused = {row.room: int(row.refused) for row in rows}
    assert refused["nowhere"] == 1
    assert refused["admin"] >= 1
