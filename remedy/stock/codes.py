"""What a patient shows to collect what was set aside: a short code, made from the thing's id by a secret.

Nothing of it is stored: who reads the tables without the installation's key cannot tell any code.
"""

import hashlib
import hmac
from collections.abc import Iterable
from uuid import UUID

ALPHABET = "34679ACDEFHJKMNPQRTVWXY"
"""No two that look alike: 0 and O, 1, I and L, 2 and Z, 5 and S, 6 and G, 8 and B, U and V are not both in it."""

LENGTH = 8
"""23 to the power of 8: a guess at a pharmacy where a hundred wait is right once in 780 million."""


def code_of(secret_key: str, thing_id: UUID) -> str:
    """The code of a hold or an order, as a scanner reads it."""
    digest = hmac.new(secret_key.encode(), b"collect:" + thing_id.bytes, hashlib.sha256).digest()
    number, letters = int.from_bytes(digest), ""
    for _ in range(LENGTH):
        number, rest = divmod(number, len(ALPHABET))
        letters += ALPHABET[rest]
    return letters


def grouped(code: str) -> str:
    """A code as people read it to each other: `K7MN-4QXP`."""
    half = LENGTH // 2
    return f"{code[:half]}-{code[half:]}"


def plain(typed: str) -> str:
    """A code as it was typed or scanned, without what people put between its letters."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def meant_by(secret_key: str, typed: str, things: Iterable[UUID]) -> list[UUID]:
    """Those of the things whose code it is: one, or none; more only by a chance nobody lives to see."""
    code = plain(typed).encode()
    return [
        thing for thing in things if hmac.compare_digest(code_of(secret_key, thing).encode(), code)
    ]
