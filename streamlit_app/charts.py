"""Frame in, chart out. Colours are told apart without colour sight (Okabe and Ito), and by pattern and words."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from remedy.appointments.utilisation import Use
from remedy.values import MILLI

BLUE, ORANGE, RED, GREEN = "#0072B2", "#E69F00", "#D55E00", "#009E73"
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


def forecast(past: pd.DataFrame, ahead: pd.DataFrame, band: str) -> go.Figure:
    """What was wanted before (day, demand_milli, is_empty), what is foretold, and between which bounds, which `band` names.

    A day without a number is a gap. A day that closed with an empty shelf is marked: more may have been wanted.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=past["day"],
        y=past["demand_milli"] / MILLI,
        name="Sold and refused, closed days",
        mode="lines+markers",
        line={"color": BLUE},
        marker={"size": 4},
        cliponaxis=False,
    )
    empty = past[past["is_empty"] & past["demand_milli"].notna()]
    figure.add_scatter(
        x=empty["day"],
        y=empty["demand_milli"] / MILLI,
        name="Shelf empty that evening: more may have been wanted",
        mode="markers",
        marker={"color": RED, "symbol": "x", "size": 9},
        showlegend=len(empty) > 0,
    )
    figure.add_scatter(
        x=ahead["day"],
        y=ahead["high_milli"] / MILLI,
        name="Upper bound",
        mode="lines",
        line={"width": 0},
        showlegend=False,
    )
    figure.add_scatter(
        x=ahead["day"],
        y=ahead["low_milli"] / MILLI,
        name=band,
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


def comparison(rows: pd.DataFrame) -> go.Figure:
    """Each method's 28-day error relative to the method in use, a sign for each class: kind, method, ratio."""
    figure = go.Figure()
    signs = zip(("circle", "square", "diamond", "x"), (BLUE, ORANGE, RED, GREEN), strict=True)
    for (kind, of_kind), (symbol, colour) in zip(
        rows.groupby("kind", sort=False), signs, strict=False
    ):
        figure.add_scatter(
            x=of_kind["ratio"],
            y=of_kind["method"],
            name=str(kind),
            mode="markers",
            marker={"symbol": symbol, "size": 11, "color": colour},
            hovertemplate="%{y}: %{x:.2f}",
        )
    figure.add_vline(x=1, line={"dash": "dash", "color": "#808080"})
    _dressed(figure, "")
    figure.update_layout(hovermode="closest", height=120 + 36 * rows["method"].nunique())
    figure.update_xaxes(
        type="linear", tickformat=".2f", title="28-day error, 1 is the method in use"
    )
    figure.update_yaxes(
        type="category",
        rangemode="normal",
        title=None,
        categoryorder="array",
        categoryarray=list(
            rows.groupby("method")["ratio"].mean().sort_values(ascending=False).index
        ),
    )
    return figure


def coverage(
    days: pd.DataFrame, promised_above: float | None, promised_below: float | None
) -> go.Figure:
    """Shares of items above and below their interval by day (day, above, below), and what was promised, where it was."""
    figure = go.Figure()
    for column, name, colour, symbol in (
        ("above", "Above the interval", RED, "triangle-up"),
        ("below", "Below the interval", BLUE, "triangle-down"),
    ):
        figure.add_scatter(
            x=days["day"],
            y=days[column],
            name=name,
            mode="lines+markers",
            line={"color": colour},
            marker={"symbol": symbol, "size": 7},
        )
    for promised, name, colour, dash in (
        (promised_above, "Promised above", RED, "dash"),
        (promised_below, "Promised below", BLUE, "dot"),
    ):
        if promised is not None:
            _level(figure, days["day"], promised, name, colour, dash)
    _dressed(figure, "share of items")
    figure.update_yaxes(tickformat=".0%")
    return figure


def week_errors(weeks: pd.DataFrame, promised: float | None) -> go.Figure:
    """Errors of the 7-day totals by the weeks' last day (day, scaled_error), and what was promised, where it was."""
    figure = go.Figure()
    figure.add_scatter(
        x=weeks["day"],
        y=weeks["scaled_error"],
        name="Error of the 7-day totals",
        mode="lines+markers",
        line={"color": BLUE},
        marker={"size": 7},
    )
    if promised is not None:
        _level(figure, weeks["day"], promised, "Promised by the training", ORANGE, "dash")
    return _dressed(figure, "one-week differences")


def _level(
    figure: go.Figure, days: "pd.Series[pd.Timestamp]", at: float, name: str, colour: str, dash: str
) -> None:
    figure.add_scatter(
        x=[days.min(), days.max()],
        y=[at, at],
        name=name,
        mode="lines",
        line={"color": colour, "dash": dash, "width": 2},
    )


def alerts(days: pd.DataFrame) -> go.Figure:
    """Alerts that pharmacies were told, by day: day, alert_count."""
    figure = go.Figure()
    figure.add_bar(x=days["day"], y=days["alert_count"], name="Alerts", marker_color=BLUE)
    return _dressed(figure, "alerts per day")


def expiring(weeks: pd.DataFrame, currency: str, unit: int) -> go.Figure:
    """Money expected to be lost to expiry, by week: week_on, unsold_minor; `unit` minor ones are one of `currency`."""
    figure = go.Figure()
    figure.add_bar(
        x=weeks["week_on"] + pd.Timedelta(days=3.5),
        y=weeks["unsold_minor"] / unit,
        width=6 * 24 * 3600 * 1000,
        customdata=[f"{monday:%-d %b}" for monday in weeks["week_on"]],
        hovertemplate=f"week from %{{customdata}}: %{{y:,.2f}} {currency}<extra></extra>",
        marker_color=BLUE,
    )
    _dressed(figure, f"{currency} a week")
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(title="week of the expiry")
    return figure


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
    return _dressed(figure, "visits per day")


def week_ahead(weeks: pd.DataFrame, speciality: str, atc_group: str) -> go.Figure:
    """Two panels over the same weeks (week_on, visit_count, sold_milli), each with an axis of its own from nought."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.12)
    figure.add_bar(
        x=weeks["week_on"], y=weeks["visit_count"], name=f"Visits to {speciality}, the week before",
        marker_color=BLUE, row=1, col=1,
    )  # fmt: skip
    figure.add_bar(
        x=weeks["week_on"], y=weeks["sold_milli"] / MILLI, name=f"Packs of {atc_group} sold in the week",
        marker={"color": ORANGE, "pattern": {"shape": "/", "size": 6}}, row=2, col=1,
    )  # fmt: skip
    _dressed(figure, "visits")
    figure.update_layout(height=HEIGHT + 120)
    figure.update_yaxes(title="packs", rangemode="tozero", row=2, col=1)
    # A tick a week while there is room, on the Monday each week begins with.
    ticks = {"tickvals": list(weeks["week_on"])} if len(weeks) <= 12 else {}
    figure.update_xaxes(type="date", tickformat="%-d %b", title=None, **ticks)
    figure.update_xaxes(title="week of the sales, from Monday", row=2, col=1)
    return figure


def imported(days: pd.DataFrame) -> go.Figure:
    """Visits of an imported register per day, missed ones on top of those kept: day, visit_count, missed_count."""
    figure = go.Figure()
    figure.add_bar(
        x=days["day"],
        y=days["visit_count"] - days["missed_count"],
        name="Kept",
        marker_color=BLUE,
    )
    figure.add_bar(
        x=days["day"],
        y=days["missed_count"],
        name="Missed",
        marker={"color": RED, "pattern": {"shape": "x", "size": 6}},
    )
    figure.update_layout(barmode="stack")
    _dressed(figure, "visits per day")
    figure.update_xaxes(tickformat="%-d %b %Y")
    return figure


def missed_shares(rows: pd.DataFrame) -> go.Figure:
    """The share missed of each class, with its bounds: lead, visit_count, share, low, high."""
    figure = go.Figure()
    figure.add_bar(
        x=rows["lead"],
        y=rows["share"],
        marker_color=BLUE,
        error_y={
            "type": "data", "symmetric": False, "array": rows["high"] - rows["share"],
            "arrayminus": rows["share"] - rows["low"], "color": RED, "thickness": 2,
        },
        customdata=rows["visit_count"],
        hovertemplate="%{y:.1%} of %{customdata:,} visits<extra></extra>",
    )  # fmt: skip
    _dressed(figure, "share missed, 95 % interval")
    figure.update_xaxes(type="category", tickformat=None, title="booked before the visit")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure


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
