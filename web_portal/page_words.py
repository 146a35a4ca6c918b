"""Words of pages, with the catalogue of the reader's language looked up once a request and not at every word.

A page has up to two hundred of them; finding out each time whose language it is took a fifth of drawing it.
"""

from functools import lru_cache
from typing import Any

from flask import Flask, g, has_request_context
from flask_babel import get_translations

KEPT = "words_of_request"
SENTENCES = 16_384
"""How many are kept as they are written into pages: all of ours in a few languages."""


def gettext(text: str, /, **values: object) -> str:
    """As flask-babel's, for code that says many things on one page."""
    said = _said(_catalogue(), text)
    return said % values if values else said


def init_app(app: Flask) -> None:
    """Put these in the place of flask-babel's own, which look anew each time."""
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: _catalogue().ugettext(text),
        ngettext=lambda one, many, count: _catalogue().ungettext(one, many, count),
        newstyle=True,
        pgettext=lambda context, text: _catalogue().upgettext(context, text),
        npgettext=lambda context, one, many, count: _catalogue().unpgettext(
            context, one, many, count
        ),
    )
    # What templates write most. As plain text, so that the page escapes the sentence with what is put into it.
    app.jinja_env.globals["_"] = lambda text, /, **values: _written(_catalogue(), text, values)

    @app.context_processor
    def _of_this_page() -> dict[str, Any]:
        # A page asks once whose words it writes; what above asks each time is for macros that know no page.
        catalogue = _catalogue()
        return {"_": lambda text, /, **values: _written(catalogue, text, values)}


def _written(catalogue: Any, text: str, values: dict[str, object]) -> str:
    return _said(catalogue, text) % values if values else _whole(catalogue, text)


@lru_cache(SENTENCES)
def _said(catalogue: Any, text: str) -> str:
    return str(catalogue.ugettext(text))


@lru_cache(SENTENCES)
def _whole(catalogue: Any, text: str) -> str:
    # Signs of per cent are written twice in every sentence of a page.
    return _said(catalogue, text) % {}


def _catalogue() -> Any:
    """A page is in one language from its first word to its last; a mail drawn outside a request may change it."""
    if not has_request_context():
        return get_translations()
    found = g.get(KEPT)
    if found is None:
        found = get_translations()
        setattr(g, KEPT, found)
    return found
