"""Each account's rights are a partition: nothing is written by two accounts."""

import pytest

from remedy.schema.rights import GRANTS, SIGN_IN_VIEW, VIEWS_FOR_ALL, is_pipelines
from remedy.schema.tables import metadata

EVERYTHING = sorted({*metadata.tables, *VIEWS_FOR_ALL, SIGN_IN_VIEW, "alembic_version"})


def writable(account):
    return {
        name
        for privileges, names in GRANTS[account](EVERYTHING).items()
        if "INSERT" in privileges
        for name in names
    }


def readable(account):
    return {name for names in GRANTS[account](EVERYTHING).values() for name in names}


def test_no_table_is_written_by_two_accounts():
    assert writable("remedy_portal")
    assert writable("remedy_pipeline")
    assert not writable("remedy_portal") & writable("remedy_pipeline")
    assert writable("remedy_watch") & (writable("remedy_portal") | writable("remedy_pipeline")) == {
        "outbox"
    }


def test_every_table_is_written_by_somebody():
    written = {name for account in GRANTS for name in writable(account)}
    assert written == set(metadata.tables)


def test_the_dashboards_write_nothing():
    assert not writable("remedy_dashboard")


def test_the_watch_tells_and_reads_nothing_of_what_was_told():
    assert GRANTS["remedy_watch"](EVERYTHING)["INSERT"] == ["outbox"]
    assert "stock_lot" not in readable("remedy_watch")


@pytest.mark.parametrize("account", ["remedy_pipeline", "remedy_dashboard"])
def test_nobody_but_the_portal_reads_people(account):
    assert not readable(account) & {"patient", "patient_key", "account", "session", "outbox"}


def test_the_ledger_is_append_only():
    rights = GRANTS["remedy_portal"](EVERYTHING)
    assert "stock_movement" in rights["SELECT, INSERT"]
    assert "stock_movement" not in rights["SELECT, INSERT, UPDATE, DELETE"]


def test_what_was_decided_of_shortages_is_the_portals_and_stays_as_it_was():
    decisions = {"shortage_notice", "shortage_told", "shortage_silence"}
    assert decisions <= writable("remedy_portal")
    for account in ("remedy_pipeline", "remedy_dashboard", "remedy_watch"):
        assert not readable(account) & decisions
    assert "shortage_notice" in GRANTS["remedy_portal"](EVERYTHING)["SELECT, INSERT"]


def test_only_streamlit_asks_who_is_signed_in():
    assert SIGN_IN_VIEW in readable("remedy_dashboard")
    assert SIGN_IN_VIEW not in readable("remedy_pipeline")


def test_raw_and_out_tables_are_the_pipelines():
    assert is_pipelines("raw_stock_movements")
    assert is_pipelines("out_stock_forecast")
    assert not is_pipelines("stock_item")
