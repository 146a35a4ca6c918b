"""Changes to prescriptions: handed in, reviewed, used by orders (`uses.py`)."""

from remedy.prescriptions.uses import hand_out, release_use, use

__all__ = ["hand_out", "release_use", "use"]
