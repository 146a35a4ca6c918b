"""What searches tell: what was looked for, and whether anybody had it. Nothing in it says who looked.

Counting a look is no change of anything a page shows; pages stay safe to fetch again.
"""

from uuid import UUID

from flask import request

from remedy import outbox
from remedy.events.base import Envelope
from remedy.events.pharmacy import MedicineSearched
from remedy.values import local_day, plain_words, uuid7
from web_portal import access
from web_portal.parts import parts

LONGEST_QUERY = 100


def tell(medicine_id: UUID | None, pharmacies_found: int, *, query: str, district: str) -> None:
    """Tell of a search.

    One that found something goes to Kafka's buffer, where it may be lost and never slows a page. One that
    found nothing is demand nobody else measures: it goes through the outbox (design decision 2).
    """
    if request.method != "GET" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        # Nobody looked at anything.
        return
    here = parts()
    now = here.now()
    happened = MedicineSearched(
        searcher=searcher(),
        district=district or None,
        medicine_id=medicine_id,
        pharmacies_found=pharmacies_found,
        # What people type may say who they are: it is kept only where it is all there is.
        query=plain_words(query)[:LONGEST_QUERY] if medicine_id is None else None,
        occurred_at=now,
    )
    event_id = uuid7(here.clock)
    if pharmacies_found:
        here.announce(Envelope.of(happened, event_id=event_id, time=now, key=None))
        return
    here.change(lambda c: outbox.record(c, happened, event_id=event_id, key=None, occurred_at=now))


def searcher() -> str:
    """A pseudonym of this browser that nobody can undo without our key, and that lasts a day."""
    here = parts()
    who = access.session_token() or request.remote_addr or ""
    day = local_day(here.now(), here.region.time_zone)
    return access.keyed_digest(here.settings.secret_key, "searcher", f"{day}:{who}")[:32]
