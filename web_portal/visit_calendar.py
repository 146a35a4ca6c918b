"""A visit's calendar file in the reader's words: on its page, and with the mails about it."""

from email.utils import parseaddr

from flask_babel import gettext as _

from remedy.appointments import calendar_file
from remedy.appointments.model import Visit
from remedy.messages.service import Attachment
from web_portal.pages import moment
from web_portal.parts import Parts

FILE_NAME = "visit.ics"


def has_entry(visit: Visit) -> bool:
    """Whether a calendar may hold the visit or should: it is accepted, or it has changed since it was asked for."""
    return visit.state in {"accepted", "attended", "missed"} or visit.version > 2


def file_of(here: Parts, visit: Visit, *, address: str, email: str | None) -> bytes:
    """The file; `address` is of the visit's page, `email` whose calendar it is for."""
    phone = visit.hospital_phone or "-"
    around = calendar_file.Around(
        summary=_("Visit: %(doctor)s", doctor=visit.doctor_name),
        description=_(
            "%(when)s at the hospital. Reference %(reference)s. Telephone of the hospital: %(phone)s. To cancel or move it: %(address)s",
            when=moment(visit.starts_at, visit.time_zone),
            reference=visit.reference,
            phone=phone,
            address=address,
        ),
        address=address,
        organizer=parseaddr(here.settings.mail_from)[1],
        attendee=email,
    )
    return calendar_file.calendar_file(visit, around, now=here.now())


def attached(here: Parts, visit: Visit, *, address: str, email: str) -> Attachment:
    """The file as it goes with a mail."""
    content = file_of(here, visit, address=address, email=email)
    method = calendar_file.method_of(visit)
    return Attachment(
        FILE_NAME, "text", "calendar", content, {"method": method, "charset": "utf-8"}
    )
