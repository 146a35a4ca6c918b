"""How likely a visit is missed, from what was known when it was booked; pure arithmetic over what was learnt.

It says whom a telephone call may help, and nothing else: it is worked out when the list is opened and stored nowhere,
and an import contract (pyproject.toml) keeps it from whatever offers, gives, moves or decides times. It looks at no age,
sex, neighbourhood or weekday: what each would add and do is in docs/decisions/0014.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

ARTEFACT = Path(__file__).with_name("no_show.json")
SHA256 = "49bd82aff6612097566ac68e86a390bfef623865995c00a534ac604636a52eb5"
"""Of the artefact that was measured: another file is not believed."""

FORM = 1
"""First number of the artefact: the form of the rest."""

CALLED = "called"
CONFIRMED = "confirmed"
OUTCOMES = (CALLED, CONFIRMED)
"""What can be noted: the patient was told, or said that they will come. No note is no outcome."""

COMING_DAYS = 3
MOST_VISITS = 40
"""No more are listed, and no more names opened, than can be called."""

OWN_VISITS_READ, FEWEST_OWN_VISITS = 2000, 50
"""Of our own visits that have ended, how many of the latest are compared with what was foretold; and from how many on."""

HISTORY = ("earlier", "missed", "missed_share")
NAMES = (
    "same_day", "lead", "lead_week", "lead_month", *HISTORY,
    *(f"{name}_ahead" for name in HISTORY),
)  # fmt: skip


class UnreadableModel(ValueError):
    """The artefact is not what was measured, or made for other features than these."""


@dataclass(frozen=True)
class Known:
    """What was known of a visit when it was booked.

    `lead_days` are local days from booking to visit; `earlier` counts the patient's visits that had ended before
    this one was booked, attended or missed, and `missed` those of them that were missed. Visits that were called off
    are neither.
    """

    lead_days: int
    earlier: int
    missed: int


def features(known: Known) -> tuple[float, ...]:
    """The numbers that are weighed, in the order of `NAMES`, each of order one."""
    lead = max(0, known.lead_days)
    history = (
        math.log1p(min(known.earlier, 20)),
        math.log1p(min(known.missed, 10)),
        # Two visits' worth of the usual share: one missed visit is no habit.
        (known.missed + 0.4) / (known.earlier + 2) - 0.2,
    )
    return (
        1.0 if lead == 0 else 0.0,
        math.log1p(lead) / 3,
        min(lead, 7) / 7,
        min(max(lead - 7, 0), 60) / 30,
        *history,
        # Who comes on the day of booking is seldom missed whatever was before; for the others it says more.
        *(number if lead else 0.0 for number in history),
    )


@dataclass(frozen=True)
class Learnt:
    """The weights of a logistic regression and the line that calibrates it, with where they come from.

    `slope` and `offset` were fitted on a later stretch of time than the weights. `where` and the years say whose
    visits they were: people must be told when they were not ours.
    """

    weights: tuple[float, ...]
    intercept: float
    slope: float
    offset: float
    where: str
    first_day: str
    last_day: str
    visit_count: int

    def risk(self, known: Known) -> float:
        """How likely the visit is missed, in 0..1."""
        return self.risk_of(features(known))

    def risk_of(self, numbers: Sequence[float]) -> float:
        """The same of numbers that were worked out before."""
        score = self.intercept + sum(
            weight * number for weight, number in zip(self.weights, numbers, strict=True)
        )
        return 1 / (1 + math.exp(-(self.slope * score + self.offset)))

    def to_bytes(self) -> bytes:
        """The artefact: UTF-8 JSON of numbers and names, the same bytes for the same model."""
        content = {"form": FORM, "features": list(NAMES), **asdict(self)}
        return (json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Learnt":
        """The model of an artefact.

        Raises:
            UnreadableModel: if it is not one, or was made for other features than these.
        """
        try:
            read = json.loads(content)
            form, names = read.pop("form"), tuple(read.pop("features"))
            if form != FORM or names != NAMES or len(read["weights"]) != len(NAMES):
                raise UnreadableModel(
                    "The model of missed visits was made for other features than this version has. "
                    "Learn it again: ./run bench noshow --keep FILE."
                )
            return cls(**{**read, "weights": tuple(map(float, read["weights"]))})
        except UnreadableModel:
            raise
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UnreadableModel("The file is no model of missed visits.") from None


@lru_cache(maxsize=1)
def learnt() -> Learnt:
    """The model that comes with this version, read once.

    Raises:
        UnreadableModel: if its file is not the one that was measured.
    """
    content = ARTEFACT.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise UnreadableModel(
            f"{ARTEFACT.name} is not the file that was measured: its SHA-256 differs. "
            "Take the released one, or measure it and say so in remedy/calls/model.py."
        )
    return Learnt.from_bytes(content)
