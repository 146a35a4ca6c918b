"""Where an installation is: currency, time zone, telephone format, emergency number, languages.

One TOML file says it (`REMEDY_REGION_FILE`; without it the built-in `region.toml`). Nothing else in the
code knows a country.
"""

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

BUILT_IN = Path(__file__).with_name("region.toml")


class RegionError(ValueError):
    """The region file is wrong; the message lists every problem."""


@dataclass(frozen=True)
class Region:
    """What a place needs to be told apart.

    `minor_digits` is how many digits the currency's minor unit has (2 for cents), `phone_prefix` the
    country's with its plus sign, `emergency_advice` the sentence above every symptoms field, in each of
    `languages`, `delivery_fee_minor` what it costs to have an order brought (left out: none is brought),
    `phone_trunk` the digit before national numbers that is left out behind `phone_prefix` (left out: none is).
    """

    name: str
    currency: str
    minor_digits: int
    time_zone: str
    phone_prefix: str
    languages: tuple[str, ...]
    emergency_number: str
    emergency_advice: dict[str, str]
    delivery_fee_minor: int | None = None
    phone_trunk: str = ""

    @classmethod
    def load(cls, path: str | Path = "") -> "Region":
        """Read a region file; an empty path means the built-in one.

        Raises:
            RegionError: naming everything in the file that is wrong, missing or unknown.
        """
        source = Path(path) if path else BUILT_IN
        try:
            told = tomllib.loads(source.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise RegionError(f"The region file '{source}' cannot be read: {error}.") from None
        problems = _problems(told)
        if problems:
            raise RegionError(
                f"The region file '{source}' is wrong:\n" + "\n".join(f"- {p}" for p in problems)
            )
        told["languages"] = tuple(told["languages"])
        told["emergency_advice"] = {
            language: sentence.replace("{number}", told["emergency_number"])
            for language, sentence in told["emergency_advice"].items()
        }
        return cls(**told)


def _problems(told: dict[str, Any]) -> list[str]:
    known = {spec.name for spec in fields(Region)}
    found = [
        f"'{name}' is not a member; known are {', '.join(sorted(known))}."
        for name in told.keys() - known
    ]
    needed = known - {"delivery_fee_minor", "phone_trunk"}
    found += [f"'{name}' is missing." for name in sorted(needed - told.keys())]
    for name in sorted(known & told.keys()):
        if sentence := _problem(name, told[name]):
            found.append(sentence)
    return found or _problems_of_advice(told)


def _problems_of_advice(told: dict[str, Any]) -> list[str]:
    advice = told["emergency_advice"]
    return [
        f"'emergency_advice' has no sentence in '{language}', one of the languages."
        for language in told["languages"]
        if language not in advice
    ]


def _problem(name: str, value: Any) -> str | None:
    if name == "minor_digits":
        fine = type(value) is int and 0 <= value <= 4
        return None if fine else "'minor_digits' must be a whole number from 0 to 4."
    if name == "delivery_fee_minor":
        fine = type(value) is int and 0 <= value <= 10**9
        return None if fine else "'delivery_fee_minor' must be a whole number of minor units."
    if name == "phone_trunk":
        fine = isinstance(value, str) and re.fullmatch("[0-9]?", value) is not None
        return None if fine else "'phone_trunk' must be one digit such as \"0\", or empty."
    if name == "languages":
        fine = (
            isinstance(value, list) and value != [] and all(isinstance(v, str) and v for v in value)
        )
        return None if fine else "'languages' must be a list of language codes such as [\"en\"]."
    if name == "emergency_advice":
        fine = isinstance(value, dict) and all(
            isinstance(sentence, str) and "{number}" in sentence for sentence in value.values()
        )
        return (
            None
            if fine
            else "'emergency_advice' must be a table of sentences by language, each with {number} where the emergency number belongs."
        )
    if not isinstance(value, str) or not value.strip():
        return f"'{name}' must be a text that is not empty."
    if name == "time_zone":
        try:
            ZoneInfo(value)
        except (LookupError, OSError, ValueError):
            return f"'time_zone' is '{value}', which is no IANA zone; write it like Europe/Rome."
    if name == "currency" and not re.fullmatch(r"[A-Z]{3}", value):
        return f"'currency' is '{value}'; it must be three capital letters such as EUR."
    if name == "phone_prefix" and not re.fullmatch(r"\+[0-9]{1,3}", value):
        return f"'phone_prefix' is '{value}'; write it like +39."
    if name == "emergency_number" and not re.fullmatch(r"[0-9]{2,6}", value):
        return f"'emergency_number' is '{value}'; it must be digits such as 112."
    return None
