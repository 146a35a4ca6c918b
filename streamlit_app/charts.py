"""Frame in, chart out. Colours are told apart without colour sight (Okabe and Ito), and by pattern and words."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from remedy.appointments.utilisation import Use
from remedy.values import MILLI

BLUE, ORANGE, RED = "#0072B2", "#E69F00", "#D55E00"
HEIGHT = 340


def demand(closed: pd.DataFrame, later: pd.DataFrame) -> go.Figure:
    """Packs per day: closed days as counted, later days as landed so far, what was refused on top.

    Both frames have day, sold_milli and refused_milli.
    """
    figure = go.Figure()
    figure.add_bar(
        x=closed["day"],
        y=closed["sold_milli"] / MILLI,
        name="Sold, closed days (counted)",
        marker_color=BLUE,
    )
    figure.add_bar(
        x=later["day"],
        y=later["sold_milli"] / MILLI,
        name="Sold so far (landed, not counted yet)",
        marker={"color": ORANGE, "pattern": {"shape": "/", "size": 6}},
    )
    both = pd.concat([closed, later])
    figure.add_bar(
        x=both["day"],
        y=both["refused_milli"] / MILLI,
        name="Refused for want of stock",
        marker={"color": RED, "pattern": {"shape": "x", "size": 6}},
    )
    figure.update_layout(barmode="stack")
    return _dressed(figure, "packs per day")


def forecast(past: pd.DataFrame, ahead: pd.DataFrame) -> go.Figure:
    """One item: what was wanted before (day, demand_milli), what is foretold, and between which bounds."""
    figure = go.Figure()
    figure.add_scatter(
        x=past["day"],
        y=past["demand_milli"] / MILLI,
        name="Sold and refused, closed days",
        mode="lines",
        line={"color": BLUE},
    )
    figure.add_scatter(
        x=ahead["day"],
        y=ahead["high_milli"] / MILLI,
        name="High: one day in ten is above",
        mode="lines",
        line={"width": 0},
        showlegend=False,
    )
    figure.add_scatter(
        x=ahead["day"],
        y=ahead["low_milli"] / MILLI,
        name="Eight days of ten lie in here",
        mode="lines",
        line={"width": 0},
        fill="tonexty",
        fillcolor="rgba(230, 159, 0, 0.25)",
    )
    figure.add_scatter(
        x=ahead["day"],
        y=ahead["expected_milli"] / MILLI,
        name="Expected",
        mode="lines",
        line={"color": ORANGE, "dash": "dash", "width": 3},
    )
    return _dressed(figure, "packs per day")


def visits(days: pd.DataFrame) -> go.Figure:
    """Requests and accepted visits per day; days that MapReduce counted, and days whose rows have only landed."""
    figure = go.Figure()
    is_counted = days["is_counted"].astype(bool)
    for kind, name, colour in (("requested", "Requested", BLUE), ("accepted", "Accepted", ORANGE)):
        for rows, told, shape in (
            (days[is_counted], "closed days (counted)", ""),
            (days[~is_counted], "so far (landed, not counted yet)", "/"),
        ):
            figure.add_bar(
                x=rows["day"],
                y=rows[kind],
                name=f"{name}, {told}",
                marker={"color": colour, "pattern": {"shape": shape, "size": 6}},
            )
    figure.update_layout(barmode="group")
    return _dressed(figure, "a day")


def requests(spans: pd.DataFrame, p95s: pd.DataFrame, each: int, time_zone: str) -> go.Figure:
    """The portal in spans of `each` seconds: requests a second, and on its own axis the ms 95 of 100 took at most."""
    figure = go.Figure()
    figure.add_bar(
        x=spans["begins_at"].dt.tz_convert(time_zone),
        y=spans["request_count"] / each,
        name="Requests a second",
        marker_color=BLUE,
    )
    figure.add_scatter(
        x=p95s["begins_at"].dt.tz_convert(time_zone),
        y=p95s["within_ms"],
        name="95 of 100 within, ms (right)",
        mode="markers",
        marker={"color": RED, "symbol": "diamond", "size": 7},
        yaxis="y2",
    )
    _dressed(figure, "a second")
    figure.update_layout(
        yaxis2={
            "title": "ms", "overlaying": "y", "side": "right", "rangemode": "tozero", "showgrid": False,
            "tickmode": "auto",
        },
        xaxis={"tickformat": "%-d %b %H:%M"},
    )  # fmt: skip
    return figure


def hours_of_week(used: Sequence[Use], weekdays: Sequence[str]) -> go.Figure:
    """Booked of offered minutes for each hour of the week; keys are (weekday, hour). What was not offered is empty."""
    first = min(one.key[1] for one in used)
    hours = range(first, max(one.key[1] for one in used) + 1)
    shares: list[list[float | None]] = [[None] * len(hours) for _ in weekdays]
    for one in used:
        weekday, hour = one.key
        shares[weekday][hour - first] = one.share
    texts = [["" if share is None else f"{share:.0%}" for share in row] for row in shares]
    figure = go.Figure(
        go.Heatmap(
            x=[f"{hour:02}:00" for hour in hours],
            y=list(weekdays),
            z=shares,
            text=texts,
            texttemplate="%{text}",
            zmin=0,
            zmax=1,
            colorscale=[[0, "#F2F7FB"], [1, BLUE]],
            showscale=False,
            hovertemplate="%{y} %{x}: %{text}<extra></extra>",
            xgap=2,
            ygap=2,
        )
    )
    figure.update_layout(height=HEIGHT, margin={"l": 10, "r": 10, "t": 10, "b": 10})
    figure.update_yaxes(autorange="reversed")
    return figure


def _dressed(figure: go.Figure, unit: str) -> go.Figure:
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": -0.2},
        hovermode="x unified",
        yaxis={"title": unit, "rangemode": "tozero"},
        xaxis={"title": None, "type": "date", "tickformat": "%-d %b"},
    )
    return figure
