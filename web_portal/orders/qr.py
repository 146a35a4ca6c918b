"""A collection code as a QR drawing: what a template needs to draw it, so that no markup is trusted."""

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import segno

from remedy.stock import codes
from web_portal.parts import parts

QUIET_MODULES = 4
"""The empty border that scanners want."""


@dataclass(frozen=True)
class CollectionCode:
    """What a patient shows: `text` to read out, `size` modules a side with the border, `path` the dark ones."""

    text: str
    size: int
    path: str


def code_for(thing_id: UUID) -> CollectionCode:
    """The code that collects a hold or an order."""
    code = codes.code_of(parts().settings.secret_key, thing_id)
    size, path = drawn(code)
    return CollectionCode(codes.grouped(code), size, path)


@lru_cache(maxsize=256)
def drawn(code: str) -> tuple[int, str]:
    """The modules a side, with the border, and the dark ones as an SVG path of one rectangle for each run."""
    matrix = segno.make_qr(code, error="m").matrix
    pieces = []
    for y, row in enumerate(matrix, QUIET_MODULES):
        x = 0
        while x < len(row):
            begin = x
            while x < len(row) and row[x]:
                x += 1
            if x > begin:
                pieces.append(f"M{begin + QUIET_MODULES} {y}h{x - begin}v1h{begin - x}z")
            x += 1
    return len(matrix) + 2 * QUIET_MODULES, "".join(pieces)
