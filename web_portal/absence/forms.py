"""What an admin or a doctor sends to declare an absence."""

from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField
from wtforms.validators import InputRequired

from web_portal.forms import OnceForm

_DAY = _l("Enter the day, such as 2026-03-09.")


class AbsenceForm(OnceForm):
    """Who is absent, from which day to which."""

    doctor = SelectField(_l("Who is absent?"), choices=[], validate_choice=False)
    first_day = DateField(_l("First day"), [InputRequired(_DAY)])
    last_day = DateField(_l("Last day"), [InputRequired(_DAY)])
