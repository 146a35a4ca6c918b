"""The main job, end to end: sixty days of a pharmacy's sales, from its till to an admin's dashboard.

On the real hourly sales where they are (REMEDY_DATA_DIR), else on made-up ones of the same shape.
"""

import csv
import os
import uuid
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import requests
import sqlalchemy as sa

from bench import landed
from remedy.accounts.keys import new_api_key
from remedy.catalogue.service import add_medicine
from remedy.gateways.airflow import Airflow
from remedy.gateways.mysql import engine_for
from remedy.schema.pharmacy import pharmacy
from remedy.schema.pipeline import agg_daily_demand, aggregated_day, model_run
from remedy.values import milli_of, utc_now, uuid7
from tests.journeys.at_airflow import Person
from tests.journeys.made_up_sales import write_hourly_and_daily

FIRST, LAST = date(2018, 5, 2), date(2018, 6, 30)
ZONE = "Europe/Belgrade"
PER_REQUEST = 1000

pytestmark = [pytest.mark.journey] + (
    [pytest.mark.realdata] if os.environ.get("REMEDY_DATA_DIR") else []
)


@pytest.fixture(scope="module")
def files(tmp_path_factory, data_dir):
    """The hourly and the daily file: real ones, or made-up ones where there are none."""
    if data_dir is not None:
        folder = data_dir / "pharma_sales"
        return (
            folder / "saleshourly_until_2018-06-30.csv",
            folder / "salesdaily_until_2018-06-30.csv",
        )
    return write_hourly_and_daily(tmp_path_factory.mktemp("sales"), FIRST, LAST)


@pytest.fixture(scope="module")
def engine(stack):
    return engine_for(stack.settings("owner").database_url)


@pytest.fixture(scope="module")
def airflow(stack):
    settings = stack.settings("owner")
    return Airflow(settings.airflow_url, settings.airflow_user, settings.airflow_password)


@pytest.fixture(scope="module")
def seller(engine, files):
    """A pharmacy that sells by group, and the key of its till: (pharmacy id, key, group -> medicine)."""
    pharmacy_id = uuid7()
    with engine.begin() as connection:
        connection.execute(
            sa.insert(pharmacy).values(
                public_id=pharmacy_id,
                name=f"Group Pharmacy {uuid.uuid4().hex[:6]}",
                address="1 Long Street",
                district="Old Town",
                licence=f"T-{uuid.uuid4().hex[:8]}",
                verified_at=utc_now(),
                latitude=44.8,
                longitude=20.5,
                time_zone=ZONE,
            )
        )
        groups = {
            group: add_medicine(
                connection,
                kind="group",
                generic_name=f"Group {group}",
                atc_code=group,
                clock=utc_now,
            )
            for group in hourly(files[0])
        }
        key = new_api_key(connection, pharmacy_id, "till", clock=utc_now)
    return pharmacy_id, key, groups


def hourly(path):
    """Group -> list of (start of the hour, packs as text) within the sixty days, zeros left out."""
    sales = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            at = datetime.strptime(row["datum"], "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(ZONE))
            if FIRST <= at.date() <= LAST:
                for group, packs in row.items():
                    if group != "datum" and Decimal(packs) != 0:
                        sales[group].append((at, packs))
    return dict(sales)


def daily(path):
    """(day, group) -> thousandths of a pack, zeros left out."""
    with path.open(newline="") as file:
        return {
            (date.fromisoformat(row["datum"]), group): milli_of(packs)[0]
            for row in csv.DictReader(file)
            if FIRST <= date.fromisoformat(row["datum"]) <= LAST
            for group, packs in row.items()
            if group != "datum" and milli_of(packs)[0] != 0
        }


def lines_of(path, groups):
    """Everything the till has to tell: a receipt for the first half of each group, then every sale."""
    half = datetime(2018, 6, 1, tzinfo=ZoneInfo(ZONE))
    lines = []
    for group, sales in hourly(path).items():
        first_half = sum((Decimal(packs) for at, packs in sales if at < half), Decimal(0))
        lines.append(
            {
                "line_id": f"{group}-receipt",
                "kind": "receipt",
                "medicine_id": str(groups[group]),
                "quantity": str(Decimal(milli_of(first_half)[0]) / 1000),
                "occurred_at": datetime(2018, 5, 2, 0, 0, tzinfo=ZoneInfo(ZONE)).isoformat(),
            }
        )
    for group, sales in hourly(path).items():
        for at, packs in sales:
            lines.append(
                {
                    "line_id": f"{group}-{at:%Y%m%d%H}",
                    "kind": "sale",
                    "medicine_id": str(groups[group]),
                    "quantity": str(Decimal(milli_of(packs)[0]) / 1000),
                    "occurred_at": (at + timedelta(minutes=30)).isoformat(),
                }
            )
    return lines


def send(stack, key, lines, keys=None):
    """Send the lines as a till would; the answers in order."""
    answers = []
    for number, start in enumerate(range(0, len(lines), PER_REQUEST)):
        answer = requests.post(
            stack.url("portal") + "/api/v1/stock-movements",
            json={"lines": lines[start : start + PER_REQUEST]},
            headers={
                "Authorization": f"Bearer {key}",
                "Idempotency-Key": keys[number] if keys else str(uuid.uuid4()),
            },
            timeout=120,
        )
        assert answer.status_code == 200, answer.text[:500]
        answers += [line["result"] for line in answer.json()["lines"]]
    return answers


def run_dag(airflow, dag, conf=None, seconds=600):
    run_id = airflow.trigger(dag, conf)
    assert airflow.wait(dag, run_id, seconds=seconds) == "success", f"{dag} {run_id}"
    return run_id


def counted(engine, pharmacy_id):
    """(day, medicine id) -> sold milli, as the dashboards read it."""
    table = agg_daily_demand
    with engine.connect() as connection:
        rows = connection.execute(sa.select(table).where(table.c.pharmacy_id == pharmacy_id)).all()
    return {(row.day, row.medicine_id): row for row in rows}


def wait_for_files(engine):
    def drained():
        with engine.connect() as connection:
            return landed.is_drained(connection)

    landed.wait_until(drained, "The landing of everything told", seconds=240, every=1)


def test_sixty_days_of_sales_reach_the_admins_dashboard(
    stack, engine, airflow, files, seller, admin_page
):
    pharmacy_id, key, groups = seller
    lines = lines_of(files[0], groups)
    assert len(lines) > 1000

    assert set(send(stack, key, lines)) == {"recorded"}
    wait_for_files(engine)
    period = {"from": FIRST.isoformat(), "to": LAST.isoformat()}
    # Every day once more, should the hourly count have come between.
    run_dag(airflow, "aggregate_demand", {**period, "again": True})

    expected = {(day, groups[group]): milli for (day, group), milli in daily(files[1]).items()}
    assert expected
    rows = counted(engine, pharmacy_id)
    assert {place: row.sold_milli for place, row in rows.items() if row.sold_milli} == expected
    with engine.connect() as connection:
        applications = connection.execute(
            sa.select(aggregated_day.c.application_id)
            .distinct()
            .where(
                aggregated_day.c.kind == "stock-movements",
                aggregated_day.c.day.between(FIRST, LAST),
            )
        ).scalars()
        assert len([each for each in applications if each]) == 1, "one job over all sixty days"
    uncovered = sum(row.uncovered_milli for row in rows.values())
    assert uncovered > 0, "the receipt covered only the first half"

    # All of it once more, with new keys: known lines change nothing, so there is nothing to count.
    assert set(send(stack, key, lines)) == {"repeated"}
    wait_for_files(engine)
    run_dag(airflow, "aggregate_demand", period)
    assert counted(engine, pharmacy_id) == rows
    with engine.connect() as connection:
        before = set(connection.execute(sa.select(model_run.c.version)).scalars())
    # Sales of a pharmacy that nobody knew before may change much: then a person is asked.
    Person(stack).lets_through(airflow.trigger("train_models"))
    run_dag(airflow, "forecast_stock")
    with engine.connect() as connection:
        new = set(connection.execute(sa.select(model_run.c.version)).scalars()) - before
    assert new
    page = admin_page("/forecast")
    page.get_by_text(next(iter(new))).first.wait_for(timeout=60_000)
