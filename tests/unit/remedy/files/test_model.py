"""What may be handed in: told by its bytes, limited, and drawn anew."""

import io
import struct
import zlib

import pytest
from PIL import Image

from remedy.files import model
from remedy.files.model import FileRefused, examine


def picture(form="PNG", size=(40, 30), **more) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", size, (200, 10, 10)).save(kept, form, **more)
    return kept.getvalue()


def pdf(pages=1, extra=b"", compressed=False) -> bytes:
    described = b"".join(b"<< /Type /Page /Parent 2 0 R >>\n" for _ in range(pages))
    if compressed:
        packed = zlib.compress(described)
        described = b"<< /Type /ObjStm /Filter /FlateDecode /N 1 >>\nstream\r\n" + packed
        described += b"\nendstream"
    return b"%PDF-1.7\n<< /Type /Pages >>\n" + extra + described + b"\n%%EOF\n"


def png_header(width, height) -> bytes:
    """A PNG that says it is that large, and holds nothing."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
        + b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    )  # fmt: skip


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_picture_is_told_by_its_bytes_and_drawn_anew(form):
    told = examine("mine.pdf", picture(form) + b"<script>a stowaway</script>")
    assert told.media_type == f"image/{form.lower()}"
    assert told.page_count == 1
    assert b"stowaway" not in told.content
    assert Image.open(io.BytesIO(told.content)).size == (40, 30)


def test_where_a_picture_was_taken_is_not_kept():
    exif = Image.Exif()
    exif[0x010E] = "at home in Mill Lane"
    exif[0x0112] = 6
    handed_in = picture("JPEG", exif=exif)
    assert b"Mill Lane" in handed_in
    told = examine("mine.jpg", handed_in)
    assert b"Mill Lane" not in told.content
    # It lay on its side, and stands upright now.
    assert Image.open(io.BytesIO(told.content)).size == (30, 40)


def test_a_large_picture_is_kept_at_a_size_that_can_be_read():
    told = examine("mine.jpg", picture("JPEG", (4000, 2000)))
    assert Image.open(io.BytesIO(told.content)).size == (3000, 1500)


@pytest.mark.parametrize("compressed", [False, True])
def test_the_pages_of_a_pdf_are_counted(compressed):
    told = examine("scan.png", pdf(3, compressed=compressed))
    assert (told.media_type, told.page_count) == (model.PDF, 3)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"MZ\x90" + b"\0" * 100, "not a picture or a PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "not a picture or a PDF"),
        (b"GIF89a" + b"\0" * 100, "not a picture or a PDF"),
        (b"PK\x03\x04" + b"\0" * 100, "not a picture or a PDF"),
        (b"<html>%PDF-1.7 /Type /Page %%EOF", "not a picture or a PDF"),
        (picture()[:60], "cannot be read"),
        (png_header(50_000, 50_000), "too many pixels"),
        (png_header(6_000, 6_000), "too many pixels"),
        (b"\xff\xd8\xff" + b"\0" * 100, "cannot be read"),
        (pdf(26), "more than 25 pages"),
        (pdf(26, compressed=True), "more than 25 pages"),
        (pdf(0), "no page"),
        (pdf()[:-8], "cut short"),
        (pdf(extra=b"/Encrypt 5 0 R "), "password"),
        (pdf(extra=b"<< /S /JavaScript >>"), "programs or other files"),
        (pdf(extra=b"<< /EmbeddedFiles 4 0 R >>"), "programs or other files"),
        (pdf(extra=b"<< /S /Java#53cript >>"), "programs or other files"),
        (pdf(extra=b"<< /Embedded#46iles 4 0 R >>"), "programs or other files"),
        (pdf(extra=b"<< /XFA [ 4 0 R ] >>"), "programs or other files"),
        (pdf(extra=b"<< /S /SubmitForm >>"), "programs or other files"),
        (pdf(extra=b"/Encr#79pt 5 0 R "), "password"),
    ],
)
def test_what_is_none_of_these_is_refused_with_a_sentence(content, sentence):
    with pytest.raises(FileRefused, match=sentence):
        examine("prescription.png", content)


def test_more_than_ten_megabytes_are_refused(monkeypatch):
    with pytest.raises(FileRefused, match="larger than 10 MB"):
        examine("scan.pdf", b"%PDF-" + b"0" * model.MOST_BYTES)


def test_a_pdf_that_grows_without_end_is_refused():
    bomb = zlib.compress(b"\0" * (model.MOST_INFLATED + 10))
    content = b"%PDF-1.7 /Type /ObjStm /Filter /FlateDecode >> stream\n" + bomb + b"\n%%EOF"
    with pytest.raises(FileRefused, match="too large when it is opened"):
        examine("scan.pdf", content)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\asha\\mine.png", "mine.png"),
        ("a\0b\n.png", "ab.png"),
        ("", "file"),
        ("x" * 300 + ".png", "x" * 100),
    ],
)
def test_a_name_is_plain_and_no_path(name, kept):
    assert model.plain_name(name) == kept


def objects(
    text: bytes, described: bytes = b"/Filter /FlateDecode", name: bytes = b"ObjStm"
) -> bytes:
    """An object stream of a PDF that holds these bytes."""
    return (
        b"4 0 obj << /Type /" + name + b" " + described + b" >>\nstream\n" + text + b"\nendstream\n"
    )


PROGRAM = b"<< /S /JavaScript >>"


@pytest.mark.parametrize(
    "hidden",
    [
        objects(zlib.compress(PROGRAM).hex().encode() + b">", b"/Filter [/ASCIIHexDecode /FlateDecode]"),
        objects(zlib.compress(PROGRAM), b" " * 500 + b"/Filter /FlateDecode"),
        objects(zlib.compress(PROGRAM), b"/Filter /FlateDecode /DecodeParms << /Predictor 12 >>"),
        objects(zlib.compress(PROGRAM)[:-4]),
    ],
)  # fmt: skip
def test_a_pdf_that_cannot_be_looked_into_is_refused(hidden):
    with pytest.raises(FileRefused, match="cannot be looked into"):
        examine("scan.pdf", pdf(extra=hidden))


def test_a_program_in_a_stream_by_another_spelling_is_found():
    with pytest.raises(FileRefused, match="programs or other files"):
        examine("scan.pdf", pdf(extra=objects(zlib.compress(PROGRAM), name=b"Obj#53tm")))


def test_a_pdf_of_very_many_streams_is_refused_as_each_costs_time(monkeypatch):
    monkeypatch.setattr(model, "MOST_STREAMS", 3)
    assert examine("scan.pdf", pdf(extra=objects(zlib.compress(b"")) * 3)).page_count == 1
    with pytest.raises(FileRefused, match="too large when it is opened"):
        examine("scan.pdf", pdf(extra=objects(zlib.compress(b"")) * 4))


def test_a_jpeg_of_very_many_scans_is_refused_as_each_is_drawn_whole():
    plain = picture("JPEG", (600, 600), progressive=True)
    assert examine("mine.jpg", plain).page_count == 1
    # The tables and the few bytes of its last scan, over and over.
    last = plain[plain.rfind(b"\xff\xc4", 0, plain.rfind(b"\xff\xda")) : -2]
    with pytest.raises(FileRefused, match="unusual way"):
        examine("mine.jpg", plain[:-2] + last * model.MOST_SCANS + plain[-2:])
