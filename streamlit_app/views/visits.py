"""Visits: what was asked, decided, kept and missed in a range of days, and how doctors' time was used."""

from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import pandas as pd
import streamlit as st

from remedy.appointments import activity, utilisation
from remedy.appointments.activity import Chosen, Count
from remedy.values import local_day
from streamlit_app import charts, data, parts, words
from streamlit_app.queries import names, visits

EVERY = "All"
DAYS = 28
MOST_DAYS = 366
BOOKED = "booked"
UNLISTED = "a doctor who is no longer listed"

TILES = {
    "requested": ("Requested", "Requests that patients made."),
    "accepted": ("Accepted", "Requests, or times proposed, that were accepted."),
    "declined": ("Declined", "Requests that an admin declined."),
    "proposed": ("Proposed", "Another time that was proposed in place of the one asked for."),
    "moved": ("Moved", "Visits that were moved to another time."),
    BOOKED: ("Booked", "Visits whose own time lies in these days: accepted, attended or missed, as it is now."),
    "cancelled_by_patient": ("Patient cancelled", "Requests and visits the patient called off."),
    "cancelled_by_hospital": ("Hospital cancelled", "Visits the hospital called off."),
    "lapsed": ("Lapsed", "Requests nobody decided in time, and proposals nobody answered."),
    "attended": ("Attended", "Visits the patient came to. Told twice, the later one counts."),
    "missed": ("Missed", "Visits the patient did not come to; never those that were called off."),
}  # fmt: skip

WAITS = {
    "accepted": "to be accepted",
    "declined": "to be declined",
    "proposed": "to be offered another time",
    "lapsed": "in vain: nobody answered",
    "visit": "from the request to the visit",
}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def show() -> None:
    """The page."""
    st.title("Visits")
    now = data.now()
    doctors = data.read(names.doctors)
    chosen = _choices(doctors, local_day(now, data.time_zone()))
    if chosen is None:
        return
    count = data.read(activity.last_count)
    closed = count.day if count else None
    days = data.read(activity.days, chosen, closed)
    _tiles(activity.totals(days), chosen, doctors)
    _activity(days, count, now)
    _waits(chosen, count, now)
    _utilisation(days, chosen, count, doctors, now)


def _choices(doctors: pd.DataFrame, today: date) -> Chosen | None:
    """What is looked at; None while only the first of two days is chosen."""
    left, middle, right = st.columns([1.4, 1, 1])
    range_ = left.date_input(
        "Days", (today - timedelta(days=DAYS - 1), today), max_value=today, format="YYYY-MM-DD"
    )
    called = names.choices(doctors, "doctor_id", "name")
    speciality = middle.selectbox("Speciality", [EVERY, *sorted(set(doctors["speciality"]))])
    of_it = doctors if speciality == EVERY else doctors[doctors["speciality"] == speciality]
    doctor = right.selectbox(
        "Doctor", [EVERY, *of_it["doctor_id"]], format_func=lambda key: called.get(key, key)
    )
    if not isinstance(range_, tuple) or len(range_) != 2:
        parts.nothing("Choose the last day too.")
        return None
    first, last = range_
    if last - first >= timedelta(days=MOST_DAYS):
        parts.nothing(f"Choose {MOST_DAYS} days at most.")
        return None
    _downloads(first, last, speciality, doctor)
    ids: tuple[UUID, ...] | None = None
    if doctor != EVERY:
        ids = (UUID(doctor),)
    elif speciality != EVERY:
        ids = tuple(map(UUID, of_it["doctor_id"]))
    of = doctors[doctors["doctor_id"] == doctor]["speciality"]
    return Chosen(
        first,
        last,
        ids,
        str(of.iloc[0]) if len(of) else None if speciality == EVERY else speciality,
    )


def _downloads(first: date, last: date, speciality: str, doctor: str) -> None:
    asked: dict[str, object] = {"first": first, "last": last}
    if doctor != EVERY:
        asked["doctor"] = doctor
    elif speciality != EVERY:
        asked["speciality"] = speciality
    wanted = urlencode(asked)
    with st.container(horizontal=True):
        parts.download("Report as PDF", f"/admin/export/visits.pdf?{wanted}")
        parts.download("Report as CSV", f"/admin/export/visits.csv?{wanted}")


def _tiles(sums: dict[str, int], chosen: Chosen, doctors: pd.DataFrame) -> None:
    numbers = {**sums, BOOKED: data.read(activity.booked_count, chosen)}
    opened = parts.tiles("visits", TILES, numbers)
    if opened:
        rows = (
            data.read(activity.booked, chosen)
            if opened == BOOKED
            else data.read(activity.rows, chosen, opened)
        )
        _rows(opened, visits.happened(rows), numbers[opened], doctors, chosen)


def _rows(
    kind: str, rows: pd.DataFrame, number: int, doctors: pd.DataFrame, chosen: Chosen
) -> None:
    st.header(f"{TILES[kind][0]}: {words.plural(len(rows), 'row')}")
    if len(rows) != number:
        _difference(len(rows), number, chosen)
    if rows.empty:
        parts.nothing("There is no row behind it.")
        return
    time_zone = data.time_zone()
    rows = rows.merge(doctors, on="doctor_id", how="left")
    shown = rows.assign(
        happened=[words.instant(at, time_zone) for at in rows["happened_at"]],
        starts=[words.instant(at, time_zone) for at in rows["starts_at"]],
        doctor=rows["name"].fillna(UNLISTED),
        speciality=rows["speciality"].fillna("-"),
        state=rows["state"].replace("", "not known any more"),
    )
    parts.table(
        shown,
        {
            "reference": "Reference",
            "happened": "Decided or asked" if kind == BOOKED else "Happened",
            "doctor": "Doctor",
            "speciality": "Speciality",
            "starts": "Time of the visit",
            "state": "State now",
        },
        f"The rows behind the tile {TILES[kind][0]}, the newest first.",
    )
    st.caption(
        f"Times are {time_zone}. "
        + (
            "Source: request_state (the portal's own table, as it is now)."
            if kind == BOOKED
            else "Source: landed rows of raw_appointments; state: request_state, as it is now."
        )
    )


def _difference(shown: int, number: int, chosen: Chosen) -> None:
    why = (
        f"Only the newest {activity.MOST_ROWS:,} are listed."
        if shown >= activity.MOST_ROWS
        else f"Landed rows are kept for {activity.RAW_DAYS} days; older days have their count alone."
        if chosen.first <= (data.now() - timedelta(days=activity.RAW_DAYS)).date()
        else "A day changed since it was counted, or an end told earlier was corrected."
    )
    st.caption(f"The tile says {number:,}, and {shown:,} rows are here. {why}")


def _activity(days: list[activity.Day], count: Count | None, now: datetime) -> None:
    st.header("Day by day")
    if not days:
        parts.nothing("Nothing happened to any visit in these days.")
    else:
        st.plotly_chart(
            charts.visits(visits.daily(days)),
            alt="Bars of requests and accepted visits per day; counted days and days only landed told apart.",
        )
    if count is None:
        st.caption("Source: no closed day has been counted yet (DAG aggregate_visits).")
    else:
        parts.source(
            f"closed days to {words.day(count.day)}: agg_daily_visits, counted by MapReduce ({count.job})",
            count.counted_at,
            now,
        )
        if count.stale_days:
            st.caption(
                f"{words.plural(count.stale_days, 'closed day')} had later facts since and will be counted again."
            )
    parts.source("days after that: landed rows of raw_appointments; looked at", now, now)


def _waits(chosen: Chosen, count: Count | None, now: datetime) -> None:
    st.header("Waiting")
    waits = data.read(activity.waits, chosen, count.day if count else None)
    if not waits:
        parts.nothing("On the closed days of this range nobody was answered.")
        return
    rows = pd.DataFrame(
        [
            (
                WAITS[one.waited_for], one.wait_count, words.minutes(one.mean_minutes),
                within(one.half_within), within(one.most_within),
            )
            for one in waits
        ],
        columns=["what", "wait_count", "mean", "half", "most"],
    )  # fmt: skip
    parts.table(
        rows,
        {
            "what": "Patients waited",
            "wait_count": "Times",
            "mean": "On average",
            "half": "Half of them",
            "most": "Nine of ten",
        },
        "How long patients waited for each answer and for the visit itself.",
    )
    st.caption(
        "Counted in classes: half and nine of ten are upper bounds. Counted per speciality, so that a chosen"
        " doctor's are those of the speciality."
    )
    parts.source("agg_daily_waiting, closed days", count.counted_at if count else None, now)


def within(minutes: int) -> str:
    """An upper bound of a wait: `within 3 h`."""
    if minutes >= activity.LONGEST_WAIT:
        return "longer than 180 days"
    return f"within {words.minutes(minutes)}"


def _utilisation(
    days: list[activity.Day],
    chosen: Chosen,
    count: Count | None,
    doctors: pd.DataFrame,
    now: datetime,
) -> None:
    st.header("Use of doctors' time")
    closed = count.day if count else None
    used = data.read(utilisation.of_weeks, chosen, closed)
    if used:
        called = names.choices(doctors, "doctor_id", "name")
        is_a = names.choices(doctors, "doctor_id", "speciality")
        st.plotly_chart(
            charts.hours_of_week(data.read(utilisation.of_hours, chosen, closed), WEEKDAYS),
            alt="Booked minutes of offered ones, in per cent, for each hour of the week; the same figures are in"
            " the tables below by doctor and speciality.",
        )
        by_doctor = visits.used(utilisation.by(used, lambda one: str(one.key[0])), "doctor_id")
        by_doctor = by_doctor.assign(
            name=[called.get(one, UNLISTED) for one in by_doctor["doctor_id"]]
        )
        _use_table(by_doctor, "name", "Doctor")
        by_speciality = utilisation.by(used, lambda one: is_a.get(str(one.key[0]), "-"))
        _use_table(visits.used(by_speciality, "name"), "name", "Speciality")
    else:
        parts.nothing(
            "Nobody has measured yet what time doctors offered on these days; the DAG aggregate_visits does after"
            " each day."
        )
    left_out = data.read(utilisation.unmeasured, chosen, closed)
    if left_out:
        st.caption(
            f"{words.minutes(left_out)} booked on days whose offered time was not measured are in no share."
        )
    _weeks(visits.weekly(days, utilisation.by(used, lambda one: one.key[1])))
    parts.source(
        "agg_hourly_visits and agg_hourly_offered, closed days; visits as booked when they were counted",
        count.counted_at if count else None,
        now,
    )


def _use_table(rows: pd.DataFrame, key: str, title: str) -> None:
    shown = rows.assign(
        offered=(rows["offered_minutes"] / 60).round(1),
        booked=(rows["booked_minutes"] / 60).round(1),
        share=[words.percent(one) for one in rows["share"]],
    )
    parts.table(
        shown,
        {
            key: title,
            "offered": "Offered, hours",
            "booked": "Booked, hours",
            "share": "Used",
            "booked_count": "Visits",
            "attended_count": "Attended",
            "missed_count": "Missed",
        },
        f"Time offered and booked, by {title.lower()}.",
    )


def _weeks(rows: pd.DataFrame) -> None:
    if rows.empty:
        return
    st.subheader("Week by week")
    used = rows["booked_minutes"] / rows["offered_minutes"].where(rows["offered_minutes"] > 0)
    shown = rows.assign(
        monday=[words.day(one) for one in rows["week"]],
        offered=(rows["offered_minutes"] / 60).round(1),
        booked=(rows["booked_minutes"] / 60).round(1),
        share=[words.percent(one) for one in used],
        off=rows["cancelled_by_patient"] + rows["cancelled_by_hospital"],
    )
    parts.table(
        shown,
        {
            "monday": "Week from",
            "requested": "Requested",
            "accepted": "Accepted",
            "declined": "Declined",
            "off": "Cancelled",
            "lapsed": "Lapsed",
            "attended": "Attended",
            "missed": "Missed",
            "offered": "Offered h",
            "booked": "Booked h",
            "share": "Used",
        },
        "Each week of the range with what happened and how doctors' time was used.",
    )
