"""What may be handed in, and what is kept of it; pure.

What a file is, is told by its bytes and not by its name. Pictures are drawn anew: what a telephone wrote beside
the picture (where it was taken) and what else may hide in its bytes is gone before anything is stored.
"""

import io
import re
import warnings
import zlib
from dataclasses import dataclass
from pathlib import PurePath

MOST_BYTES = 10_000_000
MOST_PAGES = 25
MOST_PIXELS = 60_000_000
"""Of a picture as it is handed in: a telephone's."""

MOST_PNG_PIXELS = 25_000_000
"""A PNG cannot be read at a smaller size, so less is taken."""

LONGEST_SIDE = 3000
"""Pixels of a picture as it is kept: an A4 page at 250 dots an inch."""

MOST_SCANS = 50
"""Of a JPEG; a telephone writes ten at most. Each is drawn over the whole picture, however few bytes it has."""

MOST_INFLATED = 32_000_000
MOST_STREAMS = 1000
"""Object streams of a PDF, each of which holds a hundred objects or more."""

READ_AT_ONCE = 16 * 1024
NAME_AT_MOST = 100

PNG, JPEG, PDF = "image/png", "image/jpeg", "application/pdf"


def _named(*words: str) -> bytes:
    """A pattern for names of a PDF, each letter as it is or by its number: `/Launch` may be written `/L#61unch`."""
    spelled = (
        b"".join(b"(?:%c|#%02x|#%02X)" % (letter, letter, letter) for letter in word.encode())
        for word in words
    )
    return b"/(?:" + b"|".join(spelled) + b")(?![A-Za-z#])"


_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_LOCKED = re.compile(_named("Encrypt"))
_ACTIVE = re.compile(
    _named(
        "JavaScript",
        "Launch",
        "EmbeddedFile",
        "EmbeddedFiles",
        "RichMedia",
        "SubmitForm",
        "ImportData",
    )
    # A short name, which other bytes may have by chance: only where a value follows.
    + rb"|/XFA(?=\s*[\[0-9])"
)
_OBJECTS = re.compile(_named("ObjStm"))
_SHUFFLED = re.compile(_named("Predictor"))
_STREAM = re.compile(rb".{0,400}?stream\r?\n", re.DOTALL)
DESCRIBED_WITHIN = 400
"""Bytes: so near to its name stands what else a stream says of itself."""


class FileRefused(ValueError):
    """The file is not taken; the text is a sentence for whoever handed it in."""


@dataclass(frozen=True)
class Examined:
    """A file that may be kept: its plain name, what it is, its pages, and the bytes to keep."""

    name: str
    media_type: str
    page_count: int
    content: bytes


def examine(name: str, content: bytes) -> Examined:
    """Look at a file that was handed in.

    Raises:
        FileRefused: if it is empty, too large, or not a PDF, JPEG or PNG that can be read.
    """
    if not content:
        raise FileRefused("The file is empty; choose another one.")
    if len(content) > MOST_BYTES:
        raise FileRefused("The file is larger than 10 MB; take the picture with fewer pixels.")
    plain = plain_name(name)
    if content.startswith(b"%PDF-"):
        return Examined(plain, PDF, _pages(content), content)
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Examined(plain, PNG, 1, _drawn(content, "PNG"))
    if content.startswith(b"\xff\xd8\xff"):
        return Examined(plain, JPEG, 1, _drawn(content, "JPEG"))
    raise FileRefused("This is not a picture or a PDF; hand in a JPEG, a PNG or a PDF.")


def plain_name(name: str) -> str:
    """The last part of a file's name, without what cannot be printed; never used as a path."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join(c for c in last if c.isprintable())[:NAME_AT_MOST] or "file"


def _drawn(content: bytes, form: str) -> bytes:
    from PIL import Image, ImageOps

    most = MOST_PNG_PIXELS if form == "PNG" else MOST_PIXELS
    if form == "JPEG" and content.count(b"\xff\xda") > MOST_SCANS:
        raise FileRefused("The picture is built in an unusual way; take it again.")
    try:
        with warnings.catch_warnings():
            # Its own warning comes at a size we refuse ourselves.
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(content), formats=(form,))
        if picture.width * picture.height > most:
            raise FileRefused("The picture has too many pixels; take it with fewer.")
        # A JPEG can be read at half or a quarter of its size: less memory, as sharp as it is kept.
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        shown = ImageOps.exif_transpose(picture).convert("RGB")
        shown.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        kept = io.BytesIO()
        shown.save(kept, form, **({"quality": 85} if form == "JPEG" else {}))
    except FileRefused:
        raise
    except Image.DecompressionBombError:
        raise FileRefused("The picture has too many pixels; take it with fewer.") from None
    except Exception:
        # Whatever a decoder trips over: the picture is broken, and says nothing more of use.
        raise FileRefused("The picture cannot be read; take it again.") from None
    return kept.getvalue()


def _pages(content: bytes) -> int:
    if b"%%EOF" not in content[-2048:]:
        raise FileRefused("The PDF is cut short; save it again.")
    if _LOCKED.search(content):
        raise FileRefused("The PDF is locked with a password; hand in one without.")
    inside = _inflated(content)
    if _ACTIVE.search(content) or _ACTIVE.search(inside):
        raise FileRefused(
            "The PDF holds programs or other files; print it to a new PDF and hand in that one."
        )
    pages = len(_PAGE.findall(content)) + len(_PAGE.findall(inside))
    if not pages:
        raise FileRefused("The PDF has no page that can be read; save it again.")
    if pages > MOST_PAGES:
        raise FileRefused("The PDF has more than 25 pages; hand in only those that matter.")
    return pages


def _inflated(content: bytes) -> bytes:
    """What lies compressed in the PDF's object streams: newer ones describe their pages there."""
    found, room = [], MOST_INFLATED
    for count, named in enumerate(_OBJECTS.finditer(content), 1):
        begin = _STREAM.match(content, named.end())
        text = None
        if begin and not _SHUFFLED.search(_described(content, named.start(), begin.end())):
            text = _unpacked(content, begin.end(), room)
        if text is None:
            # Packed in another way, or not at all what it says: what cannot be looked into is not taken.
            raise FileRefused("The PDF cannot be looked into; print it to a new PDF.")
        room -= len(text)
        if room <= 0 or count > MOST_STREAMS:
            raise FileRefused("The PDF is too large when it is opened; print it to a new PDF.")
        found.append(text)
    return b"\n".join(found)


def _described(content: bytes, named: int, begin: int) -> bytes:
    """What a stream that begins there says of itself, before and after it names its kind."""
    nearest = max(0, named - DESCRIBED_WITHIN)
    return content[max(nearest, content.rfind(b"obj", nearest, named)) : begin]


def _unpacked(content: bytes, begin: int, most: int) -> bytes | None:
    """A compressed stream that begins there, up to so many bytes; None if none does."""
    reader, found = zlib.decompressobj(), []
    try:
        # In small pieces: what follows the stream is copied by each reader, and there may be many.
        for start in range(begin, len(content), READ_AT_ONCE):
            text = reader.decompress(content[start : start + READ_AT_ONCE], most)
            found.append(text)
            most -= len(text)
            if reader.eof or most <= 0:
                return b"".join(found)
    except zlib.error:
        return None
    return None
