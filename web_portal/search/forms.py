"""What may be sent to have packs set aside."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField

from web_portal.forms import OnceForm, PacksField


class HoldForm(OnceForm):
    """How many packs, and where."""

    pharmacy_id = HiddenField()
    packs = PacksField(_l("Packs"))
