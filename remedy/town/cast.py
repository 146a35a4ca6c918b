"""Who lives and works in the town, and how much of it there is: read from the lists beside this file.

All people, places and brands are invented; telephone numbers lead nowhere.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from functools import cache, cached_property
from pathlib import Path

LISTS = Path(__file__).with_name("lists")
WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")

Stretch = tuple[int, time, time]
"""Weekday (Monday is 0), from, to; local times."""


@dataclass(frozen=True)
class TownPharmacy:
    """A pharmacy, its pharmacist, and how much of the town buys there (`share`).

    `closed` are the days of its holiday, `MM-DD/MM-DD`, the same every year; empty: it has none.
    """

    licence: str
    name: str
    pharmacist: str
    address: str
    district: str
    phone: str
    latitude: float
    longitude: float
    opening_hours: str
    share: float
    closed: str

    @cached_property
    def hours(self) -> tuple[Stretch, ...]:
        """When it is open."""
        return hours_of(self.opening_hours)

    @property
    def opens_on_sunday(self) -> bool:
        """Whether it is open on Sundays, and so on holidays too."""
        return any(weekday == 6 for weekday, _, _ in self.hours)

    def open_on(self, day: date) -> list[tuple[int, int]]:
        """From and to which minute of that local day it is open."""
        first, _, last = self.closed.partition("/")
        here = f"{day:%m-%d}"
        if (first and first <= here <= last) or (here in HOLIDAYS and not self.opens_on_sunday):
            return []
        return [
            (opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute)
            for weekday, opens, closes in self.hours
            if weekday == day.weekday()
        ]


@dataclass(frozen=True)
class TownHospital:
    """A hospital."""

    name: str
    address: str
    phone: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class TownDoctor:
    """A doctor, when they see patients, and for what: each kind's name, minutes, and the doctor's own after it."""

    name: str
    hospital: str
    speciality: str
    visit_minutes: int
    hours: tuple[Stretch, ...]
    kinds: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class TownPatient:
    """A patient as they would register."""

    name: str
    phone: str
    district: str
    born_on: str


@dataclass(frozen=True)
class Size:
    """How much of the lists a town has, and how long its past is.

    Its history has `days` days, of which the last `lively_days` have searches and holds too;
    `days_of_requests` have requests for visits. Where it is not `is_full`, the past goes on to the hour the
    town is built, and nothing is counted, promoted or out of date: what a test needs, and no more.
    """

    name: str
    pharmacies: int
    doctors: int
    patients: int
    medicines: int
    best_items: int
    slow_items: int
    demand: float
    days: int
    lively_days: int
    days_of_requests: int
    requests_a_day: float
    requests_waiting: int
    is_full: bool


SMALL = Size("small", 4, 4, 20, 40, 33, 0, 0.286, 60, 60, 33, 1.0, 5, False)
FULL = Size("full", 25, 30, 200, 10_000, 40, 25, 0.15, 400, 60, 58, 7.0, 14, True)
SIZES = {size.name: size for size in (SMALL, FULL)}

ADMIN = "Farah"

# Days on which only who opens on Sundays is open.
HOLIDAYS = frozenset(
    ("01-01", "01-06", "04-25", "05-01", "06-02", "08-15", "11-01", "12-08", "12-25", "12-26")
)

NOTES = {
    True: ("Please bring your list of medicines.", "Come ten minutes early.", ""),
    False: (
        "Dr Ekow is the right doctor for this; please ask for a time there.",
        "Please telephone first: this may not need a visit.",
    ),
}
"""What the admin writes when a request is accepted, or declined."""

UNKNOWN_WORDS = ("arnica pills", "sleeping drops", "blue inhaler", "vitamin z", "cough leaves")
"""Searches that mean no medicine we know."""


def hours_of(text: str) -> tuple[Stretch, ...]:
    """Opening hours written like `Mo-Fr 08:30-13:00,15:30-19:30; Sa 08:30-13:00`."""
    stretches = []
    for part in text.split(";"):
        days, _, times = part.strip().partition(" ")
        first, _, last = days.partition("-")
        for weekday in range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1):
            for stretch in times.split(","):
                opens, _, closes = stretch.partition("-")
                stretches.append((weekday, time.fromisoformat(opens), time.fromisoformat(closes)))
    return tuple(sorted(stretches))


def rows(name: str) -> Iterator[dict[str, str]]:
    """The records of one of the lists."""
    with (LISTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@cache
def pharmacies(size: Size) -> tuple[TownPharmacy, ...]:
    """The pharmacies of a town of that size."""
    found = [
        TownPharmacy(
            **{
                **row,
                "latitude": float(row["latitude"]),
                "longitude": float(row["longitude"]),
                "share": float(row["share"]),
            }  # type: ignore[arg-type]  # the other columns are texts
        )
        for row in rows("pharmacies")
    ]
    return tuple(found[: size.pharmacies])


def kinds_of(text: str) -> tuple[tuple[str, int, int], ...]:
    """Kinds of visit as the list has them: `Check-up 30; First visit 45+15`."""
    found = []
    for told in filter(None, text.split("; ")):
        name, times = told.rsplit(" ", 1)
        minutes, _, after = times.partition("+")
        found.append((name, int(minutes), int(after or 0)))
    return tuple(found)


@cache
def doctors(size: Size) -> tuple[TownDoctor, ...]:
    """The doctors of a town of that size."""
    found = [
        TownDoctor(
            row["name"], row["hospital"], row["speciality"], int(row["visit_minutes"]),
            hours_of(row["hours"]), kinds_of(row["kinds"]),
        )
        for row in rows("doctors")
    ]  # fmt: skip
    return tuple(found[: size.doctors])


@cache
def hospitals(size: Size) -> tuple[TownHospital, ...]:
    """The hospitals in which its doctors work."""
    needed = {one.hospital for one in doctors(size)}
    return tuple(
        TownHospital(
            row["name"], row["address"], row["phone"], float(row["latitude"]),
            float(row["longitude"]),
        )
        for row in rows("hospitals")
        if row["name"] in needed
    )  # fmt: skip


@cache
def patients(size: Size) -> tuple[TownPatient, ...]:
    """The patients of a town of that size."""
    return tuple(TownPatient(**row) for row in rows("patients"))[: size.patients]


@cache
def symptoms(size: Size) -> tuple[tuple[str, str, str], ...]:
    """What requests are about: speciality, urgency, words; of the specialities the town has."""
    known = {one.speciality for one in doctors(size)}
    return tuple(
        (row["speciality"], row["urgency"], row["words"])
        for row in rows("symptoms")
        if row["speciality"] in known
    )
