"""A visit's record drawn as a PDF, in the reader's language: what is asked, and all that happened to it."""

import io
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.sax.saxutils import escape

import sqlalchemy as sa
from flask_babel import get_locale
from flask_babel import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from remedy.accounts.queries import contact, staff_name
from remedy.appointments.model import Visit
from remedy.files.record import Record, verb_of
from remedy.values import instant_of
from remedy.vault import Unreadable
from web_portal.forms import UNSEEN
from web_portal.pages import moment
from web_portal.parts import parts
from web_portal.translations.core_sentences import said

FONTS = Path(__file__).parents[1] / "static" / "vendor"
PLAIN, BOLD = "Remedy", "RemedyBold"
INK, QUIET, LINE = HexColor("#1d2b2f"), HexColor("#4f6268"), HexColor("#c9d3d6")
MARGIN = 18 * mm
FRAME = MARGIN - 6
"""A frame keeps six points around what is in it."""

_fonts_once = threading.Lock()


def draw(visit: Visit, whole: Record) -> bytes:
    """The PDF of a visit's record, for somebody who may read all of it."""
    have_fonts()
    styles = page_styles()
    kept = io.BytesIO()
    page = SimpleDocTemplate(
        kept, pagesize=A4, leftMargin=FRAME, rightMargin=FRAME, topMargin=MARGIN,
        bottomMargin=MARGIN, title=_("Visit %(reference)s", reference=visit.reference),
        author="Remedy", subject="", creator="Remedy", lang=str(get_locale()),
    )  # fmt: skip
    story: list[Flowable] = [
        Paragraph(as_text(_("Visit %(reference)s", reference=visit.reference)), styles["title"]),
        _facts(_about(visit, whole), styles),
        Paragraph(as_text(_("What happened")), styles["heading"]),
        _steps(visit, whole, styles),
        Spacer(0, 8 * mm),
        Paragraph(
            as_text(
                _(
                    "Made from the record as it was filed after change %(number)s of this visit.",
                    number=whole.version,
                )
            ),
            styles["quiet"],
        ),
    ]

    def foot(canvas: Any, told: Any) -> None:
        canvas.setFont(PLAIN, 8)
        canvas.setFillColor(QUIET)
        canvas.drawString(MARGIN, 10 * mm, f"Remedy · {visit.reference}")
        canvas.drawRightString(A4[0] - MARGIN, 10 * mm, _("Page %(number)s", number=told.page))

    page.build(story, onFirstPage=foot, onLaterPages=foot)
    return kept.getvalue()


def _about(visit: Visit, whole: Record) -> Iterable[tuple[str, str]]:
    here = parts()
    patient = here.read(lambda c: contact(c, here.vault, visit.patient_id))
    zone = visit.time_zone
    yield _("Reference"), visit.reference
    yield _("Patient"), patient.name if patient else _("(erased)")
    yield _("Doctor"), f"{visit.doctor_name}, {said(visit.speciality)}"
    yield _("Where"), f"{visit.hospital_name}, {visit.hospital_address}"
    yield _("When"), f"{moment(whole.starts_at, zone)} – {moment(whole.ends_at, zone)}"
    yield _("State"), _states().get(whole.state, whole.state)
    urgencies = {"routine": _("Routine"), "soon": _("Soon"), "urgent": _("Urgent")}
    yield _("Urgency"), urgencies.get(str(whole.last("urgency")), "–")
    yield _("What the visit is for"), _opened(visit, "symptoms", whole.last("symptoms_sealed"))


def _steps(visit: Visit, whole: Record, styles: dict[str, ParagraphStyle]) -> Table:
    rows = [
        [Paragraph(as_text(word), styles["label"]) for word in (_("When"), _("What"), _("Who"))]
    ]
    for told in whole.events:
        what = [Paragraph(as_text(_happened(visit, told)), styles["plain"])]
        note = told["data"].get("note_sealed")
        if note:
            what.append(Paragraph(as_text(_opened(visit, "note", note)), styles["quiet"]))
        at = moment(instant_of(str(told["time"])), visit.time_zone)
        rows.append(
            [
                Paragraph(as_text(at), styles["plain"]),
                what,
                Paragraph(as_text(_who(told)), styles["plain"]),
            ]
        )
    return _table(rows, (46 * mm, 84 * mm, 44 * mm), repeatRows=1)


def _states() -> dict[str, str]:
    return {
        "requested": _("Waiting for a decision"),
        "proposed": _("Another time is proposed"),
        "accepted": _("Accepted"),
        "declined": _("Declined"),
        "cancelled": _("Cancelled"),
        "attended": _("Attended"),
        "missed": _("Missed"),
    }


def _happened(visit: Visit, told: Mapping[str, Any]) -> str:
    """What an event did, in words."""
    verb, when = verb_of(told), moment(instant_of(told["data"]["starts_at"]), visit.time_zone)
    words = {
        "requested": _("Asked for: %(when)s", when=when),
        "moved": _("Moved to: %(when)s", when=when),
        "proposed": _("Another time proposed: %(when)s", when=when),
        "accepted": _("Accepted: %(when)s", when=when),
        "declined": _("Declined"),
        "cancelled": _("Cancelled"),
        "checked-in": _("The patient arrived"),
        "attended": _("The visit took place"),
        "missed": _("The patient did not come"),
    }
    return words.get(verb, verb)


def _who(told: Mapping[str, Any]) -> str:
    """Who did it: a name of the staff, the patient, a rule, or nobody in time."""
    data, verb = told["data"], verb_of(told)
    who = data.get("decided_by") or data.get("marked_by")
    if who:
        name = parts().read(lambda c: staff_name(c, UUID(str(who))))
        return name or _("(name unknown)")
    if data.get("by_rule"):
        return _("a rule of the hospital")
    why = data.get("why")
    if why == "lapsed":
        return _("nobody decided in time")
    if why == "hospital":
        return _("the hospital")
    is_patients = verb in {"requested", "moved"} or why == "patient"
    return _("the patient") if is_patients else "–"


def _opened(visit: Visit, field: str, token: Any) -> str:
    """A sealed text of the record; the visit's own key opens it."""
    if not token:
        return "–"
    here = parts()

    def look(connection: sa.Connection) -> str:
        return here.vault.open(
            connection, visit.patient_id, visit.appointment_id, field, str(token)
        )

    try:
        return here.read(look)
    except Unreadable:
        return _("(This text was erased.)")


def _facts(told: Iterable[tuple[str, str]], styles: dict[str, ParagraphStyle]) -> Table:
    rows = [
        [Paragraph(as_text(label), styles["label"]), Paragraph(as_text(value), styles["plain"])]
        for label, value in told
    ]
    return _table(rows, (46 * mm, 128 * mm))


def _table(rows: list[list[Any]], widths: tuple[float, ...], **options: Any) -> Table:
    # A long text may be longer than a page: its row is split.
    made = Table(rows, colWidths=widths, splitInRow=1, **options)
    made.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 4),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
            ]
        )
    )
    return made


def as_text(plain: str) -> str:
    """Somebody's text as a paragraph takes it: nothing in it is markup."""
    return escape(UNSEEN.sub("", plain)).replace("\n", "<br/>")


def page_styles() -> dict[str, ParagraphStyle]:
    """How paragraphs look: plain, quiet, label, title, heading."""
    plain = ParagraphStyle("plain", fontName=PLAIN, fontSize=10, leading=14, textColor=INK)
    return {
        "plain": plain,
        "quiet": ParagraphStyle("quiet", plain, fontSize=9, leading=12.5, textColor=QUIET),
        "label": ParagraphStyle("label", plain, fontName=BOLD),
        "title": ParagraphStyle(
            "title", plain, fontName=BOLD, fontSize=18, leading=23, spaceAfter=10
        ),
        "heading": ParagraphStyle(
            "heading", plain, fontName=BOLD, fontSize=13, leading=17, spaceBefore=16, spaceAfter=6
        ),
    }


def have_fonts() -> None:
    """Make the fonts known that the papers are set in; once in a process."""
    with _fonts_once:
        if PLAIN not in pdfmetrics.getRegisteredFontNames():
            for name, file in ((PLAIN, "dejavu-sans"), (BOLD, "dejavu-sans-bold")):
                pdfmetrics.registerFont(TTFont(name, FONTS / f"{file}-2.37-subset.ttf"))
