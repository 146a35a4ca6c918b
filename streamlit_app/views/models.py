"""Models: how each method did on each class of series, which is in use, what waits for a person."""

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from streamlit_app import charts, data, parts, schedule, words
from streamlit_app.queries import forecasts, models

MEANINGS = """
- **Classes** are fixed before anything is compared: *new* (known on fewer than 91 open days), *intermittent* (seldom sold),
  *seasonal* (its year swings), *smooth* (the rest).
- **28-day error**, **7-day error**: how far off the total of so many days was on average, in multiples of an item's difference
  from one week to the next; 1 is as wrong as saying "as last week". **RMSSE** is the same of single days, large errors
  weighing more. **Pinball** is the loss of the 28-day total's quantiles 0.1, 0.5 and 0.9. Less is better in all four.
- **Days above**, **totals above**: how often more came than the bound that one in ten should pass. About 10 % is right;
  less means intervals too wide, more means too narrow.
- **Short**, **expired**: packs an item in 28 days of a replayed shop that was ordered for by this method, the same shop for
  every method. They compare methods, and are not what a pharmacy lost.
- At each past origin every method saw only what was known then. The method of a class was chosen on origins before those
  that are shown: the level mix had to be better than the 28-day mean there, the ridge clearly better than both on a whole
  year of them; so one that is not used may come out better here.
"""
LISTED = {
    "method": "Method",
    "part": "In this class",
    "total_error": "28-day error",
    "week_error": "7-day error",
    "rmsse": "RMSSE",
    "pinball": "Pinball",
    "above": "Days above",
    "total_above": "Totals above",
    "short_packs": "Short",
    "expired_packs": "Expired",
    "seconds": "Seconds",
}
OPTIONAL = ("week_error", "rmsse", "pinball", "above", "total_above", "short_packs", "expired_packs", "seconds")  # fmt: skip
"""Columns that are left out where nothing of a class was measured."""

RATIOS = (
    "total_error", "week_error", "rmsse", "pinball", "short_packs", "expired_packs", "seconds",
)  # fmt: skip


def show() -> None:
    """The page."""
    st.title("Models")
    now = data.now()
    versions = data.read(models.versions)
    if versions.empty:
        parts.nothing(
            "No model has been trained yet. The DAG train_models learns from the closed days; run it in Airflow "
            f"({data.settings().airflow_url}), or wait until "
            f"{words.instant(schedule.next_training(now), data.time_zone())}."
        )
        parts.source("model_run", None, now)
        return
    _waiting(versions[versions["is_proposed"]])
    model = data.read(forecasts.model_in_use)
    if model.empty:
        parts.nothing("No version is in use: nothing is foretold until one is.")
    else:
        _in_use(model.iloc[0], now)
    _history(versions, now)
    if len(model):
        with st.expander("The card of the model in use"):
            st.markdown(str(model["card"].iloc[0]))


def _waiting(proposed: pd.DataFrame) -> None:
    for version in proposed.to_dict("records"):
        why = " ".join(words.plain(line) for line in reasons(version["proposal"]))
        st.warning(
            f"Version {version['version']} waits for a person: it changes much, and is not in use. {why} It is decided in "
            "Airflow, DAG train_models, under its required actions.",
            icon=":material/front_hand:",
        )
        st.link_button(
            "Decide in Airflow",
            f"{data.settings().airflow_url}/dags/train_models/required_actions",
            icon=":material/open_in_new:",
        )


def _in_use(model: "pd.Series[Any]", now: datetime) -> None:
    st.header("In use")
    choices = data.read(models.choices, int(model["model_run"]))
    st.write(
        words.plain(
            f"Version {model['version']}, trained {words.age(model['trained_at'], now)} on "
            f"{words.plural(int(model['series_count']), 'item')} up to {words.day(model['data_until_on'])}."
        )
    )
    if choices.empty:
        _overall(model)
    else:
        _classes(choices)
        with st.expander("What the columns mean", expanded=True):
            st.markdown(MEANINGS)
    parts.source(
        f"model_choice and model_error, model {model['version']}", model["trained_at"], now
    )


def _classes(choices: pd.DataFrame) -> None:
    kinds = [kind for kind in models.KINDS if kind in set(choices["kind"])]
    for kind in kinds:
        st.write(words.plain(in_use(models.KINDS[kind], choices[choices["kind"] == kind])))
    st.header("How the methods compare")
    compared = models.against_used(choices)
    if len(compared):
        st.plotly_chart(
            charts.comparison(compared.assign(kind=compared["kind"].map(models.KINDS))),
            alt="Error of the 28-day total of each method in each class, relative to the method in use there.",
        )
        st.caption(
            "1 is the method in use in that class. Left of it is better, right of it is worse."
        )
    for sentence in not_used(choices):
        st.write(words.plain(sentence))
    for kind in kinds:
        rows = choices[choices["kind"] == kind]
        called = models.KINDS[kind]
        st.subheader(f"{called}: {words.plural(int(rows['series_count'].max()), 'item')}")
        _class(called, rows)


def _class(called: str, rows: pd.DataFrame) -> None:
    shown = rows.assign(
        part=["in use" if one else "not used" for one in rows["is_used"]],
        above=[words.permille(one) for one in rows["above_high"]],
        total_above=[words.permille(one) for one in rows["total_above_high"]],
    )
    sources = {"above": "above_high", "total_above": "total_above_high"}
    missing = {name for name in OPTIONAL if rows[sources.get(name, name)].isna().all()}
    head = {name: title for name, title in LISTED.items() if name not in missing}
    parts.table(
        shown,
        head,
        f"Each method with its errors on {called.lower()} series, the least 28-day error first.",
        ratios=RATIOS,
    )
    origins = int(rows["origin_count"].max())
    st.caption(
        f"{words.plural(origins, 'past origin')}."
        if origins
        else "Not measured: there is too little past to hold a method to."
    )


def _overall(model: "pd.Series[Any]") -> None:
    """A version from before classes were compared: all items together."""
    errors = data.read(models.errors, int(model["model_run"]))
    if errors.empty:
        parts.nothing(
            "No past error yet: at least 49 days of sales are needed, 21 to learn from and 28 to be held to."
        )
        return
    rows = errors.assign(
        part=["in use" if one == model["method"] else "not used" for one in errors["method"]],
        share=[
            words.percent(error / actual if actual else None)
            for error, actual in zip(errors["error_milli"], errors["actual_milli"], strict=True)
        ],
    )
    parts.table(
        rows,
        {"method": "Method", "part": "Part", "share": "Error of 28-day totals", "origin_count": "Past origins"},
        "Each method with the error of its 28-day totals, the best on top.",
    )  # fmt: skip
    st.caption(
        f"Origins from {words.day(errors['first_on'].min())} to {words.day(errors['last_on'].max())}: at each, every "
        "method saw only what was known then. This version was trained before classes of series were compared."
    )


def _history(versions: pd.DataFrame, now: datetime) -> None:
    st.header("Versions")
    parts.table(
        versions.assign(
            trained=[words.instant(one, data.time_zone()) for one in versions["trained_at"]],
            until=[words.short_day(one) for one in versions["data_until_on"]],
            against=[words.percent(one) for one in versions["relative_error"]],
            state=[state(row) for row in versions.to_dict("records")],
        ),
        {
            "version": "Version",
            "trained": "Trained",
            "until": "Learned until",
            "method": "Method",
            "series_count": "Items",
            "against": "Against the mean",
            "state": "What became of it",
        },
        "The versions that were trained, the newest first.",
    )
    st.caption(
        "Against the mean: the error of 28-day totals relative to that of the 28-day mean, over all items and that training's own past origins; below "
        "100 % is better. Versions are measured on different pasts, so two of them differ for that too."
    )
    parts.source("model_run", versions["trained_at"].max(), now)


def reasons(proposal: str | None) -> list[str]:
    """The sentences of a proposal, one a line."""
    return [line.strip() for line in (proposal or "").splitlines() if line.strip()]


def state(version: Mapping[Hashable, Any]) -> str:
    """What became of a version: in use, waiting, or what was decided, with who and why."""
    decided = reasons(version["proposal"])[-1:] if pd.notna(version["decided_at"]) else []
    if version["is_in_use"]:
        return " ".join(["in use", *decided])
    if version["is_proposed"]:
        return "waits for a decision"
    return " ".join(["not in use", *decided])


def in_use(called: str, rows: pd.DataFrame) -> str:
    """Which method serves a class, and on how many items."""
    used = rows[rows["is_used"]]
    items = words.plural(int(rows["series_count"].max()), "item")
    if used.empty:
        return f"{called} ({items}): no method of this comparison."
    method = str(used["method"].iloc[0])
    plain = (
        " Nothing beat the plain mean by enough, or there was too little past to choose on."
        if method == models.MEAN
        else ""
    )
    return f"{called} ({items}): {method}.{plain}"


def not_used(choices: pd.DataFrame) -> list[str]:
    """A sentence for each method that serves no class: how far behind (or ahead) it is, and why it is not used."""
    used = set(choices.loc[choices["is_used"], "method"])
    sentences = []
    for method in dict.fromkeys(choices["method"]):
        if method in used:
            continue
        behind = models.behind_used(choices, method)
        told = ", ".join(
            f"{words.percent(abs(share))} {'more' if share >= 0 else 'less'} on {models.KINDS.get(kind, kind).lower()}"
            for kind, share in behind.items()
        )
        figures = (
            f" Its 28-day error against the method in use: {told}." if told else " Not measured."
        )
        why = (
            " It is trained to be compared; the platform does not serve it."
            if method in models.NEVER_SERVED
            else ""
        )
        sentences.append(f"{method}: not used.{figures}{why}")
    return sentences
