"""What ids are called: pharmacies, medicines and doctors by name. No patients."""

from collections.abc import Mapping

import pandas as pd
import sqlalchemy as sa

from remedy.stock.model import medicine_label
from streamlit_app.queries.frames import frame

MEDICINE = "m.generic_name, m.brand_name, m.strength, m.form, m.pack"
"""The columns that `with_labels` makes one line of."""

UNLISTED = "a medicine that is no longer listed"


def pharmacies(connection: sa.Connection) -> pd.DataFrame:
    """Every pharmacy: pharmacy_id, name, district."""
    return frame(
        connection,
        "SELECT public_id AS pharmacy_id, name, district FROM known_pharmacy ORDER BY name, district",
    )


def counted_medicines(connection: sa.Connection) -> pd.DataFrame:
    """The medicines that demand was counted of: medicine_id, medicine."""
    return with_labels(
        frame(
            connection,
            f"SELECT m.public_id AS medicine_id, {MEDICINE} FROM known_medicine m"  # noqa: S608 - constants
            " WHERE m.public_id IN (SELECT DISTINCT medicine_id FROM agg_daily_demand)",
        )
    ).sort_values("medicine", ignore_index=True)


def with_labels(rows: pd.DataFrame) -> pd.DataFrame:
    """The frame with one column `medicine` in place of those of `MEDICINE`."""
    parts = ["generic_name", "brand_name", "strength", "form", "pack"]
    texts = rows[parts].astype(object).where(rows[parts].notna(), None)
    labels = [
        medicine_label(generic, *others) if generic else UNLISTED
        for generic, *others in texts.itertuples(index=False, name=None)
    ]
    return rows.drop(columns=parts).assign(medicine=labels)


def choices(rows: pd.DataFrame, key: str, text: str) -> Mapping[str, str]:
    """What a select box offers: names by id."""
    return dict(zip(rows[key], rows[text], strict=True))


def doctors(connection: sa.Connection) -> pd.DataFrame:
    """Every doctor, of now and before: doctor_id, name, speciality."""
    return frame(
        connection,
        "SELECT public_id AS doctor_id, name, speciality FROM known_doctor ORDER BY speciality, name",
    )
