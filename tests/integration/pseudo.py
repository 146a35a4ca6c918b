"""A language made for tests: every word in Arabic letters, a third longer, read from right to left."""

import re
from pathlib import Path

from remedy.region import BUILT_IN
from web_portal.translations import catalogues

LATIN = "abcdefghijklmnopqrstuvwxyz"
ARABIC = "ابجدهوزحطيكلمنسعفصقرشتثخذض"
KEPT = re.compile(r"(%\(\w+\)s)")


def pseudo(text: str) -> str:
    """The text in Arabic letters; placeholders stay as they are."""
    letters = str.maketrans(LATIN, ARABIC)
    parts = [p if KEPT.fullmatch(p) else p.lower().translate(letters) for p in KEPT.split(text)]
    return "".join(parts) + " " + "ـا" * (len(text) // 6 + 1)


def write_catalogue(folder: Path) -> str:
    """Write the made-up catalogue; what `create_app` takes as `translations`."""
    made = catalogues.template()
    made.locale = "ar"
    for message in made:
        if message.id:
            texts = [message.id] if isinstance(message.id, str) else message.id
            strings = [pseudo(text) for text in texts]
            message.string = (
                strings[0] if isinstance(message.id, str) else (*strings, *strings[-1:] * 4)
            )
    path = folder / "ar" / "LC_MESSAGES" / "messages.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(catalogues.written(made)[1])
    return f"translations;{folder}"


def write_region(path: Path) -> str:
    """Write a region that reads from right to left first; what the setting `region_file` takes."""
    text = BUILT_IN.read_text(encoding="utf-8").replace(
        'languages = ["en"', 'languages = ["ar", "en"'
    )
    path.write_text(
        f'{text}\nar = "{pseudo("This may be an emergency; call")} {{number}}"\n', encoding="utf-8"
    )
    return str(path)
