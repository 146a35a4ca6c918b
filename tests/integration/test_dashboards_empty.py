"""The pages of forecasts and advice on an installation of the first day: each says what is missing and what would fill it."""

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from remedy.schema.pipeline import model_run
from tests.factories import an_admin
from tests.integration.dashboard_advice import VERSION
from tests.integration.dashboard_scene import CLOSED, NOW, TOKEN, sign_in
from tests.integration.dashboards import browser, open_page, reader, words_of

__all__ = ["browser", "reader"]


@pytest.fixture(scope="module")
def scene(database: sa.Engine) -> SimpleNamespace:
    """An admin, and nothing else."""
    with database.begin() as at:
        sign_in(at, an_admin(at), TOKEN, NOW)
    return SimpleNamespace()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("forecast", "No model has been trained yet. The DAG train_models"),
        ("shortages", "The DAG forecast_stock works it out every night"),
        ("orders", "Nothing is advised yet. The DAG forecast_stock"),
        ("models", "No model has been trained yet. The DAG train_models"),
        ("drift", "Nothing has been held against what came yet."),
    ],
)
def test_a_page_with_nothing_says_what_would_fill_it(browser, scene, name, wanted):
    page = open_page(name)

    assert wanted in words_of(page)
    assert not page.metric
    assert not page.dataframe
    assert not page.get("plotly_chart")


def test_a_model_that_was_never_measured_says_so(browser, scene, database):
    with database.begin() as at:
        at.execute(
            model_run.insert().values(
                model="28-day mean", version=VERSION, trained_at=NOW, data_until=CLOSED, series_count=1,
                origin_count=0, path="x", sha256=b"0" * 32, card="# A card", champion_of="demand",
            )
        )  # fmt: skip
    try:
        assert "Past error: not measured" in words_of(open_page("forecast"))
        assert "No past error yet: at least 49 days" in words_of(open_page("models"))
    finally:
        with database.begin() as at:
            at.execute(model_run.delete())
