"""Passwords as argon2id hashes; the work is the same for a name nobody has."""

import threading

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's password storage advice: argon2id with 19 MiB, two passes, one lane.
_hasher = PasswordHasher(
    time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)

# The hash of 32 random bytes that were thrown away: what a name without an account is compared with.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$FV+GupRFvwRM1SVk0h5nrg$BJ3MpesEcvL6CsP6uwLRalMrtoD7fJ9GU1Ev5/ErxEQ"

# Each hash takes 19 MiB and a core for a moment; a crowd at the door waits instead of filling the memory.
_turns = threading.BoundedSemaphore(4)


def hash_of(password: str) -> str:
    """The argon2id hash of a password, with its salt and parameters in it."""
    with _turns:
        return _hasher.hash(password)


def is_right(password: str, kept: str | None) -> bool:
    """Whether the password is the one kept; None (nobody of that name) costs the same and is False."""
    with _turns:
        try:
            return _hasher.verify(kept or NOBODY, password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)
