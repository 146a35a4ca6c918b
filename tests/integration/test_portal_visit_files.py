"""Files for a visit in the portal: taken by what they are, shown to whom they should be, every look written down."""

import io
import re
from uuid import UUID

import pytest
import sqlalchemy as sa
from PIL import Image

from remedy.files import record, visits
from remedy.gateways import hdfs
from remedy.schema.prescriptions import file_spool_part
from tests.integration.portal_cast import Cast, a_cast
from web_portal.parts import Parts

PDF = b"%PDF-1.4\n<< /Type /Page >>\n%%EOF\n"
NAME = "letter-of-dr-ekow-canary.png"


def picture(form: str = "PNG") -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (60, 80), (250, 250, 240)).save(kept, form)
    return kept.getvalue()


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    # HDFS is away all the time: no upload is refused for it.
    return a_cast(database_url, database, hdfs_url="http://127.0.0.1:9")


@pytest.fixture
def visit(cast: Cast) -> str:
    return f"/requests/{cast.ids['asha_visit']}"


def hand_in(cast, visit, content=None, name=NAME, who="asha", **told):
    file = (io.BytesIO(picture() if content is None else content), name)
    return cast.of(who).post(f"{visit}/files", {"file": file, **told})


def names_on(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<a href="[^"]*/files/([0-9a-f-]{36})" hx-boost="false">([^<]*)</a>', page)


def looks(cast) -> int:
    return cast.rows("SELECT COUNT(*) AS n FROM file_read")[0].n


def test_a_file_is_handed_in_with_hdfs_away_and_opened_by_patient_admin_and_doctor(cast, visit):
    answer = hand_in(cast, visit)
    assert answer.status_code == 303, answer.text
    page = cast.of("asha").get(answer.headers["Location"]).text
    assert "The file is handed in and kept encrypted." in page
    file_id, name = names_on(page)[-1]
    assert name == NAME
    admins = cast.of("farah").get(f"/admin{visit}").text
    assert (file_id, NAME) in names_on(admins)
    for who in ("asha", "farah", "ekow"):
        shown = cast.of(who).get(f"{visit}/files/{file_id}")
        assert shown.status_code == 200
        assert shown.mimetype == "image/png"
        assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert shown.headers["Content-Disposition"] == 'inline; filename="visit-file.png"'
        assert Image.open(io.BytesIO(shown.data)).size == (60, 80)


def test_the_same_name_twice_is_two_files(cast, visit):
    before = len(names_on(cast.of("asha").get(visit).text))
    for _ in range(2):
        assert hand_in(cast, visit, name="twice.png").status_code == 303
    after = names_on(cast.of("asha").get(visit).text)
    assert len(after) == before + 2
    assert [name for _id, name in after[-2:]] == ["twice.png", "twice.png"]
    assert after[-2][0] != after[-1][0]


def test_a_form_sent_twice_is_one_file(cast, visit):
    before = len(names_on(cast.of("asha").get(visit).text))
    for _ in range(2):
        assert hand_in(cast, visit, name="once.png", nonce="once-and-only-once").status_code == 303
    assert len(names_on(cast.of("asha").get(visit).text)) == before + 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"MZ this is a program", "not a picture or a PDF"),
        (b"<svg onload=alert(1)>", "not a picture or a PDF"),
        (b"%PDF-1.4\n/Launch << /Type /Page >>\n%%EOF\n", "programs or other files"),
        (b"%PDF-1.4\n" + b"<< /Type /Page >>\n" * 26 + b"%%EOF\n", "more than 25 pages"),
    ],
)
def test_what_is_no_letter_or_picture_is_refused_with_a_sentence(cast, visit, content, sentence):
    before = names_on(cast.of("asha").get(visit).text)
    answer = hand_in(cast, visit, content)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert names_on(cast.of("asha").get(visit).text) == before


def test_a_name_says_nothing_about_the_kind_and_is_never_a_path(cast, visit):
    assert hand_in(cast, visit, PDF, name="..\\..\\etc/<b>evil</b>.png").status_code == 303
    page = cast.of("asha").get(visit).text
    file_id, name = names_on(page)[-1]
    assert name == "b&gt;.png"
    shown = cast.of("farah").get(f"{visit}/files/{file_id}")
    assert shown.mimetype == "application/pdf"
    assert shown.headers["Content-Disposition"] == 'attachment; filename="visit-file.pdf"'


def test_somebody_else_finds_neither_visit_nor_file_and_no_look_is_written_down(cast, visit):
    hand_in(cast, visit)
    (file_id, _name), *_ = names_on(cast.of("asha").get(visit).text)
    before = looks(cast)
    others = f"/requests/{cast.ids['ben_visit']}"
    for who, address in (
        ("ben", f"{visit}/files"), ("ben", f"{visit}/files/{file_id}"),
        ("ben", f"{visit}/record.pdf"), ("ben", f"{others}/files/{file_id}"),
        ("chitra", f"{visit}/files/{file_id}"), ("farah", f"{others}/files/{file_id}"),
        ("asha", f"{visit}/files/{cast.ids['ben_visit_file']}"),
    ):  # fmt: skip
        assert cast.of(who).get(address).status_code == 404, (who, address)
    assert hand_in(cast, visit, who="ben").status_code == 404
    assert looks(cast) == before


def test_a_doctor_of_another_visit_finds_nothing(cast, visit):
    (file_id, _name), *_ = names_on(cast.of("asha").get(visit).text)
    with cast.engine.begin() as connection:
        connection.execute(sa.text("UPDATE account SET is_active = 1 WHERE role = 'doctor'"))
        others = connection.execute(
            sa.text("SELECT doctor_id FROM account WHERE role = 'doctor'")
        ).scalar_one()
        hospital = connection.execute(sa.text("SELECT hospital_id FROM doctor")).scalars().first()
        connection.execute(
            sa.text(
                "INSERT INTO doctor (public_id, hospital_id, name, speciality, visit_minutes, is_active)"
                " VALUES (:id, :h, 'Dr Other', 'x', 20, 1)"
            ),
            {"id": UUID(int=77).bytes, "h": hospital},
        )
        connection.execute(
            sa.text(
                "UPDATE account SET doctor_id = (SELECT id FROM doctor WHERE name = 'Dr Other')"
                " WHERE role = 'doctor'"
            )
        )
    try:
        assert cast.of("ekow").get(f"{visit}/files/{file_id}").status_code == 404
        assert cast.of("ekow").get(f"{visit}/record.pdf").status_code == 404
    finally:
        with cast.engine.begin() as connection:
            connection.execute(
                sa.text("UPDATE account SET doctor_id = :d WHERE role = 'doctor'"), {"d": others}
            )
    assert cast.of("ekow").get(f"{visit}/files/{file_id}").status_code == 200


def test_the_patient_reads_who_looked_and_nobody_else_does(cast, visit):
    (file_id, _name), *_ = names_on(cast.of("asha").get(visit).text)
    before = looks(cast)
    assert cast.of("farah").get(f"{visit}/files/{file_id}").status_code == 200
    assert looks(cast) == before + 1
    page = cast.of("asha").get(visit).text
    assert "Who looked at them" in page
    assert "Farah" in page[page.index("Who looked at them") :]
    assert "Who looked at them" not in cast.of("farah").get(f"/admin{visit}").text


def test_the_last_look_is_written_down_even_when_the_file_cannot_be_shown(cast, visit):
    hand_in(cast, visit, name="gone.png")
    file_id, _name = names_on(cast.of("asha").get(visit).text)[-1]
    with cast.engine.begin() as connection:
        # As the mover does it; and HDFS is away.
        connection.execute(
            sa.delete(file_spool_part).where(file_spool_part.c.file_public_id == UUID(file_id))
        )
    before = looks(cast)
    answer = cast.of("farah").get(f"{visit}/files/{file_id}")
    assert answer.status_code == 503
    assert "Nothing is lost" in answer.text
    assert looks(cast) == before + 1


def test_names_are_in_no_table_and_no_event(cast, visit):
    hand_in(cast, visit)
    for table in ("stored_file", "outbox", "kept_answer", "file_spool"):
        for row in cast.rows(f"SELECT * FROM {table}"):
            assert "letter-of-dr-ekow" not in str(tuple(row)), table


def test_too_many_files_and_a_visit_that_is_over_are_refused(cast, visit, monkeypatch):
    there = len(names_on(cast.of("asha").get(visit).text))
    monkeypatch.setattr(visits, "MOST_OF_A_VISIT", there + 1)
    assert hand_in(cast, visit).status_code == 303
    answer = hand_in(cast, visit)
    assert answer.status_code == 422
    assert "There are 20 files for this visit already" in answer.text
    others = f"/requests/{cast.ids['ben_visit']}"
    with cast.engine.begin() as connection:
        state = "UPDATE appointment SET state = :s WHERE public_id = :id"
        told = {"id": cast.ids["ben_visit"].bytes}
        connection.execute(sa.text(state), {"s": "declined", **told})
    answer = hand_in(cast, others, who="ben")
    assert answer.status_code == 422
    assert "does not take place" in answer.text
    # The field is gone, so nothing leads to it.
    assert 'href="#file"' not in answer.text
    assert "Hand in a file</a>" not in cast.of("ben").get(others).text
    with cast.engine.begin() as connection:
        connection.execute(sa.text(state), {"s": "requested", **told})


class Shelf:
    """HDFS as far as the portal reads it."""

    def __init__(self, kept: dict[str, bytes]) -> None:
        self.kept = kept

    def read(self, name: str) -> bytes:
        try:
            return self.kept[name]
        except KeyError:
            raise hdfs.FileStoreError("It is not there.") from None


def filed(cast, visit_id) -> tuple[str, bytes]:
    """A record as the pipeline writes it, of what the outbox holds about the visit; its path and bytes."""
    import hashlib
    import json

    events = [
        {"id": str(UUID(bytes=bytes(row.event_id))), "source": "/remedy/portal", "type": row.type,
         "time": row.occurred_at.isoformat() + "Z", "data": json.loads(row.payload)}
        for row in cast.rows("SELECT * FROM outbox WHERE aggregatetype = 'appointments' ORDER BY id")
        if json.loads(row.payload).get("appointment_id") == str(visit_id)
    ]  # fmt: skip
    told = record.joined(visit_id, None, events)
    content = told.to_bytes()
    sha256 = hashlib.sha256(content).digest()
    path = hdfs.appointment_record(visit_id, told.version, sha256)
    with cast.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO out_appointment_record (appointment_id, version, path, byte_count, sha256,"
                " doctor_id, state, starts_at, ends_at, filed_at, checked_at) VALUES (:a, :v, :p, :b, :s,"
                " :d, :state, :f, :t, :f, :f) ON DUPLICATE KEY UPDATE version = :v, path = :p, sha256 = :s"
            ),
            {"a": visit_id.bytes, "v": told.version, "p": path, "b": len(content), "s": sha256,
             "d": told.doctor_id.bytes, "state": told.state, "f": told.starts_at.replace(tzinfo=None),
             "t": told.ends_at.replace(tzinfo=None)},
        )  # fmt: skip
    return path, content


def test_the_record_is_a_pdf_for_whom_it_should_be_and_the_look_is_written_down(
    cast, visit, monkeypatch
):
    assert "not filed yet" in cast.of("asha").get(f"{visit}/record.pdf").text
    path, content = filed(cast, cast.ids["asha_visit"])
    kept = {path: content}
    monkeypatch.setattr(Parts, "file_store", lambda self: Shelf(kept))
    page = cast.of("asha").get(visit).text
    assert "Open the record as PDF" in page
    for who in ("asha", "farah", "ekow"):
        answer = cast.of(who).get(f"{visit}/record.pdf")
        assert answer.status_code == 200, answer.text
        assert answer.data.startswith(b"%PDF-")
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="visit-')
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    read = cast.rows("SELECT COUNT(*) AS n FROM appointment_record_read")[0].n
    assert read == 3
    assert cast.of("ben").get(f"{visit}/record.pdf").status_code == 404
    assert cast.rows("SELECT COUNT(*) AS n FROM appointment_record_read")[0].n == read
    assert "the record" in cast.of("asha").get(visit).text
    # Half a file, or another one, is no record.
    kept[path] = content[: len(content) // 2]
    assert cast.of("asha").get(f"{visit}/record.pdf").status_code == 503
    kept.clear()
    assert cast.of("asha").get(f"{visit}/record.pdf").status_code == 503
