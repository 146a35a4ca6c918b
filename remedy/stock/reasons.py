"""Why packs are written off, recalled, returned or transferred: the one list of reason codes.

A code says everything that follows from it: what kind of movement it is, whether packs go out or come in, and
whether what comes in may be handed out again. Its words are the pages' business.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """One reason. `sign` is -1 where packs leave the shelf, 1 where they come, 0 where they only stop being sold.

    `is_for_shelf` tells of what comes in whether it may be sold again; what a patient had at home may not.
    """

    code: str
    kind: str
    sign: int
    is_for_shelf: bool = True


REASONS = (
    Reason("date_passed", "expired", -1),
    Reason("date_too_near", "expired", -1),
    Reason("recalled_by_authority", "recalled", 0),
    Reason("recalled_by_maker", "recalled", 0),
    Reason("suspected_by_us", "recalled", 0),
    Reason("recalled_by_sender", "recalled", 0),
    Reason("recalled_lot", "returned", -1),
    Reason("wrong_delivery", "returned", -1),
    Reason("arrived_damaged", "returned", -1),
    Reason("date_passed_taken_back", "returned", -1),
    Reason("surplus", "returned", -1),
    Reason("never_handed_over", "returned", 1),
    Reason("brought_back_by_patient", "returned", 1, is_for_shelf=False),
    Reason("transfer_sent", "transferred", -1),
    Reason("transfer_arrived", "transferred", 1),
    Reason("transfer_taken_back", "transferred", 1),
)
BY_CODE = {reason.code: reason for reason in REASONS}

KINDS = frozenset(reason.kind for reason in REASONS)
"""Movements that name a reason."""

LOST = ("lost_on_the_way", "damaged_on_the_way", "fewer_than_said")
"""Why fewer packs arrived than were sent; they change no stock of anybody's."""


def reason_of(code: str | None, kind: str) -> Reason | None:
    """The reason of that code, if it is one for that kind of movement."""
    found = BY_CODE.get(code or "")
    return found if found is not None and found.kind == kind else None
