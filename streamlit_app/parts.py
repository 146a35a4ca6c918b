"""Pieces that every page is made of: where a number is from and how old it is, empty states, links out."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

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


def cut(rows: pd.DataFrame, most: int) -> None:
    """Say so where only the worst rows were read."""
    if said := words.cut(len(rows), most):
        st.caption(said)


def late(made_at: Any, now: datetime, after: timedelta) -> None:
    """A warning where what forecast_stock makes each night is older than it should be."""
    if now - made_at > after:
        st.warning(
            f"This was worked out {words.age(made_at, now)}: the DAG forecast_stock has not succeeded since. What was "
            "sold or received later is not in it.",
            icon=":material/schedule:",
        )


def money(minor: float) -> str:
    """An amount in the installation's currency, a dash where there is none: `1,234.50 EUR`."""
    here = data.region()
    return "-" if pd.isna(minor) else words.money(minor, here.currency, here.minor_digits)


def whole(minor: pd.Series) -> pd.Series:
    """Amounts in whole units of the currency, as numbers that a table sorts."""
    here = data.region()
    return (minor.astype(float) / 10**here.minor_digits).round(here.minor_digits)


TILE_WIDTH = 156
MOST_SHOWN = 500
"""Of a list that may be as long as the town has items so many rows are sent to a browser."""

MOST_WHOLE = 25
"""A table of so many rows is shown whole; a longer one is looked through in a frame of its own."""


def tiles(
    page: str, titles: Mapping[str, tuple[str, str]], numbers: Mapping[str, int | float | str]
) -> str | None:
    """A tile for each kind with a button for the rows behind it; the kind whose rows are open, if one is.

    Args:
        page: a name of one's own, under which is kept what is open.
        titles: of each kind its title and what it means.
        numbers: of each kind what its tile says.
    """
    state = f"{page}_rows"
    with st.container(horizontal=True, gap="small"):
        for kind, (title, meaning) in titles.items():
            # Two beside each other on a telephone.
            with st.container(width=TILE_WIDTH, gap="small"):
                number = numbers[kind]
                st.metric(title, number if isinstance(number, str) else f"{number:,}", border=True)
                st.button(
                    "Rows",
                    key=f"rows-{kind}",
                    help=f"{title}. {meaning}",
                    on_click=partial(_open, state, kind),
                    width="stretch",
                )
    opened = st.session_state.get(state)
    return opened if opened in titles else None


def _open(state: str, kind: str) -> None:
    st.session_state[state] = None if st.session_state.get(state) == kind else kind


def table(
    rows: pd.DataFrame,
    head: Mapping[str, str],
    alt: str,
    money: Collection[str] = (),
    ratios: Collection[str] = (),
    most: int | None = None,
) -> None:
    """A table with words for heads; `alt` says in a sentence what it shows.

    Of the columns shown `money` are amounts (`whole`), and `ratios` numbers to the hundredth. Of more than `most` rows the
    first are shown, and that is said.
    """
    amount = st.column_config.NumberColumn(format=f"%.{data.region().minor_digits}f")
    ratio = st.column_config.NumberColumn(format="%.2f")
    shown = rows[list(head)].head(most or len(rows)).rename(columns=dict(head))
    height: Literal["content", "auto"] = "content" if len(shown) <= MOST_WHOLE else "auto"
    st.dataframe(
        shown,
        hide_index=True,
        alt=alt,
        height=height,
        column_config={
            **{head[name]: amount for name in money if name in head},
            **{head[name]: ratio for name in ratios if name in head},
        },
        placeholder="-",
    )
    if len(shown) < len(rows):
        st.caption(f"The first {len(shown):,} of {len(rows):,}; the CSV has all of them.")


def download(label: str, path: str) -> None:
    """A link to the portal's own export, which checks who asks. Streamlit's downloads check nobody."""
    st.link_button(label, f"{data.settings().portal_url}{path}", icon=":material/download:")
