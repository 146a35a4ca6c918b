"""A whole prescription at once: its items typed, scanned or pasted, the pharmacies that have them, all of it set aside.

Everything the page knows stands in its address: it can be kept, sent on and gone back to, and works without JavaScript.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers.response import Response
from wtforms import HiddenField

from remedy.catalogue.by_words import MEDICINE_FIELDS
from remedy.catalogue.model import Medicine
from remedy.catalogue.queries import find
from remedy.catalogue.whole import KM_MINOR, Choice, best_pair, singles
from remedy.catalogue.whole_queries import Shop, by_code, openings, shops
from remedy.orders import pickup
from remedy.prescriptions.queries import accepted_quantity
from remedy.schema.pharmacy import medicine as medicines
from remedy.stock import service
from remedy.stock.holds import LinesShort
from remedy.stock.model import Refused
from remedy.values import milli_of, packs_text
from web_portal import access
from web_portal.access import public, requires
from web_portal.forms import PLAIN_NUMBER, OnceForm, once
from web_portal.pages import render
from web_portal.parts import parts
from web_portal.search import demand
from web_portal.search.around import Around, around

room = Blueprint("whole", __name__, url_prefix="/whole-prescription", template_folder="templates")

MOST_ITEMS = 12
MOST_LINES = 20
MOST_PACKS_MILLI = 99_000
LONGEST_LINE = 200
SUGGESTIONS = 6
SHOWN = 10
ONE_PACK = 1000
_COUNT = re.compile(r"^\s*([0-9]{1,2})\s*[x×]\s+|\s+[x×]\s*([0-9]{1,2})\s*$", re.IGNORECASE)


class HoldAllForm(OnceForm):
    """What is to be set aside: `pharmacy:medicine:thousandths of a pack`, with blanks between."""

    lines = HiddenField()

    def read(self) -> list[tuple[UUID, UUID, int]]:
        """The lines.

        Raises:
            ValueError: if nobody of ours wrote them.
        """
        found = []
        for line in (self.lines.data or "").split():
            pharmacy_id, medicine_id, milli = line.split(":")
            found.append((UUID(pharmacy_id), UUID(medicine_id), int(milli)))
        if not 0 < len(found) <= MOST_ITEMS or any(
            not 0 < milli <= MOST_PACKS_MILLI for *_ids, milli in found
        ):
            raise ValueError("no lines")
        return found


@dataclass(frozen=True)
class Item:
    """A medicine of the prescription and how much of it is wanted, in thousandths of a pack."""

    medicine: Medicine
    milli: int

    @property
    def packs(self) -> str:
        """The packs as one types them."""
        return packs_text(self.milli)

    @property
    def is_sought(self) -> bool:
        """Whether pharmacies are looked through for it: a controlled medicine is asked for in person."""
        return not self.medicine.is_controlled

    @property
    def needs_prescription(self) -> bool:
        """Whether it is set aside only where an accepted prescription covers it."""
        return self.is_sought and self.medicine.is_prescription_only


@dataclass(frozen=True)
class OpenLine:
    """A line that is no one medicine yet: what it may mean, and whether that is only written almost like it."""

    text: str
    milli: int
    suggestions: list[Medicine]
    is_nearly: bool
    others: list[str]


@dataclass(frozen=True)
class Result:
    """Where it is to be had: the shops by id, the choices of one, and of two where nobody has all."""

    shops: dict[UUID, Shop]
    alone: list[Choice]
    pair: Choice | None
    sought: int


@room.get("")
@public
def page() -> Response:
    """The items so far, what is still to be told apart, and where all of it is to be had."""
    return _page(200)


@room.get("/suggestions")
@public
def suggestions() -> Response:
    """What the item that is being typed may be; nothing is counted, as every letter asks again."""
    items = parts().read(_items)
    text = request.args.get("add", "").strip()[:LONGEST_LINE]
    line = parts().read(lambda c: _line(c, text, [])) if text else None
    response = make_response(
        render_template("search/_whole_lines.html", lines=[line] if line else [], address=_address,
                        items=items, open_texts=_texts(), around=None, is_typing=True)
    )  # fmt: skip
    response.vary.update(("HX-Request", "HX-Target"))
    return response


@room.post("/holds")
@requires("patient")
def hold() -> Response:
    """Set everything aside, at one pharmacy or at two: all of it, or nothing."""
    here, form, patient_id = parts(), HoldAllForm(), access.patient_id()
    try:
        lines = form.read() if form.validate() else []
    except ValueError:
        lines = []
    if not lines:
        return _page(422, refusal=_("Choose again where to set the packs aside."))

    def work(connection: sa.Connection) -> str:
        pickup.hold_all(
            connection,
            lines,
            patient_id=patient_id,
            minutes=pickup.minutes_to_hold(
                connection, [pharmacy_id for pharmacy_id, *_rest in lines], now=here.now()
            ),
            clock=here.clock,
        )
        return url_for("search.holds", done="held-all")

    try:
        return redirect(once(form, work), 303)
    except LinesShort as short:
        missing = set(short.available)

        def tell(connection: sa.Connection) -> str:
            for pharmacy_id, medicine_id, milli in lines:
                if medicine_id in missing:
                    service.record_refusal(
                        connection, pharmacy_id, medicine_id, milli, clock=here.clock
                    )
            return _address(_items(connection), [])

        # A second transaction: the first was rolled back. Under the same number, so told once.
        once(form, tell)
        return _page(409, refusal=str(short))
    except Refused as refusal:
        return _page(422, refusal=str(refusal))


def _page(status: int, refusal: str | None = None) -> Response:
    here = parts()
    now = here.now()

    def look(connection: sa.Connection) -> tuple[list[Item], list[OpenLine], Around]:
        items = _items(connection)
        texts = _texts()
        lines = [
            _line(connection, text, texts[:number] + texts[number + 1 :])
            for number, text in enumerate(texts)
        ]
        return items, lines, around(connection)

    items, lines, near = here.read(look)
    settled = [line for line in lines if len(line.suggestions) == 1 and not line.is_nearly]
    if settled and request.method == "GET" and len(items) < MOST_ITEMS:
        # What can mean one medicine only is taken; the address then says what the page shows.
        known = {item.medicine.medicine_id for item in items}
        new = []
        for line in settled:
            if line.suggestions[0].medicine_id not in known:
                known.add(line.suggestions[0].medicine_id)
                new.append(Item(line.suggestions[0], line.milli))
        left = [line.text for line in lines if line not in settled]
        first = new[0].medicine.medicine_id if new else None
        return redirect(_address([*items, *new][:MOST_ITEMS], left, added=first), 303)
    point = near.near.point if near.near else None
    wanted = {item.medicine.medicine_id: item.milli for item in items if item.is_sought}
    found = here.read(lambda c: shops(c, wanted, now=now))
    places = [shop.place(wanted) for shop in found]
    alone = singles(wanted, places, point)
    has_all = bool(alone) and alone[0].having == len(wanted)
    result = Result(
        {shop.pharmacy_id: shop for shop in found},
        alone[:SHOWN],
        None if has_all else best_pair(wanted, places, point),
        len(wanted),
    )
    _tell(result, near)
    shown = {one for choice in _choices(result) for one in choice.items}
    of_shop = [shop for shop in found if shop.pharmacy_id in shown]
    person = access.person()
    patient_id = person.patient_id if person is not None else None
    return render(
        "search/whole.html",
        status,
        items=items,
        lines=lines,
        around=near,
        result=result,
        openings=here.read(lambda c: openings(c, of_shop, now=now)),
        missing=_missing(items, places),
        explained=_explained(result),
        lines_of=lambda choice: " ".join(
            f"{pharmacy_id}:{medicine_id}:{wanted[medicine_id]}"
            for pharmacy_id, some in choice.items.items()
            for medicine_id in some
        ),
        form=HoldAllForm(formdata=None) if patient_id is not None else None,
        uncovered=here.read(lambda c: _uncovered(c, items, patient_id)) if patient_id else set(),
        hours=pickup.HOLD_FOR // timedelta(hours=1),
        address=_address,
        open_texts=[line.text for line in lines],
        labels={item.medicine.medicine_id: item.medicine.label for item in items},
        packs_of=wanted,
        km_minor=KM_MINOR,
        most=MOST_ITEMS,
        is_typing=False,
        refusal=refusal,
    )


def _uncovered(connection: sa.Connection, items: list[Item], patient_id: UUID) -> set[UUID]:
    """The medicines of which this patient's accepted prescriptions allow less than is wanted."""
    now = parts().now()
    return {
        item.medicine.medicine_id
        for item in items
        if item.needs_prescription
        and accepted_quantity(connection, patient_id, item.medicine.medicine_id, now=now)
        < item.milli
    }


def _choices(result: Result) -> list[Choice]:
    return [*([result.pair] if result.pair else []), *result.alone]


def _missing(items: list[Item], places: list) -> list[Item]:
    """The items that no pharmacy has enough of."""
    had = {medicine_id for place in places for medicine_id in place.prices}
    return [item for item in items if item.is_sought and item.medicine.medicine_id not in had]


def _explained(result: Result) -> str:
    """Why these two, in a sentence."""
    if result.pair is None:
        return ""
    best = result.alone[0].having
    return ngettext(
        "No pharmacy has all %(wanted)s: the best one has %(num)s, and these two together have %(having)s.",
        "No pharmacy has all %(wanted)s: the best one has %(num)s, and these two together have %(having)s.",
        best,
        wanted=result.sought,
        having=result.pair.having,
    )


def _tell(result: Result, near: Around) -> None:
    """Tell of the item that was added just now: each is told once, when it is."""
    added = _uuid(request.args.get("added", ""))
    if added is None:
        return
    having = sum(
        1
        for shop in result.shops.values()
        if added in shop.stocked and shop.stocked[added].available_milli > 0
    )
    demand.tell(added, having, query="", district=near.district)


def _items(connection: sa.Connection) -> list[Item]:
    """The items in the address, in its order, each medicine once."""
    packs = request.values.getlist("packs")
    told: dict[UUID, int] = {}
    for number, text in enumerate(request.values.getlist("item")[:MOST_ITEMS]):
        medicine_id = _uuid(text)
        if medicine_id is not None:
            told.setdefault(medicine_id, _milli(packs[number] if number < len(packs) else ""))
    if not told:
        return []
    rows = connection.execute(
        sa.select(*MEDICINE_FIELDS).where(
            medicines.c.public_id.in_(list(told)), medicines.c.kind == "product"
        )
    ).mappings()
    found = {one.medicine_id: one for one in (Medicine(**row) for row in rows)}
    return [Item(found[one], milli) for one, milli in told.items() if one in found]


def _texts() -> list[str]:
    """The lines that are still to be told apart: what was typed or scanned, and each line of a pasted list."""
    typed = "\n".join([*request.values.getlist("list"), request.values.get("add", "")])
    lines = (" ".join(line.split())[:LONGEST_LINE] for line in typed.splitlines())
    return list(dict.fromkeys(line for line in lines if line))[:MOST_LINES]


def _line(connection: sa.Connection, text: str, others: list[str]) -> OpenLine:
    counted = _COUNT.search(text)
    milli = int(counted[1] or counted[2]) * 1000 if counted else ONE_PACK
    words = _COUNT.sub(" ", text).strip() if counted else text
    here = parts()
    scanned = by_code(connection, words, now=here.now(), time_zone=here.region.time_zone)
    if scanned is not None:
        return OpenLine(text, milli or ONE_PACK, [scanned], False, others)
    found = find(connection, words, kind="product", limit=SUGGESTIONS)
    is_nearly = not found.exact
    return OpenLine(text, milli or ONE_PACK, found.any[:SUGGESTIONS], is_nearly, others)


def _address(
    items: list[Item],
    texts: list[str],
    *,
    add: tuple[Medicine, int] | None = None,
    without: UUID | None = None,
    added: UUID | None = None,
) -> str:
    """The page with these items and open lines, one more or one less."""
    kept = [item for item in items if item.medicine.medicine_id != without]
    if add is not None:
        kept = [*kept, Item(*add)]
        added = add[0].medicine_id
    return url_for(
        "whole.page",
        item=[str(item.medicine.medicine_id) for item in kept],
        packs=[item.packs for item in kept],
        list="\n".join(texts) or None,
        district=request.values.get("district", "").strip() or None,
        added=str(added) if added else None,
    )


def _milli(text: str) -> int:
    plain = text.strip().replace(",", ".")
    if not PLAIN_NUMBER.fullmatch(plain):
        return ONE_PACK
    milli, _is_exact = milli_of(plain)
    return min(milli, MOST_PACKS_MILLI) if milli > 0 else ONE_PACK


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
