"""Pieces that every page is made of: where a number is from and how old it is, empty states, links out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from streamlit_app import data, words


def source(what: str, at: Any, now: datetime) -> None:
    """Under a number: where it is from, how old it is, and when that was."""
    if words.age(at, now) == words.NEVER:
        st.caption(f"Source: {what} · nothing yet")
        return
    st.caption(f"Source: {what} · {words.age(at, now)} ({words.instant(at, data.time_zone())})")


def nothing(sentence: str) -> None:
    """In place of a table or chart that would be empty: why, and what would fill it."""
    st.info(sentence, icon=":material/info:")


def table(rows: pd.DataFrame, head: Mapping[str, str], alt: str) -> None:
    """A table with words for heads; `alt` says in a sentence what it shows."""
    shown = rows[list(head)].rename(columns=dict(head))
    st.dataframe(shown, hide_index=True, alt=alt)


def download(label: str, path: str) -> None:
    """A link to the portal's own export, which checks who asks. Streamlit's downloads check nobody."""
    st.link_button(label, f"{data.settings().portal_url}{path}", icon=":material/download:")
