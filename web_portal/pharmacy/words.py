"""How the pharmacy's pages name what happened to lots, and why."""

from typing import Any

from flask_babel import lazy_gettext as _l

MOVEMENT_WORDS: dict[str, Any] = {
    "sold": _l("Sold"),
    "received": _l("Received"),
    "adjusted": _l("Adjusted"),
    "counted": _l("Counted"),
    "expired": _l("Written off"),
    "recalled": _l("Recalled"),
    "returned": _l("Returned"),
    "transferred": _l("Transferred"),
    "reversed": _l("Undone"),
}

REASON_WORDS: dict[str, Any] = {
    "date_passed": _l("its date has passed"),
    "date_too_near": _l("its date is too near"),
    "recalled_by_authority": _l("the authority says so"),
    "recalled_by_maker": _l("the maker says so"),
    "suspected_by_us": _l("we suspect the lot ourselves"),
    "recalled_by_sender": _l("the pharmacy that sent us packs of it says so"),
    "recalled_lot": _l("to the supplier: the lot is recalled"),
    "wrong_delivery": _l("to the supplier: not what was ordered"),
    "arrived_damaged": _l("to the supplier: it came damaged"),
    "date_passed_taken_back": _l("to the supplier: its date has passed"),
    "surplus": _l("to the supplier: too many"),
    "never_handed_over": _l("from a patient: it was never handed over, and can be sold"),
    "brought_back_by_patient": _l("from a patient's home: to be destroyed, not for sale"),
    "transfer_sent": _l("to another pharmacy"),
    "transfer_arrived": _l("from another pharmacy"),
    "transfer_taken_back": _l("taken back, not received by the other pharmacy"),
    "lost_on_the_way": _l("lost on the way"),
    "damaged_on_the_way": _l("damaged on the way"),
    "fewer_than_said": _l("there were fewer than was said"),
}

STATE_WORDS: dict[tuple[str, str], Any] = {
    ("asked", "out"): _l("They ask you for packs"),
    ("asked", "in"): _l("You asked; they have not answered"),
    ("offered", "out"): _l("You offered; they have not answered"),
    ("offered", "in"): _l("They offer you packs"),
    ("agreed", "out"): _l("They want your packs: send them"),
    ("agreed", "in"): _l("You agreed; they have not sent yet"),
    ("sent", "out"): _l("On the way to them"),
    ("sent", "in"): _l("On the way to you"),
    ("received", "out"): _l("They received it"),
    ("received", "in"): _l("You received it"),
    ("taken_back", "out"): _l("You took it back"),
    ("taken_back", "in"): _l("They took it back"),
    ("declined", "out"): _l("Declined"),
    ("declined", "in"): _l("Declined"),
    ("cancelled", "out"): _l("Cancelled"),
    ("cancelled", "in"): _l("Cancelled"),
}
"""A transfer's state as the side that reads it understands it."""
