"""One line of a register of past visits, as an event. Pure: the line in, the event and what is odd about it out.

The register is the public one of Vitória (columns misspelt there): a visit's day without a time, when it was booked,
the neighbourhood, whether the patient was absent. The patient's number and illnesses are left where they are.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Literal, TypeVar
from uuid import UUID

from remedy.events.recorded import VisitRecorded
from remedy.values import day_bounds, instant_of

COLUMNS = (
    "PatientId", "AppointmentID", "Gender", "ScheduledDay", "AppointmentDay", "Age", "Neighbourhood",
    "Scholarship", "Hipertension", "Diabetes", "Alcoholism", "Handcap", "SMS_received", "No-show",
)  # fmt: skip

OLDEST_YEARS = 110
AGE, BOOKED_LATE, NUMBER = (
    "an age over 110 or below 0",
    "booked after the day of the visit",
    "a patient's number in scientific notation: digits of it are lost",
)
"""Why a line is doubtful. It is brought in all the same, and says so."""

Meaning = TypeVar("Meaning")
_CODES = {AGE: "age", BOOKED_LATE: "booked_after_visit"}
_ABSENT = {"Yes": True, "No": False}
_TICKED = {"1": True, "0": False}
_SEXES: dict[str, Literal["F", "M", ""]] = {"F": "F", "M": "M", "": ""}

Doubt = tuple[str, str]
"""Why, and what the line says."""


def read(
    values: Mapping[str, str], *, time_zone: str, today: date
) -> tuple[VisitRecorded, list[Doubt]]:
    """The event of a line, and what is doubtful about it.

    Raises:
        ValueError: with a sentence, if it is no visit that can be counted.
    """
    visit_on = instant_of(values["AppointmentDay"]).date()
    booked_at = instant_of(values["ScheduledDay"])
    if visit_on > today:
        raise ValueError(
            f"The visit of {visit_on} lies in the future; only past visits are counted."
        )
    neighbourhood = " ".join(values["Neighbourhood"].split())
    if not 0 < len(neighbourhood) <= 60:
        raise ValueError("The neighbourhood is missing or longer than 60 characters.")
    was_missed = _one_of(values, "No-show", _ABSENT)
    age = _age(values["Age"])
    lead_days = (visit_on - booked_at.date()).days
    doubts: list[Doubt] = []
    if not 0 <= age <= OLDEST_YEARS:
        doubts.append((AGE, f"{age} years"))
    if lead_days < 0:
        doubts.append((BOOKED_LATE, f"{-lead_days} days after it"))
    if not values["PatientId"].isdigit():
        doubts.append((NUMBER, ""))
    happened = VisitRecorded(
        record_key=record_key(values),
        visit_on=visit_on.isoformat(),
        booked_at=booked_at,
        lead_days=lead_days,
        neighbourhood=neighbourhood,
        was_missed=was_missed,
        # Noon of that day here: whatever the clocks do, it is the same day for whoever counts.
        occurred_at=day_bounds(visit_on, time_zone)[0] + timedelta(hours=12),
        was_reminded=_one_of(values, "SMS_received", _TICKED),
        age_years=age,
        sex=_one_of(values, "Gender", _SEXES),
        doubts=tuple(_CODES[why] for why, _ in doubts if why in _CODES),
    )
    return happened, doubts


def record_key(values: Mapping[str, str]) -> str:
    """The hash of a whole line: the same line is the same record, whatever file it came in."""
    return sha256("\x1f".join(values[name].strip() for name in COLUMNS).encode()).hexdigest()


def event_id(happened: VisitRecorded) -> UUID:
    """The id of a record's event, always the same: a UUIDv7 of the visit's day and the record's hash."""
    noon = datetime.combine(date.fromisoformat(happened.visit_on), datetime.min.time(), UTC)
    bits = int(happened.record_key, 16)
    value = int(noon.timestamp() * 1000) << 80 | 0x7 << 76 | (bits >> 244) << 64
    return UUID(int=value | 0b10 << 62 | bits & ((1 << 62) - 1))


def _one_of(values: Mapping[str, str], name: str, known: Mapping[str, Meaning]) -> Meaning:
    try:
        return known[values[name].strip()]
    except KeyError:
        choices = ", ".join(repr(choice) for choice in known)
        raise ValueError(f"'{name}' is none of {choices}.") from None


def _age(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("The age is not a whole number of years.") from None
