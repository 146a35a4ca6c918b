"""What a medicine is called in lists: its columns as a query asks for them, and a row of them on one line."""

from typing import Any

from remedy.schema.pharmacy import medicine
from remedy.stock.model import medicine_label

LABEL = tuple(
    medicine.c[name] for name in ("generic_name", "brand_name", "strength", "form", "pack")
)
"""The columns that `label_of` reads, as they are named in `medicine`."""


def label_of(row: Any) -> str:
    """The medicine of a row that has the columns of `LABEL`."""
    return medicine_label(row.generic_name, row.brand_name, row.strength, row.form, row.pack)
