"""How a page is drawn: whole, or to htmx the part that changed; and how figures and times are written."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_decimal
from flask import Flask, Response, g, make_response, render_template, request, url_for
from flask_babel import get_locale

from remedy.settings import SettingsError
from remedy.values import local_day, money_text, packs_text, zone
from web_portal import access, looks
from web_portal.page_words import gettext as _
from web_portal.parts import parts, parts_of
from web_portal.translations.core_sentences import said

STATIC = Path(__file__).parent / "static"
TRANSLATIONS = str(Path(__file__).parent / "translations")
SOURCE_LANGUAGE = "en"
"""What the code is written in; every other language needs a catalogue."""

CHOSEN = "language_of_request"
A_MONDAY = date(2026, 3, 2)

HOUR = 3600
OLD_SECONDS = 15 * 60
"""A figure older than this says so in a warning's colour (docs: ux)."""


def wants_part() -> bool:
    """Whether htmx asks for the part that changed; a page restored from history is whole."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in headers


def render(template: str, status: int = 200, **context: Any) -> Response:
    """Draw a page; `layout` is what it extends: all of the page, or only its main part."""
    layout = "part.html" if wants_part() else "base.html"
    response = make_response(render_template(template, layout=layout, **context), status)
    response.vary.add("HX-Request")
    if status >= 400:
        # htmx would put a form's own address into the address bar, where nothing can be reloaded.
        response.headers["HX-Push-Url"] = "false"
    return response


def news(seen: str, draw: Callable[[], str], *, asked_by: str = "seen") -> Response:
    """The part of a page that follows something, drawn anew; 204 while it is as the page has `seen` it."""
    if request.args.get(asked_by) == seen:
        return Response(status=204)
    return Response(draw())


def packs(quantity_milli: int) -> str:
    """A quantity in packs."""
    return packs_text(quantity_milli)


def money(amount_minor: int | None) -> str:
    """A price in the installation's currency, or that there is none."""
    if amount_minor is None:
        return _("Ask for the price")
    region = parts().region
    return money_text(amount_minor, region.currency, region.minor_digits)


def age(instant: datetime) -> str:
    """How long ago, e.g. `2 minutes ago`."""
    seconds = int((parts().now() - instant).total_seconds())
    if seconds < 60:
        return _("just now")
    # No finer than it is said, so that the same words are kept for many.
    step = 60 if seconds < HOUR else 10 * 60 if seconds < 24 * HOUR else HOUR
    return _ago(seconds // step * step, _locale())


def is_old(instant: datetime) -> bool:
    """Whether a figure of then should be read with care."""
    return (parts().now() - instant).total_seconds() > OLD_SECONDS


def moment(instant: datetime, time_zone: str) -> str:
    """A local weekday, day and time with its zone's short name."""
    text = format_datetime(
        instant, "EEE d MMM yyyy, HH:mm", tzinfo=zone(time_zone), locale=_locale()
    )
    return f"{text} ({instant.astimezone(zone(time_zone)).tzname()})"


def clock_time(instant: datetime, time_zone: str) -> str:
    """A local time of day."""
    return time_of_day(instant.astimezone(zone(time_zone)).time())


def time_of_day(local: time) -> str:
    """A time as clocks show it."""
    return _hours_and_minutes(local.replace(second=0, microsecond=0), _locale())


def day_name(day: date) -> str:
    """A day with its weekday."""
    return _day(day, "EEEE d MMMM yyyy", _locale())


def weekday_name(weekday: int) -> str:
    """A weekday's name; 0 is Monday."""
    return _day(A_MONDAY + timedelta(days=weekday), "EEEE", _locale())


def one_decimal(value: float) -> str:
    """A number with one digit behind the point."""
    return _one_decimal(round(value, 1), _locale())


@lru_cache(maxsize=4096)
def _ago(seconds: int, locale: Any) -> str:
    return format_timedelta(-timedelta(seconds=seconds), add_direction=True, locale=locale)


# A list says the same few times, days and distances again and again; writing one takes babel tens of microseconds.
@lru_cache(maxsize=4096)
def _hours_and_minutes(local: time, locale: Any) -> str:
    return format_time(local, "HH:mm", locale=locale)


@lru_cache(maxsize=4096)
def _day(day: date, form: str, locale: Any) -> str:
    return format_date(day, form, locale=locale)


@lru_cache(maxsize=4096)
def _one_decimal(value: float, locale: Any) -> str:
    return format_decimal(value, format="0.0", locale=locale)


def local_date(instant: datetime, time_zone: str) -> date:
    """The local day of an instant."""
    return local_day(instant, time_zone)


def page_address(endpoint: str, **values: Any) -> str:
    """As `url_for`, for templates: pages name the same few addresses again and again, and making one takes a while."""
    told = tuple(values.items())
    if any(isinstance(value, list) for _, value in told):
        return url_for(endpoint, **values)
    return _address(request.script_root, endpoint, told)


@lru_cache(maxsize=8192)
def _address(_below: str, endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:
    return url_for(endpoint, **dict(values))


def static_url(name: str) -> str:
    """A file of ours by an address that changes with its content, so that it may be kept for a year."""
    return _static_url(name, request.script_root)


@lru_cache(maxsize=64)
def _static_url(name: str, _below: str) -> str:
    version = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return url_for("static", filename=name, v=version)


def _locale() -> Any:
    return get_locale() or "en"


def locale_of_request() -> str:
    """The language the reader chose, else the one of the region that their browser prefers."""
    found = g.get(CHOSEN)
    if found is None:
        found = g.setdefault(CHOSEN, _chosen_language())
    return str(found)


def _chosen_language() -> str:
    languages = list(parts().region.languages)
    chosen = looks.chosen(looks.LANGUAGE)
    if chosen in languages:
        return chosen
    preferred = [code.replace("-", "_") for code, quality in request.accept_languages if quality]
    return negotiate_locale(preferred, languages) or languages[0]


@lru_cache(maxsize=64)
def _direction(language: str) -> str:
    return Locale.parse(language).text_direction


def check_languages(app: Flask) -> None:
    """Refuse to serve a language there are no words for: its pages would be English and say they are not.

    Raises:
        SettingsError: naming the language.
    """
    folders = [Path(folder) for folder in app.extensions["babel"].translation_directories]
    for language in parts_of(app).region.languages:
        known = any((folder / language / "LC_MESSAGES/messages.mo").exists() for folder in folders)
        if not known and language != SOURCE_LANGUAGE:
            raise SettingsError(
                f"The region has the language '{language}', but the portal has no words for it; "
                f"take it out of 'languages', or add a catalogue (docs/cookbook/page.md)."
            )


def init_app(app: Flask) -> None:
    """Give templates these words."""
    app.jinja_env.filters.update(
        packs=packs,
        money=money,
        age=age,
        is_old=is_old,
        moment=moment,
        clock_time=clock_time,
        day_name=day_name,
        local_date=local_date,
        said=said,
    )
    app.jinja_env.globals.update(static_url=static_url, url_for=page_address)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def _page_words() -> dict[str, Any]:
        region, language = parts().region, locale_of_request()
        return {
            "person": access.person(),
            "region": region,
            "settings": parts().settings,
            "language": language,
            "direction": _direction(language),
            "emergency_advice": region.emergency_advice[language],
            "languages": looks.languages(region.languages),
            "colours": looks.chosen(looks.COLOURS),
        }
