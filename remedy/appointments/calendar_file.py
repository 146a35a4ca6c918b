"""A visit as a calendar file (iCalendar, RFC 5545 and 5546): when, where, with whom, and nothing of why.

The same visit has the same UID for ever, and each change of it a higher SEQUENCE: what a calendar holds already is
changed and not doubled, and taken out when the visit is called off. Whose words stand in it is the caller's business.
"""

from dataclasses import dataclass
from datetime import datetime

from icalendar import Calendar, Event, vCalAddress, vText

from remedy.appointments.model import Visit

GONE = ("declined", "cancelled")
"""States of visits that do not take place."""

NEVER_SURE = ("requested", "proposed")


@dataclass(frozen=True)
class Around:
    """What a calendar file says besides the visit: its words, its page, who sends it to whom (e-mail addresses)."""

    summary: str
    description: str
    address: str
    organizer: str
    attendee: str | None = None


def method_of(visit: Visit) -> str:
    """What a calendar is to do with the file: take the visit in or change it, or take it out."""
    return "CANCEL" if visit.state in GONE else "REQUEST"


def calendar_file(visit: Visit, around: Around, *, now: datetime) -> bytes:
    """The file; times in UTC."""
    entry = Event()
    entry.add("uid", f"{visit.appointment_id}@visits.remedy")
    entry.add("sequence", visit.version)
    entry.add("dtstamp", now.replace(microsecond=0))
    entry.add("dtstart", visit.starts_at.replace(microsecond=0))
    entry.add("dtend", visit.ends_at.replace(microsecond=0))
    entry.add("summary", around.summary)
    entry.add("location", f"{visit.hospital_name}, {visit.hospital_address}")
    entry.add("description", around.description)
    entry.add("url", around.address)
    entry.add("status", _status(visit))
    entry.add("class", "PRIVATE")
    organizer = vCalAddress(f"mailto:{around.organizer}")
    organizer.params["CN"] = vText(visit.hospital_name)
    entry.add("organizer", organizer)
    if around.attendee:
        attendee = vCalAddress(f"mailto:{around.attendee}")
        attendee.params["PARTSTAT"] = vText("ACCEPTED")
        attendee.params["RSVP"] = vText("FALSE")
        entry.add("attendee", attendee)
    whole = Calendar()
    whole.add("prodid", "-//Remedy//Visits//EN")
    whole.add("version", "2.0")
    whole.add("method", method_of(visit))
    whole.add_component(entry)
    return bytes(whole.to_ical())


def _status(visit: Visit) -> str:
    if visit.state in GONE:
        return "CANCELLED"
    return "TENTATIVE" if visit.state in NEVER_SURE else "CONFIRMED"
