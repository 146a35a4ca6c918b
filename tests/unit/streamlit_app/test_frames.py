"""Rows become what their names say; names cannot act as Markdown."""

from datetime import UTC, datetime
from uuid import UUID

import pandas as pd
import sqlalchemy as sa

from streamlit_app.queries.frames import frame
from streamlit_app.queries.names import UNLISTED, with_labels
from streamlit_app.views.requests import _plain

ITEM = UUID(int=7)


def answer(sql: str, **values: object) -> pd.DataFrame:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        made = frame(connection, sql, **values)
    engine.dispose()
    return made


def test_columns_are_made_what_their_last_word_says():
    made = answer(
        "SELECT :item AS item_id, '2026-01-31 09:30:00' AS landed_at, '2026-01-31' AS day,"
        " '1500' AS sold_milli, NULL AS sale_count, 'x' AS name",
        item=ITEM,
    ).iloc[0]

    assert made["item_id"] == str(ITEM)
    assert made["landed_at"] == pd.Timestamp(datetime(2026, 1, 31, 9, 30, tzinfo=UTC))
    assert made["day"] == pd.Timestamp("2026-01-31")
    assert made["sold_milli"] == 1500
    assert made["sale_count"] == 0
    assert made["name"] == "x"


def test_no_rows_are_an_empty_frame_with_its_columns():
    made = answer("SELECT 1 AS sold_milli, '2026-01-31' AS landed_at WHERE 1 = 0")

    assert made.empty
    assert list(made.columns) == ["sold_milli", "landed_at"]


def test_a_medicine_is_one_line_and_one_that_is_gone_says_so():
    parts = ["generic_name", "brand_name", "strength", "form", "pack"]
    rows = pd.DataFrame(
        [["paracetamol", None, "500 mg", "tablet", None], [None] * 5], columns=parts
    )

    assert with_labels(rows)["medicine"].tolist() == ["paracetamol, 500 mg, tablet", UNLISTED]


def test_a_name_is_never_markdown():
    assert _plain("Dr [x](http://evil)") == r"Dr \[x\]\(http\://evil\)"
    assert _plain("Dr Ekow") == "Dr Ekow"
