"""When training and forecast come next; the dashboards' clock times are the DAGs' own."""

from datetime import UTC, datetime
from pathlib import Path

from streamlit_app import schedule

DAGS = Path(__file__).parents[3] / "dags"
SUNDAY_NIGHT = datetime(2026, 2, 1, 3, 0, tzinfo=UTC)


def test_the_next_forecast_is_today_or_tomorrow():
    assert schedule.next_forecast(datetime(2026, 2, 1, 2, 0, tzinfo=UTC)).day == 1
    assert schedule.next_forecast(SUNDAY_NIGHT) == datetime(2026, 2, 2, 2, 40, tzinfo=UTC)


def test_the_next_training_is_on_a_sunday():
    assert schedule.next_training(SUNDAY_NIGHT) == datetime(2026, 2, 1, 3, 30, tzinfo=UTC)
    later = datetime(2026, 2, 1, 3, 31, tzinfo=UTC)
    assert schedule.next_training(later) == datetime(2026, 2, 8, 3, 30, tzinfo=UTC)


def test_the_dags_run_when_the_dashboards_say():
    forecast, training = schedule.FORECAST_AT, schedule.TRAINING_AT
    weekday = (schedule.TRAINING_WEEKDAY + 1) % 7  # cron's Sunday is 0

    assert f'"{forecast.minute} {forecast.hour} * * *"' in (DAGS / "forecast_stock.py").read_text()
    assert (
        f'"{training.minute} {training.hour} * * {weekday}"'
        in (DAGS / "train_models.py").read_text()
    )
