"""When training and forecast come next, by the clock. A test compares these times with the DAGs' own."""

from datetime import UTC, datetime, time, timedelta

FORECAST_AT = time(2, 40)
"""Daily, UTC; besides, a forecast follows every count and every training."""
TRAINING_AT = time(3, 30)
TRAINING_WEEKDAY = 6
"""Sunday, UTC."""


def next_forecast(now: datetime) -> datetime:
    """The next time the clock starts a forecast."""
    return _next(now, FORECAST_AT)


def next_training(now: datetime) -> datetime:
    """The next time the clock starts a training."""
    at = _next(now, TRAINING_AT)
    return at + timedelta(days=(TRAINING_WEEKDAY - at.weekday()) % 7)


def _next(now: datetime, at: time) -> datetime:
    today = datetime.combine(now.astimezone(UTC).date(), at, tzinfo=UTC)
    return today if today > now else today + timedelta(days=1)
