"""What may be sent about hospitals, doctors and their calendars, and the sentences shown when it may not."""

from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    Field,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import AnyOf, ValidationError

from web_portal.accounts.staff_forms import DegreesField, PlaceField
from web_portal.forms import Form, OnceForm, text_between, version_is_ours
from web_portal.pages import weekday_name
from web_portal.pharmacy.hours import ClockField

WEEK = range(7)
CLOCK = ["%H:%M", "%H.%M"]
OFF, EXTRA = "off", "extra"


class MinutesField(StringField):
    """A whole number of minutes."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the minutes; keep what was typed where they cannot be read."""
        text = (valuelist[0] if valuelist else "").strip()
        self.data = None
        if not text.isdecimal() or len(text) > 4:
            raise ValueError(_("Write the minutes as a whole number, such as 20."))
        self.data = int(text)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data)


class DayField(DateField):
    """A date, and how to write it where it cannot be read."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the date."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Write the date like 2026-03-31.")) from None
        if self.data is None:
            raise ValueError(_("Enter a date."))


class MaybeClockField(ClockField):
    """A time of day that may be left out."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the time, if there is one."""
        self.data = None
        if any(text.strip() for text in valuelist):
            super().process_formdata(valuelist)


def _needed(_form: Form, field: Field) -> None:
    """A validator: a time is there."""
    if field.data is None and not field.errors:
        raise ValidationError(_("Write the time like 08:30."))


class _AtPlaces(OnceForm):
    """A form whose place is one of the hospitals; without a choice it is the doctor's own."""

    def offer(self, hospitals: Any) -> None:
        """Fill the list to choose from."""
        self.place.choices = [SelectChoice(str(one.hospital_id), one.name) for one in hospitals]

    @property
    def hospital_id(self) -> UUID | None:
        """The hospital that was chosen."""
        try:
            return UUID(self.place.data or "")
        except ValueError:
            return None


class WeekForm(_AtPlaces):
    """Hours to add to the week: the same on each of some weekdays."""

    weekdays = SelectMultipleField(
        _l("Weekdays"),
        choices=[SelectChoice(day, "") for day in WEEK],
        coerce=int,
        validate_choice=False,
    )
    week_starts = ClockField(_l("From"), [_needed], format=CLOCK)
    week_ends = ClockField(_l("Until"), [_needed], format=CLOCK)
    place = PlaceField(_l("Place"), id="week_place")

    def validate_weekdays(self, field: Field) -> None:
        """At least one day, and no other days than a week has."""
        if not field.data or not set(field.data) <= set(WEEK):
            raise ValidationError(_("Choose at least one weekday."))

    def days(self) -> list[tuple[int, str, bool]]:
        """Each weekday with its name and whether it is chosen."""
        chosen = self.weekdays.data or []
        return [(day, weekday_name(day), day in chosen) for day in WEEK]


class StretchForm(OnceForm):
    """Hours to take out of the week, as they are."""

    weekday = HiddenField()
    starts = HiddenField()
    ends = HiddenField()


class HoursForm(_AtPlaces):
    """Hours of the week that are changed where they stand; the hidden fields say which."""

    weekday = HiddenField()
    starts = HiddenField()
    ends = HiddenField()
    new_weekday = SelectField(
        _l("Weekday"), choices=[], coerce=int, validate_choice=False, id="new_weekday"
    )
    week_starts = ClockField(_l("From"), [_needed], format=CLOCK)
    week_ends = ClockField(_l("Until"), [_needed], format=CLOCK)
    place = PlaceField(_l("Place"), id="week_place")

    def offer(self, hospitals: Any) -> None:
        """Fill the lists to choose from."""
        super().offer(hospitals)
        self.new_weekday.choices = [SelectChoice(day, weekday_name(day)) for day in WEEK]

    def validate_new_weekday(self, field: Field) -> None:
        """A day that a week has."""
        if field.data not in WEEK:
            raise ValidationError(_("Choose at least one weekday."))


class DateForm(_AtPlaces):
    """A date that differs from the week: hours beside it, or that the week does not count."""

    day = DayField(_l("Date"))
    differs = RadioField(
        _l("What is different?"),
        [AnyOf((OFF, EXTRA), message=_l("Choose what is different on that date."))],
        choices=[
            SelectChoice(OFF, _l("The hours of the week do not count")),
            SelectChoice(EXTRA, _l("There are hours beside those of the week")),
        ],
        validate_choice=False,
    )
    date_starts = MaybeClockField(_l("From"), format=CLOCK)
    date_ends = MaybeClockField(_l("Until"), format=CLOCK)
    place = PlaceField(_l("Place"), id="date_place")

    def validate_date_ends(self, field: Field) -> None:
        """Hours need both times; the sentence is at the one that is missing."""
        if self.differs.data != EXTRA:
            return
        for time_field in (self.date_starts, field):
            if time_field.data is None and not time_field.errors:
                time_field.errors = [_("Write the time like 08:30.")]


class KindForm(OnceForm):
    """A kind of visit: what patients read, how long it takes, and the doctor's time after it."""

    kind_name = StringField(_l("Name"))
    kind_minutes = MinutesField(_l("Minutes of the visit"))
    kind_buffer = MinutesField(_l("Minutes after it"), default=0)


class DoctorForm(OnceForm):
    """What patients read of a doctor."""

    name = StringField(
        _l("Name"), [text_between(1, 120, _l("Enter the name, at most 120 letters."))]
    )
    speciality = StringField(
        _l("Speciality"), [text_between(1, 60, _l("Enter the speciality, at most 60 letters."))]
    )
    minutes = MinutesField(_l("Minutes of a visit"), default=20)


class DetailsForm(DoctorForm):
    """A doctor's details, and whether patients come."""

    is_active = BooleanField(_l("Patients can ask for visits"))


class WhereForm(OnceForm):
    """A hospital as patients find it."""

    name = StringField(
        _l("Name"), [text_between(1, 120, _l("Enter the name, at most 120 letters."))]
    )
    address = StringField(
        _l("Address"), [text_between(1, 200, _l("Enter an address of at most 200 letters."))]
    )
    phone = StringField(
        _l("Telephone (optional)"),
        [text_between(0, 40, _l("Enter a telephone number of at most 40 characters."))],
    )
    latitude = DegreesField(_l("Latitude"), most=90)
    longitude = DegreesField(_l("Longitude"), most=180)


class ChangeForm(WhereForm):
    """Another name or address; `version` is the one that was looked at."""

    version = HiddenField(validators=[version_is_ours])


class HospitalForm(WhereForm):
    """A new hospital, with what stays as it is."""

    time_zone = StringField(_l("Time zone"))
    country = PlaceField(_l("Country of its public holidays"))

    def validate_time_zone(self, field: Field) -> None:
        """One that clocks are known of."""
        if (field.data or "").strip() not in available_timezones():
            raise ValidationError(_("Write the time zone like Europe/Rome."))


class BringForm(OnceForm):
    """Whose public holidays are brought in, and of which year."""

    country = PlaceField(_l("Country"))
    year = StringField(_l("Year"))

    def validate_year(self, field: Field) -> None:
        """A year in four digits; the core says which we plan for."""
        if not (field.data or "").strip().isdecimal() or len(field.data.strip()) != 4:
            raise ValidationError(_("Write the year in four digits, such as 2026."))


class HolidayForm(OnceForm):
    """A day on which the hospital is closed."""

    holiday = DayField(_l("Date"))
    holiday_name = StringField(_l("Why"))


class OpenForm(OnceForm):
    """A public holiday on which the hospital works all the same."""

    opened = HiddenField()


def offer_countries(field: SelectField, countries: list[tuple[str, str]]) -> None:
    """Fill the list of countries; none is chosen by itself."""
    field.choices = [SelectChoice("", _("None"))] + [
        SelectChoice(code, name) for code, name in countries
    ]
