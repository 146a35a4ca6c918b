"""Who lives and works in the town: invented people, pharmacies, doctors. Data only."""

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True)
class TownPharmacy:
    """A pharmacy, its pharmacist, and how much of the town buys there (`share`)."""

    licence: str
    name: str
    pharmacist: str
    address: str
    district: str
    phone: str
    latitude: float
    longitude: float
    opening_hours: str
    opens_on_sunday: bool
    share: float


@dataclass(frozen=True)
class TownDoctor:
    """A doctor and when they see patients: (weekday, from, to), Monday is 0."""

    name: str
    speciality: str
    visit_minutes: int
    hours: tuple[tuple[int, time, time], ...]


HOSPITAL = ("Hill Hospital", "1 Hospital Rise", "+39 06 5550 0200", 41.9062, 12.4889)

PHARMACIES = (
    TownPharmacy(
        "DEMO-0001", "Corner Pharmacy", "Chitra", "2 Mill Lane", "Harbour", "+39 06 5550 0101",
        41.9009, 12.4963, "Mo-Sa 08:30-19:30", False, 1.3,
    ),
    TownPharmacy(
        "DEMO-0002", "Station Pharmacy", "Dev", "14 Platform Street", "Station", "+39 06 5550 0102",
        41.9101, 12.5022, "Mo-Su 08:30-19:30", True, 1.0,
    ),
    TownPharmacy(
        "DEMO-0003", "Old Bridge Pharmacy", "Ines", "5 Bridge Row", "Old Bridge", "+39 06 5550 0103",
        41.8931, 12.4827, "Mo-Sa 08:30-19:30", False, 0.7,
    ),
    TownPharmacy(
        "DEMO-0004", "Orchard Pharmacy", "Milo", "33 Pear Tree Way", "Orchard", "+39 06 5550 0104",
        41.9186, 12.4718, "Mo-Sa 08:30-19:30", False, 0.5,
    ),
)  # fmt: skip

_WEEK = range(5)
DOCTORS = (
    TownDoctor(
        "Dr Ekow", "general practice", 20,
        tuple((day, starts, ends) for day in _WEEK
              for starts, ends in ((time(9), time(12, 30)), (time(14), time(17)))),
    ),
    TownDoctor("Dr Lindqvist", "cardiology", 30, tuple((day, time(9), time(13)) for day in (0, 2, 4))),
    TownDoctor("Dr Okafor", "paediatrics", 20, tuple((day, time(10), time(16)) for day in _WEEK)),
    TownDoctor("Dr Marchetti", "dermatology", 15, tuple((day, time(13), time(18)) for day in (1, 3))),
)  # fmt: skip

ADMIN = "Farah"

PATIENTS = (
    "Asha", "Ben", "Carla", "Dmitri", "Esi", "Fabio", "Greta", "Hugo", "Iris", "Jonas",
    "Kemal", "Lucia", "Mirko", "Nadia", "Otto", "Priya", "Quentin", "Rosa", "Samir", "Tess",
)  # fmt: skip

SYMPTOMS = (
    ("general practice", "soon", "A dry cough for two weeks, worse at night."),
    ("general practice", "routine", "I need a check of my blood pressure tablets."),
    ("general practice", "urgent", "High fever since yesterday and my throat hurts a lot."),
    ("general practice", "routine", "My knee hurts when I climb stairs."),
    ("cardiology", "soon", "My heart beats fast for no reason, a few times a week."),
    ("cardiology", "routine", "Yearly visit after my operation."),
    ("paediatrics", "soon", "My daughter has an earache again."),
    ("paediatrics", "routine", "Vaccination of my son, five years old."),
    ("dermatology", "routine", "A mole on my arm has changed its shape."),
    ("dermatology", "soon", "A rash on both hands that does not go away."),
)
"""What requests are about: speciality, urgency, words."""

NOTES = {
    True: ("Please bring your list of medicines.", "Come ten minutes early.", ""),
    False: (
        "Dr Ekow is the right doctor for this; please ask for a time there.",
        "Please telephone first: this may not need a visit.",
    ),
}
"""What the admin writes when a request is accepted, or declined."""

UNKNOWN_WORDS = ("arnica pills", "sleeping drops", "blue inhaler", "vitamin z")
"""Searches that mean no medicine we know."""
