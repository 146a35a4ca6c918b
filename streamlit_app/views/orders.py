"""Orders and transfers: what pharmacies are advised to buy and hand over, what lies or expires."""

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from remedy.schema.advice import ADVICE_LASTS
from remedy.values import MILLI
from streamlit_app import charts, data, parts, words
from streamlit_app.queries import advice, shortages

EVERY = "All"

ASSUMED = """
- **Assumed, for it is not in the data**: a pack costs the pharmacy what it sells for, a pack that is missed loses as much, an
  order comes with the next delivery and can be sold for a year. Items without a price cannot be weighed and are left out.
- A pack is advised while what it saves is worth a tenth of what it costs. **Saved** is what would be missing without the order,
  on average, and is not with it.
- **Sells in time** is the chance that all of an order is sold before it expires; of a pharmacy the mean by money.
- **Transfer**: both sides gain, each after paying half of the way. The giver gains what it would have thrown away, the taker
  what it would have missed. Nothing is promised twice.
- **Too much** is what lies beyond what 28 days ask for nine times of ten. **Expected unsold** is what of a lot is left when it
  expires, on average, where the lot that expires first is sold first.
"""


def show() -> None:
    """The page."""
    st.title("Orders and transfers")
    now = data.now()
    made = data.read(shortages.made)
    if made.empty:
        parts.nothing(
            "Nothing is advised yet. The DAG forecast_stock does it every night, after the forecast; before that a model "
            "must have been trained (page Models)."
        )
        parts.source("out_reorder, out_transfer and out_expiring_lot", None, now)
        return
    stamp = made.iloc[0]
    st.write(
        "What each pharmacy reads on its own page, over all pharmacies. It is advice: nothing is ordered or handed over "
        "before a pharmacist does it."
    )
    parts.late(stamp["made_at"], now, ADVICE_LASTS)
    orders, transfers, over, lots = (
        data.read(one) for one in (advice.orders, advice.transfers, advice.overstock, advice.lots)
    )
    for rows in (orders, transfers, over, lots):
        parts.cut(rows, advice.MOST_ROWS)
    places = pd.concat(
        [orders["district"], transfers["from_district"], transfers["to_district"], over["district"], lots["district"]]
    )  # fmt: skip
    chosen = st.selectbox("District", [EVERY, *sorted(places.dropna().unique())])
    district = None if chosen == EVERY else chosen
    _orders(shortages.in_district(orders, district), stamp, now)
    _transfers(advice.touching(transfers, district), stamp, now)
    _expiring(shortages.in_district(lots, district), stamp, now)
    _overstock(shortages.in_district(over, district), stamp, now)
    with st.expander("What is assumed, and what the columns mean", expanded=True):
        st.markdown(ASSUMED)


def _orders(rows: pd.DataFrame, stamp: "pd.Series[Any]", now: datetime) -> None:
    st.header("Orders advised")
    source = (f"out_reorder, model {stamp['version']}", stamp["made_at"], now)
    if rows.empty:
        parts.nothing("No order is worth its money here: the stock is told to last.")
        parts.source(*source)
        return
    found = advice.orders_by_pharmacy(rows)
    count, cost, saved, sure = st.columns(4)
    count.metric("Orders", f"{len(rows):,}", border=True)
    cost.metric("They cost", parts.money(rows["cost_minor"].sum()), border=True)
    saved.metric("Packs saved", words.packs(rows["saved_milli"].sum()), border=True)
    sure.metric("Sell in time", words.percent(advice.by_money(rows)), border=True)
    st.subheader("By pharmacy")
    currency = data.region().currency
    parts.table(
        found.assign(
            packs=(found["quantity_milli"] / MILLI).round(1),
            cost=parts.whole(found["cost_minor"]),
            saved=(found["saved_milli"] / MILLI).round(1),
            sure=[words.percent(one) for one in found["confidence"]],
        ),
        {
            "pharmacy": "Pharmacy",
            "district": "District",
            "order_count": "Orders",
            "packs": "Packs",
            "cost": f"Cost, {currency}",
            "saved": "Packs saved",
            "sure": "Sell in time",
        },
        "Each pharmacy with what it is advised to order, the dearest list first.",
        money=("cost",),
    )
    st.subheader("The orders")
    parts.table(
        rows.assign(
            packs=(rows["quantity_milli"] / MILLI).round(1),
            cost=parts.whole(rows["cost_minor"]),
            saved=(rows["saved_milli"] / MILLI).round(1),
            out=[
                f"{words.percent(before)} to {words.percent(after)}"
                for before, after in zip(rows["runs_out"], rows["runs_out_after"], strict=True)
            ],
            sure=[words.percent(one) for one in rows["confidence"]],
        ),
        {
            "medicine": "Medicine",
            "pharmacy": "Pharmacy",
            "packs": "Packs",
            "cost": f"Cost, {currency}",
            "saved": "Packs saved",
            "out": "Runs out",
            "sure": "Sells in time",
        },
        "Each order with its chances to run out without and with it, the most worth first.",
        money=("cost",),
        most=parts.MOST_SHOWN,
    )
    st.caption(
        "Runs out: the chance until the order after it would come, without this order and with it."
    )
    parts.source(*source)
    parts.download("Orders as CSV", "/admin/export/orders.csv")


def _transfers(rows: pd.DataFrame, stamp: "pd.Series[Any]", now: datetime) -> None:
    st.header("Transfers advised")
    source = (f"out_transfer, model {stamp['version']}", stamp["made_at"], now)
    if rows.empty:
        parts.nothing(
            "No transfer helps both sides here: nothing that would be left at one pharmacy is told to be missing at "
            "another near enough."
        )
        parts.source(*source)
        return
    st.write(
        words.plain(
            f"{words.plural(len(rows), 'transfer')}: {words.packs(rows['spared_milli'].sum())} packs less left over, "
            f"{words.packs(rows['saved_milli'].sum())} packs less missing, worth {parts.money(rows['gain_minor'].sum())} "
            "to both sides together, the way paid."
        )
    )
    currency = data.region().currency
    parts.table(
        rows.assign(
            packs=(rows["quantity_milli"] / MILLI).round(1),
            km=rows["distance_km"].round(1),
            gives=parts.whole(rows["from_gain_minor"]),
            takes=parts.whole(rows["to_gain_minor"]),
        ),
        {
            "medicine": "Medicine",
            "giver": "From",
            "taker": "To",
            "packs": "Packs",
            "km": "km",
            "gives": f"Giver, {currency}",
            "takes": f"Taker, {currency}",
        },
        "Each transfer with its giver, its taker, its distance and what both gain, the most gained first.",
        money=("gives", "takes"),
        most=parts.MOST_SHOWN,
    )
    st.caption("Giver and taker: what each of them gains, half of the way paid.")
    rows = rows.head(parts.MOST_SHOWN)
    labels = [
        f"{medicine}: {giver} to {taker}"
        for medicine, giver, taker in zip(
            rows["medicine"], rows["giver"], rows["taker"], strict=True
        )
    ]
    chosen = st.selectbox(
        "Why: one transfer", range(len(rows)), format_func=lambda row: labels[row]
    )
    st.write(words.plain(why(rows.iloc[chosen])))
    parts.source(*source)
    parts.download("Transfers as CSV", "/admin/export/transfers.csv")


def _expiring(rows: pd.DataFrame, stamp: "pd.Series[Any]", now: datetime) -> None:
    st.header("What will expire")
    source = (f"out_expiring_lot, model {stamp['version']}", stamp["made_at"], now)
    if rows.empty:
        parts.nothing("Of no lot that expires within 90 days is anything told to be left.")
        parts.source(*source)
        return
    unpriced = int(rows["unsold_minor"].isna().sum())
    without = f", {words.plural(unpriced, 'lot')} without a price left out" if unpriced else ""
    st.write(
        words.plain(
            f"Expected unsold of lots that expire within 90 days: {words.packs(rows['unsold_milli'].sum())} packs, "
            f"{parts.money(rows['unsold_minor'].sum())} at the pharmacies' prices{without}."
        )
    )
    weeks = advice.unsold_by_week(rows, now.date())
    st.plotly_chart(
        charts.expiring(weeks, data.region().currency, 10 ** data.region().minor_digits),
        alt="Bars of the money expected to be lost to expiry, by the week in which the lots expire.",
    )
    parts.table(
        rows.assign(
            number=[one or "without a number" for one in rows["lot"]],
            expires=[words.short_day(one) for one in rows["expires_on"]],
            packs=(rows["quantity_milli"] / MILLI).round(1),
            unsold=(rows["unsold_milli"] / MILLI).round(1),
            money=parts.whole(rows["unsold_minor"]),
        ),
        {
            "medicine": "Medicine",
            "pharmacy": "Pharmacy",
            "number": "Lot",
            "expires": "Expires",
            "packs": "Packs",
            "unsold": "Expected unsold",
            "money": f"Lost, {data.region().currency}",
        },
        "Each lot of which something is expected to be left, the most money first.",
        money=("money",),
        most=parts.MOST_SHOWN,
    )
    parts.source(*source)
    parts.download("Expiring lots as CSV", "/admin/export/expiring.csv")


def _overstock(rows: pd.DataFrame, stamp: "pd.Series[Any]", now: datetime) -> None:
    st.header("Too much in stock")
    source = (f"out_stock_risk, model {stamp['version']}", stamp["made_at"], now)
    if rows.empty:
        parts.nothing("Nowhere does a pack or more lie beyond what 28 days ask for.")
        parts.source(*source)
        return
    st.write(
        words.plain(
            f"{words.packs(rows['over_milli'].sum())} packs of {words.plural(len(rows), 'item')} lie beyond what 28 days "
            f"ask for nine times of ten: {parts.money(rows['over_minor'].sum())} at the pharmacies' prices. What keeps "
            "for a year is no loss; it is money that lies."
        )
    )
    parts.table(
        rows.assign(
            stock=(rows["stock_milli"] / MILLI).round(1),
            asked=(rows["demand_28_milli"] / MILLI).round(1),
            over=(rows["over_milli"] / MILLI).round(1),
            money=parts.whole(rows["over_minor"]),
        ),
        {
            "medicine": "Medicine",
            "pharmacy": "Pharmacy",
            "stock": "In stock",
            "asked": "Expected, 28 days",
            "over": "Too much",
            "money": f"It is worth, {data.region().currency}",
        },
        "Each item of which more lies in stock than 28 days need, the most money first.",
        money=("money",),
        most=parts.MOST_SHOWN,
    )
    parts.source(*source)
    parts.download("Overstock as CSV", "/admin/export/overstock.csv")


def why(row: "pd.Series[Any]") -> str:
    """Why packs of a lot would better lie elsewhere: both sides' chances without the transfer, and what each gains."""
    lot = f"lot {row['lot']}" if row["lot"] else "a lot without a number"
    until = (
        f", which expires on {words.day(row['expires_on'])}" if pd.notna(row["expires_on"]) else ""
    )
    rest = (
        f" Packs beyond what is missed there: {words.packs(row['rest_milli'])}; they would expire where they are."
        if row["rest_milli"]
        else ""
    )
    return (
        f"{words.packs(row['quantity_milli'])} packs of {lot}{until}. {row['giver']} does not sell the lot in time with a "
        f"chance of {words.percent(row['left_over'])}, and gains {parts.money(row['from_gain_minor'])}. {row['taker']} runs "
        f"out before its delivery with a chance of {words.percent(row['runs_out'])}, and gains "
        f"{parts.money(row['to_gain_minor'])}. Both chances are those without the transfer.{rest}"
    )
