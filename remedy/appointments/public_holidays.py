"""The public holidays of a country, by the `holidays` package: where a hospital's own list begins."""

from datetime import date

from remedy.appointments.model import Refused

YEARS = range(2000, 2101)


def countries() -> list[str]:
    """The countries whose public holidays are known: ISO 3166 codes of two letters."""
    import holidays

    return sorted(code for code in holidays.list_supported_countries(False) if len(code) == 2)


def public_holidays(country: str, year: int) -> dict[date, str]:
    """A country's public holidays of a year, with their names there; those of its regions are not among them.

    Raises:
        Refused: if nothing is known of that country, or the year is none we plan for.
    """
    import holidays

    if country not in countries():
        raise Refused("Choose a country from the list.")
    if year not in YEARS:
        raise Refused("Choose a year between 2000 and 2100.")
    # Without a language the names would be in whatever language this process runs in.
    language = holidays.country_holidays(country).default_language
    return dict(holidays.country_holidays(country, years=year, language=language))
