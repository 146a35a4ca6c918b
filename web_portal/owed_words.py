"""What patients and admins are written, by kind of mail (`remedy.owed`): nothing about health, only where to read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from remedy.appointments import queue
from remedy.messages import model_question
from remedy.notices.queries import is_to_be_mailed
from remedy.schema.pharmacy import pharmacy
from web_portal.pages import moment
from web_portal.parts import Parts

StillSo = Callable[..., bool]
"""Whether a mail is still to go: of what (the mail's `about`), to which patient or account, now."""
Named = Callable[[Parts, UUID], dict[str, str]]
"""What the words name besides addresses of the portal, by what the mail is about; asked when it is written."""


@dataclass(frozen=True)
class Words:
    """A mail's subject and text, and the page that its `%(address)s` is.

    `argument` is what the page's address calls that which the mail is about; empty where the page is of all such.
    `has_calendar_file` says that a visit's calendar file goes with it, `is_to_staff` that it is owed to an account,
    `is_still_so` what is asked in the moment of sending, where a mail must not go if it is not so any more.
    `named` gives what else the words name; where `page` is empty, the address as well.
    """

    subject: Any
    text: Any
    page: str
    argument: str = ""
    has_calendar_file: bool = False
    is_to_staff: bool = False
    is_still_so: StillSo | None = None
    named: Named | None = None


def _pharmacy(here: Parts, about: UUID) -> dict[str, str]:
    """What the pharmacy is called that a mail is about."""
    name = sa.select(pharmacy.c.name).where(pharmacy.c.public_id == about)
    return {"pharmacy": here.read(lambda c: c.execute(name).scalar_one())}


def _question(here: Parts, about: UUID) -> dict[str, str]:
    """What a demand model that waits changes, until when an answer counts, and where Airflow asks."""
    asked = here.read(lambda c: model_question.of_mail(c, about, now=here.now()))
    if asked is None:
        raise LookupError("What the mail is about was answered meanwhile.")
    return {
        "change": asked.change,
        "until": moment(asked.until, here.region.time_zone),
        "address": here.settings.airflow_url + model_question.ASKED_AT,
    }


def _is_asked(connection: sa.Connection, about: UUID, _admin: UUID, *, now: datetime) -> bool:
    return model_question.of_mail(connection, about, now=now) is not None


_LOOK_FOR_ANOTHER = _l(
    "The pharmacy had to take packs off its shelf that were set aside for you, and has no others. We are"
    " sorry. Look for another pharmacy, or call this one: %(address)s"
)

WORDS: dict[str, Words] = {
    "visit_decided": Words(
        _l("Your request has been decided"),
        _l("The hospital has decided your request. Read the decision at %(address)s"),
        "appointments.visit",
        "visit_id",
        has_calendar_file=True,
    ),
    "visit_confirmed": Words(
        _l("Your visit is accepted"),
        _l("You have accepted the proposed time. See the visit at %(address)s"),
        "appointments.visit",
        "visit_id",
        has_calendar_file=True,
    ),
    "visit_moved": Words(
        _l("You have moved your visit"),
        _l("The hospital decides on the new time. See how it stands at %(address)s"),
        "appointments.visit",
        "visit_id",
        has_calendar_file=True,
    ),
    "visit_cancelled": Words(
        _l("Your visit is cancelled"),
        _l("The visit does not take place, and its time is free again. See it at %(address)s"),
        "appointments.visit",
        "visit_id",
        has_calendar_file=True,
    ),
    "urgent_waiting": Words(
        _l("An urgent request waits for a decision"),
        _l("An urgent request for a visit has waited too long. Decide it at %(address)s"),
        "admin.decision",
        "visit_id",
        is_to_staff=True,
        is_still_so=queue.still_waits,
    ),
    "model_question": Words(
        _l("A new demand model waits for a decision"),
        _l(
            "The new demand model changes much, so it is not used unless somebody says so. What changes:"
            " %(change)s\n\nDecide until %(until)s; without an answer the model in use stays. Read everything"
            " that changes, and answer, in Airflow under Required Actions: %(address)s"
        ),
        "",
        is_to_staff=True,
        is_still_so=_is_asked,
        named=_question,
    ),
    "visit_proposed": Words(
        _l("The hospital proposes another time"),
        _l("Please accept or refuse the proposed time at %(address)s"),
        "appointments.visit",
        "visit_id",
    ),
    "visit_lapsed": Words(
        _l("Your request has lapsed"),
        _l(
            "Nobody decided your request in time, or it was not answered, and its time was let go."
            " We are sorry. Choose another time at %(address)s"
        ),
        "appointments.visit",
        "visit_id",
        has_calendar_file=True,
    ),
    "absent_offered": Words(
        _l("Your doctor is absent: another time is set aside for you"),
        _l(
            "The doctor is absent at the time of your visit. We are sorry. Another time with the same doctor"
            " is set aside for you. Accept it, choose another, or go on the waiting list at %(address)s"
        ),
        "appointments.visit",
        "visit_id",
        has_calendar_file=True,
    ),
    "absent_other": Words(
        _l("Your doctor is absent: a time with a colleague is set aside for you"),
        _l(
            "The doctor is absent at the time of your visit, which is cancelled. We are sorry. A time with"
            " another doctor is set aside for you. Accept it, choose another, or go on the waiting list at"
            " %(address)s"
        ),
        "appointments.visit",
        "visit_id",
        has_calendar_file=True,
    ),
    "absent_waiting": Words(
        _l("Your doctor is absent: you are on the waiting list"),
        _l(
            "The doctor is absent at the time of your visit, which is cancelled. We are sorry. No other time"
            " is free soon; you are on the waiting list, in the place you had, and we write to you when a"
            " time becomes free. See %(address)s"
        ),
        "appointments.visit",
        "visit_id",
        has_calendar_file=True,
    ),
    "absent_lapsed": Words(
        _l("You are on the waiting list"),
        _l(
            "The time that was set aside for you was not answered and is free again; as your doctor was absent, you"
            " are on the waiting list, in the place you had when you first asked. See %(address)s"
        ),
        "appointments.visit",
        "visit_id",
        has_calendar_file=True,
    ),
    "waiting_removed": Words(
        _l("You are taken off a waiting list"),
        _l("The hospital has taken you off a waiting list. Read why at %(address)s"),
        "waiting.page",
    ),
    "waiting_offer": Words(
        _l("A time you wait for is free"),
        _l(
            "A time that you wait for is free. The first to claim it has it; if somebody else is first, you"
            " keep your place. See it, and claim it, at %(address)s"
        ),
        "waiting.page",
    ),
    "order_ready": Words(
        _l("Your order is ready"),
        _l(
            "Your order is ready to be collected. The code to show and the opening hours are at"
            " %(address)s"
        ),
        "orders.page",
        "order_id",
    ),
    "order_out": Words(
        _l("Your order is on its way"),
        _l("Your order has left the pharmacy. See it at %(address)s"),
        "orders.page",
        "order_id",
    ),
    "order_cancelled": Words(
        _l("Your order is cancelled"),
        _l(
            "Your order was cancelled; read why at %(address)s. What you have paid online is given back."
        ),
        "orders.page",
        "order_id",
    ),
    "hold_withdrawn": Words(
        _l("What was set aside for you cannot be handed out"),
        _LOOK_FOR_ANOTHER,
        "search.holds",
    ),
    "order_withdrawn": Words(
        _l("What was set aside for you cannot be handed out"),
        _LOOK_FOR_ANOTHER,
        "orders.page",
        "order_id",
    ),
    "pharmacy_suspended": Words(
        _l("Do not go to %(pharmacy)s"),
        _l(
            "You had something set aside or ordered at %(pharmacy)s. That pharmacy is suspended for"
            " now: it cannot hand anything out. Find another pharmacy at %(address)s"
        ),
        "search.home",
        named=_pharmacy,
    ),
    "pharmacy_reinstated": Words(
        _l("%(pharmacy)s is open to you again"),
        _l(
            "What you had set aside or ordered at %(pharmacy)s can be collected again, as long as it says"
            " so at %(address)s"
        ),
        "search.home",
        named=_pharmacy,
    ),
    "prescription_decided": Words(
        _l("A pharmacist has looked at your prescription"),
        _l("Read what was decided at %(address)s"),
        "prescriptions.one",
        "prescription_id",
    ),
    "medicine_back": Words(
        _l("What you wait for is back"),
        _l(
            "A pharmacy has a medicine again that you asked to be told of. It may be gone again soon:"
            " call the pharmacy or have packs set aside. See which, and where, at %(address)s"
        ),
        "watches.page",
    ),
    "shortage": Words(
        _l("News from a pharmacy of yours"),
        _l(
            "A pharmacist tells you that something you collect may run out, or is missing, there. It is not certain;"
            " go on taking everything exactly as prescribed. Read what it is, how sure it is and what you can do, and end these"
            " mails if you wish, at %(address)s"
        ),
        "shortages.page",
        is_still_so=is_to_be_mailed,
    ),
    "runs_out": Words(
        _l("Something of yours runs out soon"),
        _l(
            "By what was handed out to you, something runs out in a few days. See what, and what your"
            " prescription still allows, at %(address)s. You can end these mails at %(choice)s"
        ),
        "prescriptions.page",
    ),
}
