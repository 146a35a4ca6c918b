"""The report on visits drawn as a PDF, in the reader's language: figures, their source and age, and plain charts."""

import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from remedy.appointments.activity import LONGEST_WAIT, Day
from remedy.appointments.utilisation import Use
from web_portal.admin.report import Figures
from web_portal.appointments.record_pdf import (
    FRAME,
    INK,
    LINE,
    MARGIN,
    PLAIN,
    QUIET,
    as_text,
    have_fonts,
    page_styles,
)
from web_portal.pages import day_name, moment, weekday_name
from web_portal.parts import parts
from web_portal.translations.core_sentences import said

WIDE = A4[0] - 2 * MARGIN
HIGH = 52 * mm
BLUE, ORANGE = HexColor("#0072B2"), HexColor("#E69F00")
MOST_BARS = 92
"""More days than this are drawn week by week."""


def draw(found: Figures) -> bytes:
    """The PDF of the report."""
    have_fonts()
    styles = page_styles()
    title = _(
        "Visits, %(first)s to %(last)s",
        first=day_name(found.chosen.first),
        last=day_name(found.chosen.last),
    )
    kept = io.BytesIO()
    page = SimpleDocTemplate(
        kept, pagesize=A4, leftMargin=FRAME, rightMargin=FRAME, topMargin=MARGIN,
        bottomMargin=MARGIN, title=title, author="Remedy", subject="", creator="Remedy",
        lang=str(get_locale()),
    )  # fmt: skip
    story: list[Flowable] = [
        Paragraph(as_text(title), styles["title"]),
        Paragraph(as_text(_of_whom(found)), styles["plain"]),
        Paragraph(as_text(_sources(found)), styles["quiet"]),
        Paragraph(as_text(_("What happened")), styles["heading"]),
        _activity(found),
        Spacer(0, 5 * mm),
        KeepTogether([_days_chart(found.days), *_legend(styles)]),
        *_waiting(found, styles),
        *_use(found, styles),
    ]

    def foot(canvas: Any, told: Any) -> None:
        canvas.setFont(PLAIN, 8)
        canvas.setFillColor(QUIET)
        canvas.drawString(MARGIN, 10 * mm, f"Remedy · {title}")
        canvas.drawRightString(A4[0] - MARGIN, 10 * mm, _("Page %(number)s", number=told.page))

    page.build(story, onFirstPage=foot, onLaterPages=foot)
    return kept.getvalue()


def _of_whom(found: Figures) -> str:
    chosen = found.chosen
    if chosen.doctor_ids and len(chosen.doctor_ids) == 1:
        doctor = found.doctors[chosen.doctor_ids[0]]
        return f"{doctor.name}, {said(doctor.speciality)}"
    return said(chosen.speciality) if chosen.speciality else _("All doctors")


def _sources(found: Figures) -> str:
    zone = parts().region.time_zone
    made = _("Made %(when)s.", when=moment(found.made_at, zone))
    if found.count is None:
        return made + " " + _("No closed day has been counted yet; figures are of landed rows.")
    counted = _(
        "Closed days to %(day)s were counted by MapReduce (%(job)s), last %(when)s; later days are landed rows.",
        day=day_name(found.count.day),
        job=found.count.job,
        when=moment(found.count.counted_at, zone),
    )
    stale = (
        " "
        + _("%(number)s closed days had later facts since and will be counted again.", number=found.count.stale_days)
        if found.count.stale_days
        else ""
    )  # fmt: skip
    return f"{made} {counted}{stale}"


def _kinds() -> dict[str, str]:
    return {
        "requested": _("Requested"),
        "accepted": _("Accepted"),
        "declined": _("Declined"),
        "proposed": _("Another time proposed"),
        "moved": _("Moved"),
        "cancelled_by_patient": _("Cancelled by the patient"),
        "cancelled_by_hospital": _("Cancelled by the hospital"),
        "lapsed": _("Lapsed: nobody decided in time"),
        "attended": _("Attended"),
        "missed": _("Missed"),
    }


def _activity(found: Figures) -> Flowable:
    totals, named = found.totals, _kinds()
    cells = [(name, str(totals[kind])) for kind, name in named.items()]
    cells.append((_("Visits booked for these days, as it is now"), str(found.booked_count)))
    return _table([_("What"), _("Times")], cells, (120 * mm, 54 * mm), right_from=1)


def _days_chart(days: Sequence[Day]) -> Drawing:
    """Bars of requests and accepted visits; filled where counted, outlined where only landed."""
    bars = _bars(days)
    drawing = Drawing(WIDE, HIGH)
    most = max((max(one[1:3]) for one in bars), default=0) or 1
    left, bottom = 10 * mm, 8 * mm
    wide, high = WIDE - left, HIGH - bottom - 4 * mm
    for share in (0, 0.5, 1):
        y = bottom + share * high
        drawing.add(Line(left, y, WIDE, y, strokeColor=LINE, strokeWidth=0.5))
        label = f"{most * share:g}" if most * share == int(most * share) else ""
        drawing.add(_label(left - 2 * mm, y - 2.5, label, "end"))
    step = wide / max(1, len(bars))
    every = max(1, -(-len(bars) // 8))
    for place, (day, requested, accepted, is_counted) in enumerate(bars):
        for side, (number, colour) in enumerate(((requested, BLUE), (accepted, ORANGE))):
            drawing.add(
                Rect(
                    left + place * step + side * step * 0.4 + step * 0.1, bottom, step * 0.36,
                    high * number / most, strokeColor=colour, strokeWidth=0.6,
                    fillColor=colour if is_counted else white,
                )
            )  # fmt: skip
        if place % every == 0:
            drawing.add(_label(left + place * step, bottom - 10, f"{day:%d.%m.}", "start"))
    return drawing


def _bars(days: Sequence[Day]) -> list[tuple[date, int, int, bool]]:
    if len(days) <= MOST_BARS:
        return [
            (one.day, one.counts.get("requested", 0), one.counts.get("accepted", 0), one.is_counted)
            for one in days
        ]
    weeks: dict[date, tuple[date, int, int, bool]] = {}
    for one in days:
        monday = date.fromordinal(one.day.toordinal() - one.day.weekday())
        _day, requested, accepted, is_counted = weeks.get(monday, (monday, 0, 0, True))
        weeks[monday] = (
            monday,
            requested + one.counts.get("requested", 0),
            accepted + one.counts.get("accepted", 0),
            is_counted and one.is_counted,
        )
    return list(weeks.values())


def _legend(styles: dict[str, Any]) -> list[Flowable]:
    sentence = _(
        "Requests (blue) and accepted visits (orange) of each day, of each week in a long range. Filled: counted;"
        " outlined: landed and not counted yet."
    )
    return [Paragraph(as_text(sentence), styles["quiet"])]


def _waiting(found: Figures, styles: dict[str, Any]) -> list[Flowable]:
    if not found.waits:
        return []
    named = {
        "accepted": _("To be accepted"),
        "declined": _("To be declined"),
        "proposed": _("To be offered another time"),
        "lapsed": _("In vain: nobody answered"),
        "visit": _("From the request to the visit"),
    }
    cells = [
        (
            named[one.waited_for], str(one.wait_count), _span(one.mean_minutes),
            _within(one.half_within), _within(one.most_within),
        )
        for one in found.waits
    ]  # fmt: skip
    head = [_("Patients waited"), _("Times"), _("On average"), _("Half of them"), _("Nine of ten")]
    return [
        Paragraph(as_text(_("Waiting")), styles["heading"]),
        _table(head, cells, (62 * mm, 20 * mm, 30 * mm, 31 * mm, 31 * mm), right_from=1),
    ]


def _within(minutes: int) -> str:
    if minutes >= LONGEST_WAIT:
        return _("longer than 180 days")
    return _("within %(time)s", time=_span(minutes))


def _span(minutes: float) -> str:
    if minutes < 90:
        return _("%(number)s min", number=f"{minutes:.0f}")
    if minutes < 36 * 60:
        return _("%(number)s h", number=f"{minutes / 60:.0f}")
    return _("%(number)s days", number=f"{minutes / 1440:.0f}")


def _use(found: Figures, styles: dict[str, Any]) -> list[Flowable]:
    heading = Paragraph(as_text(_("Use of doctors' time")), styles["heading"])
    if not found.used:
        sentence = _("Nobody has measured yet what time doctors offered on these days.")
        return [heading, Paragraph(as_text(sentence), styles["plain"])]
    story: list[Flowable] = [KeepTogether([heading, _week_chart(found.by_hour)])]
    sentence = _(
        "Booked minutes of offered ones, for each hour of the week; an empty box: nothing was offered."
    )
    story.append(Paragraph(as_text(sentence), styles["quiet"]))
    for title, used, name in (
        (_("Doctor"), found.by_doctor(), str),
        (_("Speciality"), found.by_speciality(), said),
        (_("Week from"), found.by_week(), day_name),
    ):
        story += [Spacer(0, 4 * mm), _use_table(title, used, name)]
    if found.unmeasured_minutes:
        sentence = _(
            "%(time)s booked on days whose offered time was not measured are in no share.",
            time=_span(found.unmeasured_minutes),
        )
        story.append(Paragraph(as_text(sentence), styles["quiet"]))
    return story


def _use_table(title: str, used: Iterable[Use], name: Any) -> Flowable:
    cells = [
        (
            name(one.key), f"{one.offered_minutes / 60:.1f}", f"{one.booked_minutes / 60:.1f}",
            "-" if one.share is None else f"{one.share:.0%}", str(one.booked_count),
            str(one.attended_count), str(one.missed_count),
        )
        for one in used
    ]  # fmt: skip
    head = [
        title, _("Offered, hours"), _("Booked, hours"), _("Used"), _("Visits"), _("Attended"), _("Missed"),
    ]  # fmt: skip
    widths = (50 * mm, 22 * mm, 22 * mm, 17 * mm, 25 * mm, 19 * mm, 19 * mm)
    return _table(head, cells, widths, right_from=1)


def _week_chart(used: Sequence[Use]) -> Drawing:
    """A box for each hour of the week, the darker the more of it was booked, with its figure."""
    by_key = {one.key: one.share for one in used}
    hours = range(min(hour for _day, hour in by_key), max(hour for _day, hour in by_key) + 1)
    left, row = 24 * mm, 6.5 * mm
    drawing = Drawing(WIDE, 8 * row)
    wide = (WIDE - left) / len(hours)
    for place, hour in enumerate(hours):
        drawing.add(_label(left + (place + 0.5) * wide, 7.3 * row, f"{hour:02}", "middle"))
    for weekday in range(7):
        y = (6 - weekday) * row
        drawing.add(_label(0, y + 2 * mm, weekday_name(weekday), "start"))
        for place, hour in enumerate(hours):
            share = by_key.get((weekday, hour))
            x = left + place * wide
            drawing.add(
                Rect(
                    x,
                    y,
                    wide - 1,
                    row - 1,
                    strokeColor=LINE,
                    strokeWidth=0.4,
                    fillColor=_shade(share),
                )
            )
            if share is not None:
                dark = share > 0.7
                label = _label(x + wide / 2, y + 2 * mm, f"{share:.0%}", "middle")
                label.fillColor = white if dark else INK
                drawing.add(label)
    return drawing


def _shade(share: float | None) -> Color:
    if share is None:
        return white
    part = min(1.0, max(0.0, share))
    light = (0.95, 0.97, 0.985)
    dark = (BLUE.red, BLUE.green, BLUE.blue)
    return Color(*(a + (b - a) * part for a, b in zip(light, dark, strict=True)))


def _label(x: float, y: float, text: str, anchor: str) -> String:
    return String(x, y, text, fontName=PLAIN, fontSize=7, fillColor=QUIET, textAnchor=anchor)


def _table(
    head: Sequence[str], cells: Sequence[Sequence[str]], widths: Sequence[float], *, right_from: int
) -> Table:
    styles = page_styles()
    small = styles["plain"].clone("small", fontSize=8.5, leading=11)
    label = styles["label"].clone("head", fontSize=8, leading=10)
    to_the_right = label.clone("head of figures", alignment=TA_RIGHT)
    heads = [
        Paragraph(as_text(text), to_the_right if place >= right_from else label)
        for place, text in enumerate(head)
    ]
    first = [[Paragraph(as_text(row[0]), small), *row[1:]] for row in cells]
    made = Table([heads, *first], colWidths=list(widths), repeatRows=1)
    made.setStyle(
        TableStyle(
            [
                ("FONT", (0, 1), (-1, -1), PLAIN, 8.5),
                ("TEXTCOLOR", (0, 0), (-1, -1), INK),
                ("ALIGN", (right_from, 0), (-1, -1), "RIGHT"),
                ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
                ("VALIGN", (0, 1), (-1, -1), "TOP"),
                ("LEFTPADDING", (1, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return made
