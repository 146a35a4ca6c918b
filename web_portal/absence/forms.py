"""What an admin or a doctor sends to declare an absence."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField
from wtforms.validators import InputRequired

from web_portal.forms import OnceForm

_DAY = _l("Enter the day, such as 2026-03-09.")


class DayField(DateField):
    """A day, and how to write it where it cannot be read."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the day."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Enter the day, such as 2026-03-09.")) from None


class AbsenceForm(OnceForm):
    """Who is absent, from which day to which."""

    doctor = SelectField(_l("Who is absent?"), choices=[], validate_choice=False)
    first_day = DayField(_l("First day"), [InputRequired(_DAY)])
    last_day = DayField(_l("Last day"), [InputRequired(_DAY)])
