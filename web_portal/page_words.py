"""Templates' words, with the catalogue of the reader's language looked up once a request and not at every word.

A page has up to two hundred of them; finding out each time whose language it is took a fifth of drawing it.
"""

from typing import Any

from flask import Flask, g, has_request_context
from flask_babel import get_translations

KEPT = "words_of_request"


def init_app(app: Flask) -> None:
    """Put these in the place of flask-babel's own, which look anew each time."""
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of the i18n extension
        gettext=lambda text: _catalogue().ugettext(text),
        ngettext=lambda one, many, count: _catalogue().ungettext(one, many, count),
        newstyle=True,
        pgettext=lambda context, text: _catalogue().upgettext(context, text),
        npgettext=lambda context, one, many, count: _catalogue().unpgettext(
            context, one, many, count
        ),
    )
    # What templates write most: the function itself, not one that looks for it by name at every word.
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"]


def _catalogue() -> Any:
    """A page is in one language from its first word to its last; a mail drawn outside a request may change it."""
    if not has_request_context():
        return get_translations()
    found = g.get(KEPT)
    if found is None:
        found = get_translations()
        setattr(g, KEPT, found)
    return found
