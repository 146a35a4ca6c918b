"""The topics: what is told where, keyed by what, kept how long, by whom written and read."""

from dataclasses import dataclass

from remedy.events import demand, hospital, orders, pharmacy, prescriptions, recorded
from remedy.events.base import REGISTRY, Event

RETENTION_DAYS = 14


@dataclass(frozen=True)
class Topic:
    """One Kafka topic. `key` names what the record key identifies (None: spread evenly)."""

    name: str
    key: str | None
    partitions: int
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    retention_days: int = RETENTION_DAYS

    @property
    def dead_letters(self) -> str:
        """The topic for what cannot be read."""
        return f"{self.name}-dlq"

    @property
    def raw_table(self) -> str:
        """The table its records land in."""
        return "raw_" + self.name.replace("-", "_")

    @property
    def events(self) -> tuple[type[Event], ...]:
        """The event classes told on it."""
        return tuple(cls for cls in REGISTRY.values() if cls.topic() == self.name)


_ROAD = ("relay",)
_READERS = ("land_events", "portal")

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic("medicine-searches", None, 2, ("portal", "relay"), ("land_events",)),
        Topic("stock-movements", "pharmacy", 4, _ROAD, _READERS),
        Topic("orders", "pharmacy", 2, _ROAD, _READERS),
        Topic("prescriptions", "prescription", 2, _ROAD, _READERS),
        Topic("appointments", "doctor", 2, _ROAD, _READERS),
        Topic("reports", "report", 1, _ROAD, ("land_events",)),
        Topic("consultations", "consultation", 1, _ROAD, _READERS),
        Topic("demand-alerts", "subject", 1, _ROAD, ("land_events",)),
    )
}

__all__ = [
    "RETENTION_DAYS",
    "TOPICS",
    "Topic",
    "demand",
    "hospital",
    "orders",
    "pharmacy",
    "prescriptions",
    "recorded",
]
