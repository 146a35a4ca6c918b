"""What has been heard of the last hour, and what of it is unusual: alerts that open, rise, rest and end. Pure.

An alert is an episode. It opens when a window holds more than its band, and rests when for ten minutes no window holds more
than one in a hundred would: between the two it does not flap. A rush or shortage that lasts for days is quiet at night and
while shops are closed: what comes back within three days of rest is the same alert, and only after those it has ended.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from remedy.pipeline.demand_bands import (
    ALL,
    BY_PEOPLE,
    CALM_CHANCE,
    FOLLOWS,
    WINDOWS,
    Band,
    Key,
    Measure,
    Subject,
    Usual,
    busy,
    subjects_of,
)

LONGEST = timedelta(minutes=max(WINDOWS))
CALM = timedelta(minutes=10)
REST = timedelta(days=3)
"""From when it was last unusual; so long that a weekend with a holiday lies within."""

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, order=True)
class Heard:
    """One event: when it happened, what it is, which medicine it names, and the pseudonym of who (if any)."""

    at: datetime
    measure: Measure
    medicine: str | None = None
    person: str = ""


@dataclass(frozen=True)
class Seen:
    """A window as it stands: `people` are distinct pseudonyms; for measures without people it is the count."""

    minutes: int
    count: int
    people: int
    band: Band


@dataclass(frozen=True)
class Alert:
    """A change of demand that was noticed.

    `band_high` is the most that chance would have brought, `highest` the window's highest count since, `unusual_at`
    when a window last held more than the calm does; it `is_resting` while nothing is unusual.
    """

    key: Key
    minutes: int
    opened_at: datetime
    opened: Seen
    band_high: int
    highest: Seen
    highest_at: datetime
    unusual_at: datetime
    is_resting: bool = False
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Change:
    """What a look found: an alert `opened`, `risen`, `rested`, `resumed` or `ended`."""

    what: str
    alert: Alert


class Looks:
    """The last hour in memory; `hear` what happened, then `look`."""

    def __init__(self, usual: Usual, groups: Mapping[str, str], *, smallest: int) -> None:
        self.usual = usual
        self.groups = groups
        self._smallest = smallest
        self._heard: dict[Key, list[tuple[datetime, str]]] = {}
        self._touched: set[Key] = set()
        self.open: dict[Key, Alert] = {}

    def hear(self, events: Iterable[Heard]) -> None:
        """Take events in, in any order."""
        for event in events:
            for subject in subjects_of(event.medicine, self.groups):
                key = subject, event.measure
                insort(self._heard.setdefault(key, []), (event.at, event.person))
                self._touched.add(key)

    def look(self, now: datetime) -> list[Change]:
        """What changed: only keys with new events, and those with an open alert, can have."""
        touched, self._touched = self._touched, set()
        if not self.usual.is_known:
            return []
        found = []
        # Medicines first: what one of them explains is no news of its group.
        for key in sorted(touched | self.open.keys(), key=lambda key: _ORDER[key[0].kind]):
            change = self._look_at(key, now)
            if change is not None:
                found.append(change)
        return found

    def forget(self, now: datetime) -> None:
        """Drop what is older than the longest window."""
        for key in list(self._heard):
            heard = self._heard[key]
            del heard[: bisect_left(heard, (now - LONGEST,))]
            if not heard:
                del self._heard[key]

    def keys(self) -> list[Key]:
        """What something was heard of in the last hour."""
        return list(self._heard)

    def seen(self, key: Key, now: datetime, minutes: int) -> Seen:
        """One window of a key as it stands now."""
        first, last = self._bounds(key, now, minutes)
        people = count = last - first
        if key[1] in BY_PEOPLE and count:
            people = len({person for _, person in self._heard[key][first:last]})
        return Seen(minutes, count, people, self._band(key, now, minutes))

    def _band(self, key: Key, now: datetime, minutes: int) -> Band:
        return self.usual.band(key, now, minutes, self._busy(key, now, minutes))

    def count(self, key: Key, now: datetime, minutes: int) -> int:
        """How many events of a key the minutes before an instant hold."""
        first, last = self._bounds(key, now, minutes)
        return last - first

    def _bounds(self, key: Key, now: datetime, minutes: int) -> tuple[int, int]:
        heard = self._heard.get(key)
        if heard is None:
            return 0, 0
        first = bisect_left(heard, (now - timedelta(minutes=minutes),))
        is_all_over = heard[-1][0] <= now
        return first, len(heard) if is_all_over else bisect_left(heard, (now + _TICK,))

    def _busy(self, key: Key, now: datetime, minutes: int) -> float:
        """How busy the rest of the town is, in this window or in a longer one."""
        if key[0] == ALL:
            return 1.0
        subject, measure = key
        return max(
            self._busy_in((subject, of), now, each)
            for of in {measure, FOLLOWS.get(measure, measure)}
            for each in WINDOWS
            if each >= minutes
        )

    def _busy_in(self, key: Key, now: datetime, minutes: int) -> float:
        whole = ALL, key[1]
        others = self.count(whole, now, minutes) - self.count(key, now, minutes)
        expected = (
            self.usual.band(whole, now, minutes).mean - self.usual.band(key, now, minutes).mean
        )
        return busy(others, max(expected, 0.0))

    def _look_at(self, key: Key, now: datetime) -> Change | None:
        alert = self.open.get(key)
        if alert is not None and not alert.is_resting:
            return self._look_again(alert, now)
        seen = self._outside(key, now)
        if alert is not None:
            return self._look_at_rest(alert, seen, now)
        if seen is None:
            return None
        high = seen.band.highest(self.usual.chance)
        opened = Alert(key, seen.minutes, now, seen, high, seen, now, now)
        self.open[key] = opened
        return Change("opened", opened)

    def _outside(self, key: Key, now: datetime) -> Seen | None:
        """The shortest window of a key that holds more than its band."""
        for minutes in WINDOWS:
            # Cheap first: most windows hold too few to be spoken of, or about what they use to.
            count = self.count(key, now, minutes)
            if count < self._smallest or count <= self.usual.band(key, now, minutes).mean:
                continue
            seen = self.seen(key, now, minutes)
            if seen.people < self._smallest or seen.count <= seen.band.mean:
                continue
            if seen.band.chance_of(seen.count) < self.usual.chance and not self._is_explained(
                key, seen, now
            ):
                return seen
        return None

    def _look_at_rest(self, alert: Alert, seen: Seen | None, now: datetime) -> Change | None:
        if now - alert.unusual_at >= REST:
            del self.open[alert.key]
            return Change("ended", replace(alert, ended_at=now))
        if seen is None:
            return None
        alert = replace(alert, is_resting=False, unusual_at=now)
        self.open[alert.key] = alert
        return Change("resumed", alert)

    def _is_explained(self, key: Key, seen: Seen, now: datetime) -> bool:
        """Whether the group, or the town, is within its band without the medicines that have an alert."""
        subject, measure = key
        if subject.kind == "medicine":
            return False
        inside = sum(
            self.count(other, now, seen.minutes)
            for other, alert in self.open.items()
            if other[1] == measure
            and other[0].kind == "medicine"
            and not alert.is_resting
            and (subject == ALL or self.groups.get(other[0].name) == subject.name)
        )
        left = seen.count - inside
        return left < self._smallest or seen.band.chance_of(left) >= self.usual.chance

    def _look_again(self, alert: Alert, now: datetime) -> Change | None:
        windows = [self.seen(alert.key, now, minutes) for minutes in WINDOWS]
        is_unusual = any(
            seen.count > seen.band.mean and seen.band.chance_of(seen.count) < CALM_CHANCE
            for seen in windows
        )
        own = next(seen for seen in windows if seen.minutes == alert.minutes)
        if is_unusual:
            alert = replace(alert, unusual_at=now)
        elif now - alert.unusual_at >= CALM:
            alert = replace(alert, is_resting=True)
            self.open[alert.key] = alert
            return Change("rested", alert)
        is_higher = own.count > alert.highest.count
        if is_higher:
            alert = replace(alert, highest=own, highest_at=now)
        self.open[alert.key] = alert
        return Change("risen", alert) if is_higher else None


_ORDER = {"medicine": 0, "group": 1, "all": 2}


def medicine_key(medicine: str, measure: Measure) -> Key:
    """The key of a medicine."""
    return Subject("medicine", medicine), measure
