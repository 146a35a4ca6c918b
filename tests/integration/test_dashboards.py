"""The dashboards against a real database, through the dashboards' own account."""

import getpass
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
import sqlalchemy as sa
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from remedy.gateways.mysql import engine_for
from remedy.schema import pipeline as tables
from remedy.schema.hospital import appointment, doctor
from remedy.schema.migrate import grant
from remedy.schema.people import account, session
from remedy.schema.people import patient as patient_table
from remedy.settings import Settings
from remedy.values import uuid7
from streamlit_app import access, data
from streamlit_app.queries import demand, forecasts, names, pipeline, requests
from tests.factories import (
    Watch,
    a_doctor,
    a_medicine,
    a_patient,
    a_pharmacy,
    a_vault,
    an_admin,
    row_of,
)

APP = str(Path(__file__).parents[2] / "streamlit_app" / "app.py")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CLOSED, TODAY = date(2026, 3, 1), date(2026, 3, 2)
TOKEN = "the token in Farah's cookie"
PAGES = ("demand", "forecast", "requests", "pipeline", "quality")


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


@pytest.fixture(scope="module")
def scene(database: sa.Engine) -> SimpleNamespace:
    """A closed day counted, a day since, a forecast, a request, and an admin who is signed in."""
    with database.begin() as at:
        made = SimpleNamespace(
            pharmacy_id=a_pharmacy(at, name="Corner Pharmacy"),
            medicine_id=a_medicine(at, brand_name="Calmadol"),
            other_id=a_medicine(at, brand_name="Otherol"),
            doctor_id=a_doctor(at),
            appointment_id=uuid7(),
        )
        vault = a_vault()
        sign_in(at, an_admin(at), TOKEN, NOW)
        count_days(at, made)
        land(at, made)
        foretell(at, made)
        ask(at, made, a_patient(at, vault, name="Asha Canary"))
    return made


def sign_in(at: sa.Connection, account_id: UUID, token: str, seen_at: datetime) -> None:
    at.execute(
        session.insert().values(
            token_sha256=hashlib.sha256(token.encode()).digest(),
            account_id=row_of(at, account, account_id),
            csrf_secret=b"0" * 32,
            created_at=NOW,
            last_seen_at=seen_at,
            expires_at=seen_at + timedelta(hours=12),
        )
    )


def count_days(at: sa.Connection, made: SimpleNamespace) -> None:
    for day, sold, is_open in ((CLOSED, 7000, False), (TODAY, 999_000, True)):
        at.execute(
            tables.agg_daily_demand.insert().values(
                day=day,
                pharmacy_id=made.pharmacy_id,
                medicine_id=made.medicine_id,
                sold_milli=sold,
                uncovered_milli=1000,
                refused_milli=2000,
                received_milli=0,
                sale_count=3,
                refusal_count=1,
            )
        )
        for kind in ("stock-movements", "medicine-searches"):
            at.execute(
                tables.aggregated_day.insert().values(
                    kind=kind,
                    day=day,
                    changed_at=NOW,
                    landed_rows=5,
                    counted_rows=4,
                    quarantined_rows=1,
                    run_id="run-1",
                    application_id="application_17_0001",
                    aggregated_at=NOW - timedelta(minutes=5),
                    is_open=is_open,
                )
            )
            at.execute(
                tables.landed_day.insert().values(
                    kind=kind, day=day, landed_rows=5, changed_at=NOW + timedelta(seconds=1)
                )
            )
    for medicine_id, query, count in ((UUID(int=0), "kalmadol", 3), (made.medicine_id, "", 2)):
        at.execute(
            tables.agg_daily_unmet_demand.insert().values(
                day=CLOSED,
                medicine_id=medicine_id,
                district="Harbour",
                query=query,
                search_count=count,
                searcher_count=1,
            )
        )


def land(at: sa.Connection, made: SimpleNamespace) -> None:
    """Today: 3 packs sold, 1 of it reversed, 4 refused, 50 sold by a row that is quarantined."""
    item = {"pharmacy_id": str(made.pharmacy_id), "medicine_id": str(made.medicine_id)}
    events = [
        ("sold", {**item, "quantity_milli": 3000}),
        ("reversed", {**item, "reversed_kind": "sold", "reversed_quantity_milli": 1000}),
        ("refused", {**item, "quantity_milli": 4000}),
        ("received", {**item, "quantity_milli": 80_000}),
        ("sold", {**item, "quantity_milli": 50_000}),
    ]
    for number, (kind, body) in enumerate(events):
        event_id = uuid7()
        land_row(at, "stock-movements", f"remedy.stock-movements.{kind}.v1", number, event_id, body)
    at.execute(
        tables.quarantine.insert().values(
            event_id=event_id,
            topic="stock-movements",
            day=TODAY,
            expectation="pharmacy is known",
            quarantined_at=NOW,
        )
    )
    for number, found in enumerate((2, 0)):
        land_row(
            at,
            "medicine-searches",
            "remedy.medicine-searches.searched.v1",
            number,
            uuid7(),
            {"pharmacies_found": found},
        )
    at.execute(
        tables.landing_dead_letter.insert().values(
            topic="orders",
            partition_no=0,
            record_offset=9,
            reason="The body is not JSON.",
            landed_at=NOW,
        )
    )
    at.execute(
        tables.quality_result.insert().values(
            run_id="run-1",
            topic="stock-movements",
            expectation="pharmacy is known",
            severity="critical",
            has_passed=False,
            checked_rows=5,
            failed_rows=1,
            checked_at=NOW,
        )
    )


def land_row(
    at: sa.Connection, topic: str, kind: str, offset: int, event_id: UUID, body: dict
) -> None:
    at.execute(
        tables.RAW[topic]
        .insert()
        .values(
            event_id=event_id,
            type=kind,
            partition_no=0,
            record_offset=offset,
            event_at=NOW - timedelta(seconds=2),
            day=TODAY,
            landed_at=NOW - timedelta(seconds=1),
            event=json.dumps({"data": body}),
        )
    )


def foretell(at: sa.Connection, made: SimpleNamespace) -> None:
    run = at.execute(
        tables.model_run.insert().values(
            model="ridge",
            version="20260302T080000Z-abc",
            trained_at=NOW - timedelta(hours=1),
            data_until=CLOSED,
            series_count=1,
            relative_error=0.87,
            total_error_milli=1000.0,
            origin_count=13,
            path="models/demand/x/model.json",
            sha256=b"0" * 32,
            card="# The card of the model",
            champion_of="demand",
        )
    )
    for method, error in (("ridge", 20.0), ("28-day mean", 30.0)):
        at.execute(
            tables.model_error.insert().values(
                model_run_id=run.inserted_primary_key[0],
                method=method,
                origin_on=CLOSED - timedelta(days=28),
                series_count=1,
                total_error_milli=error,
                total_actual_milli=100.0,
            )
        )
    item = {"pharmacy_id": made.pharmacy_id, "medicine_id": made.medicine_id}
    stamp = {"model_version": "20260302T080000Z-abc", "made_at": NOW - timedelta(minutes=30)}
    for ahead in range(28):
        at.execute(
            tables.out_stock_forecast.insert().values(
                **item,
                **stamp,
                day=TODAY + timedelta(days=ahead),
                expected_milli=1000,
                low_milli=0,
                high_milli=3000,
            )
        )
    at.execute(
        tables.out_stock_cover.insert().values(
            **item,
            **stamp,
            stock_milli=4500,
            days_of_cover=4.5,
            demand_28_milli=28_000,
            demand_28_low_milli=20_000,
            demand_28_high_milli=36_000,
        )
    )


def ask(at: sa.Connection, made: SimpleNamespace, patient_id: UUID) -> None:
    at.execute(
        appointment.insert().values(
            public_id=made.appointment_id,
            doctor_id=row_of(at, doctor, made.doctor_id),
            patient_id=row_of(at, patient_table, patient_id),
            state="requested",
            urgency="urgent",
            starts_at=NOW + timedelta(days=2),
            ends_at=NOW + timedelta(days=2, minutes=20),
            symptoms_sealed="sealed",
            version=1,
            requested_at=NOW - timedelta(minutes=20),
            lapses_at=NOW + timedelta(hours=47),
        )
    )


@pytest.fixture
def connection(reader: sa.Engine, scene: SimpleNamespace) -> Iterator[sa.Connection]:
    with reader.connect() as at:
        yield at


def test_closed_days_and_the_time_since_are_told_apart_and_never_both(connection, scene):
    count = demand.last_count(connection)
    closed = demand.daily(connection, CLOSED - timedelta(days=9), CLOSED)
    later = demand.so_far(connection, CLOSED)

    assert count["day"].iloc[0].date() == CLOSED  # the open day was counted too, and is not closed
    assert closed[["sold_milli", "refused_milli", "uncovered_milli"]].to_numpy().tolist() == [
        [7000, 2000, 1000]
    ]
    # 3 sold less 1 reversed; what was received is no demand, what is quarantined is not believed.
    assert later[["sold_milli", "refused_milli", "row_count"]].to_numpy().tolist() == [
        [2000, 4000, 4]
    ]
    assert demand.days_to_recount(connection) == 1


def test_demand_can_be_asked_for_one_pharmacy_and_one_medicine(connection, scene):
    mine = demand.so_far(connection, CLOSED, scene.pharmacy_id, scene.medicine_id)
    other = demand.so_far(connection, CLOSED, scene.pharmacy_id, scene.other_id)
    nowhere = demand.daily(connection, CLOSED, CLOSED, uuid7())

    assert mine["sold_milli"].tolist() == [2000]
    assert other.empty
    assert nowhere.empty
    assert demand.by_medicine(connection, CLOSED, CLOSED)["medicine"].tolist() == [
        "Calmadol (paracetamol), 500 mg, tablet, 20 tablets"
    ]


def test_what_was_not_found_is_named_by_medicine_or_by_its_words(connection, scene):
    unmet = demand.unmet(connection, CLOSED, CLOSED)
    since = demand.unmet_so_far(connection, CLOSED).iloc[0]

    assert unmet["wanted"].tolist()[0] == "“kalmadol”"
    assert unmet["wanted"].tolist()[1].startswith("Calmadol")
    assert (since["search_count"], since["unmet_count"]) == (2, 1)


def test_the_pipeline_is_seen_from_its_own_tables(connection, scene):
    topics = pipeline.topics(connection).set_index("topic")

    assert topics.loc["stock-movements", "median_s"] == pytest.approx(1.0)
    assert topics.loc["stock-movements", "row_count"] == 10
    assert topics["median_s"].isna().sum() == len(topics) - 2
    assert pipeline.dead_letters(connection)["letter_count"].tolist() == [1]
    assert pipeline.quarantined(connection)["held_count"].tolist() == [1]
    days = pipeline.counted_days(connection)
    assert len(days) == 4
    assert days["is_stale"].astype(bool).all()
    for empty in (
        pipeline.files(connection),
        pipeline.positions(connection),
        pipeline.backlog(connection),
    ):
        assert empty.empty


def test_every_query_answers_an_account_that_may_only_read(connection, scene):
    assert names.pharmacies(connection)["name"].tolist() == ["Corner Pharmacy"]
    assert len(names.counted_medicines(connection)) == 1
    assert forecasts.model_in_use(connection)["method"].tolist() == ["ridge"]
    assert len(forecasts.cover(connection, scene.pharmacy_id)) == 1
    waiting = requests.waiting(connection)
    assert waiting["appointment_id"].tolist() == [str(scene.appointment_id)]
    assert requests.by_state(connection)["request_count"].tolist() == [1]


def test_the_session_decides_at_every_look(reader, database, scene):
    with database.begin() as at:
        sign_in(at, an_admin(at, name="Idle"), "idle", NOW - timedelta(minutes=31))
        ended = an_admin(at, name="Gone")
        sign_in(at, ended, "ended", NOW)
        at.execute(
            session.update()
            .where(session.c.token_sha256 == hashlib.sha256(b"ended").digest())
            .values(ended_at=NOW)
        )
    with reader.connect() as at:
        assert access.role_of(at, TOKEN, NOW) == "admin"
        assert access.role_of(at, TOKEN, NOW + timedelta(minutes=31)) is None
        assert access.role_of(at, "idle", NOW) is None
        assert access.role_of(at, "ended", NOW) is None
        assert access.role_of(at, "no such token", NOW) is None
        assert access.role_of(at, "", NOW) is None


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
    page.run()
    # Pages that are functions can be asked for only by the hash of their address; there is no call for it.
    page._page_hash = calc_hash(name)
    page.run()
    assert not page.exception, page.exception
    return page


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("demand", ["Sold, packs: 7", "Since 1 Mar, packs: 2", "MapReduce (application_17_0001)", "5 min ago", "“kalmadol”"]),
        ("forecast", ["Method in use: ridge", "Past error: 20%", "Against the mean: 87%", "4.5 days", "20260302T080000Z-abc", "next training", "Next forecast", "28 packs expected"]),
        ("requests", ["general practice", "asked 20 min ago", "in 2 days", "urgent"]),
        ("pipeline", ["stock-movements", "1.0 s", "The body is not JSON.", "dead letter", "changed since"]),
        ("quality", ["pharmacy is known", "Critical ones failed: 1", "Rows held back: 1"]),
    ],
)  # fmt: skip
def test_each_page_shows_its_figures_with_age_and_source(browser, scene, name, wanted):
    shown = words_of(open_page(name))

    for words in wanted:
        assert words in shown
    assert "Source: " in shown
    assert "Canary" not in shown
    assert "what draws it" not in shown  # Streamlit prints bare strings of its main file


def test_who_is_no_admin_gets_a_sentence_and_no_figure(browser, scene):
    browser.token = "somebody else's"
    for name in PAGES:
        page = open_page(name)
        assert "These pages are for admins" in words_of(page)
        assert not page.metric
        assert not page.dataframe


def test_a_session_that_ends_ends_the_dashboards_with_the_next_look(browser, scene, database):
    with database.begin() as at:
        sign_in(at, an_admin(at, name="Brief"), "brief", NOW)
    browser.token = "brief"
    page = open_page("demand")
    assert page.metric
    with database.begin() as at:
        at.execute(
            session.update()
            .where(session.c.token_sha256 == hashlib.sha256(b"brief").digest())
            .values(ended_at=NOW)
        )

    page.run()

    assert not page.metric
    assert "These pages are for admins" in words_of(page)


def test_when_the_database_does_not_answer_the_page_says_so(browser, scene, monkeypatch):
    st.cache_resource.clear()
    monkeypatch.setattr(
        data,
        "settings",
        lambda: Settings(database_url="mysql+pymysql://nobody@127.0.0.1:1/remedy"),
    )
    page = AppTest.from_file(APP, default_timeout=60).run()

    assert not page.exception
    assert "The database does not answer" in page.error[0].value
