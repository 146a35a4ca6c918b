"""Prescriptions in the portal: handed in, shown to whom they should be, reviewed, refilled."""

import io
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from PIL import Image

from remedy.pipeline import overdue
from remedy.prescriptions import refills, service
from remedy.schema.prescriptions import file_spool_part
from remedy.values import uuid7
from tests.integration.portal_cast import Cast, a_cast, mails
from web_portal.parts import parts_of

REASON = "The date is missing."


def picture(form="PNG") -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (60, 80), (250, 250, 240)).save(kept, form)
    return kept.getvalue()


PDF = b"%PDF-1.4\n<< /Type /Page >>\n%%EOF\n"


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database, hdfs_url="http://127.0.0.1:9")


def hand_in(cast, content=None, name="mine.png", who="asha", pharmacy="corner", **told):
    file = (io.BytesIO(picture() if content is None else content), name)
    return cast.of(who).post(f"/prescriptions/new/{cast.ids[pharmacy]}", {"file": file, **told})


def handed_in(cast, **more) -> str:
    answer = hand_in(cast, **more)
    assert answer.status_code == 303, answer.text
    return re.search(r"/prescriptions/([0-9a-f-]{36})", answer.headers["Location"]).group(1)


def enter(cast, prescription_id, medicine="amoxil", who="chitra", **told):
    form = {"packs": "2", "repeats": "1", "valid_until": "2026-08-31", **told}
    return cast.of(who).post(
        f"/pharmacy/prescriptions/{prescription_id}/medicines/{cast.ids[medicine]}", form
    )


def decide(cast, prescription_id, decision="accept", who="chitra", **told):
    page = cast.of(who).get(f"/pharmacy/prescriptions/{prescription_id}").text
    seen = {
        name: re.search(rf'name="{name}" value="([^"]*)"', page).group(1)
        for name in ("version", "seen")
    }
    form = {"decision": decision, "is_read": "y", **seen, **told}
    return cast.of(who).post(f"/pharmacy/prescriptions/{prescription_id}", form)


def accepted(cast, **line) -> str:
    prescription_id = handed_in(cast)
    assert enter(cast, prescription_id, **line).status_code == 303
    assert decide(cast, prescription_id).status_code == 303
    return prescription_id


def looks(cast) -> int:
    return cast.rows("SELECT COUNT(*) AS n FROM file_read")[0].n


def test_from_handing_in_to_what_is_left(cast):
    prescription_id = handed_in(cast)
    page = cast.of("asha").get(f"/prescriptions/{prescription_id}?done=prescription-sent").text
    assert "Your prescription is handed in" in page
    assert "Waiting for a pharmacist" in page
    assert (
        f"/pharmacy/prescriptions/{prescription_id}"
        in cast.of("chitra").get("/pharmacy/prescriptions").text
    )
    assert enter(cast, prescription_id, daily_dose="3", units_per_pack="20").status_code == 303
    review = cast.of("chitra").get(f"/pharmacy/prescriptions/{prescription_id}").text
    assert "Bactonil" in review
    assert "Not checked" in review
    mails(cast)
    assert decide(cast, prescription_id).status_code == 303
    (mail,) = mails(cast)
    assert mail[0] == "asha@town.example"
    assert "Bactonil" not in " ".join(mail)
    page = cast.of("asha").get(f"/prescriptions/{prescription_id}").text
    assert "packs left: 4" in page
    assert "lasts until" not in page
    order_id = uuid7()
    with cast.engine.begin() as connection:
        service.use(
            connection, cast.ids["asha"], cast.ids["amoxil"], 3000, order_id, clock=cast.watch
        )
        service.hand_out(connection, order_id, clock=cast.watch)
    page = cast.of("asha").get("/prescriptions").text
    assert "packs left: 1" in page
    # 3 packs of 20 at 3 a day: 20 days from the 2nd of March.
    assert "lasts until about Saturday 21 March 2026" in page


def test_a_stranger_and_another_pharmacy_cannot_find_it(cast):
    prescription_id = handed_in(cast)
    for who, address in (
        ("ben", f"/prescriptions/{prescription_id}"),
        ("ben", f"/prescriptions/{prescription_id}/picture"),
        ("dev", f"/prescriptions/{prescription_id}/picture"),
        ("dev", f"/pharmacy/prescriptions/{prescription_id}"),
        ("farah", f"/prescriptions/{prescription_id}/picture"),
    ):
        before = looks(cast)
        assert cast.of(who).get(address).status_code == 404
        assert looks(cast) == before
    assert enter(cast, prescription_id, who="dev").status_code == 404


def test_a_picture_is_shown_to_whom_it_is_for_and_every_look_is_written_down(cast):
    prescription_id = handed_in(cast)
    for who in ("asha", "chitra"):
        before = looks(cast)
        answer = cast.of(who).get(f"/prescriptions/{prescription_id}/picture")
        assert answer.status_code == 200
        assert answer.mimetype == "image/png"
        assert Image.open(io.BytesIO(answer.data)).size == (60, 80)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "mine" not in answer.headers["Content-Disposition"]
        assert looks(cast) == before + 1


def test_a_pdf_is_saved_and_not_opened(cast):
    prescription_id = handed_in(cast, content=PDF, name="<script>.pdf")
    answer = cast.of("chitra").get(f"/prescriptions/{prescription_id}/picture")
    assert answer.data == PDF
    assert answer.headers["Content-Disposition"] == 'attachment; filename="prescription.pdf"'
    page = cast.of("chitra").get(f"/pharmacy/prescriptions/{prescription_id}").text
    assert "Save the PDF" in page
    assert "<img class" not in page


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (b"<svg onload=alert(1)>", "not a picture or a PDF"),
        (picture()[:50], "cannot be read"),
    ],
)
def test_what_is_not_taken_is_said_and_nothing_is_kept(cast, content, sentence):
    before = cast.rows("SELECT COUNT(*) AS n FROM stored_file")[0].n
    answer = hand_in(cast, content=content)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert cast.rows("SELECT COUNT(*) AS n FROM stored_file")[0].n == before


def test_no_file_and_too_large_a_file_are_said(cast):
    answer = cast.of("asha").post(f"/prescriptions/new/{cast.ids['corner']}", {})
    assert answer.status_code == 422
    assert "Choose the picture of your prescription." in answer.text
    answer = cast.of("asha").client.post(
        f"/prescriptions/new/{cast.ids['corner']}",
        data=b"0" * 11_000_000,
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 413


def test_the_same_form_sent_twice_is_one_prescription_and_the_same_name_twice_is_two(cast):
    nonce = "n" * 16
    first, second = hand_in(cast, nonce=nonce), hand_in(cast, nonce=nonce)
    assert first.headers["Location"] == second.headers["Location"]
    assert handed_in(cast) != handed_in(cast)


def test_an_unknown_or_unverified_pharmacy_has_no_page(cast):
    assert cast.of("asha").get(f"/prescriptions/new/{uuid7()}").status_code == 404
    page = cast.of("asha").get("/prescriptions/new?q=corner").text
    assert "Corner Pharmacy" in page
    assert "Elsewhere" not in page


def test_without_hdfs_a_moved_file_is_a_sentence_and_nothing_is_lost(cast):
    prescription_id = handed_in(cast)
    with cast.engine.begin() as connection:
        connection.execute(sa.delete(file_spool_part))
    answer = cast.of("asha").get(f"/prescriptions/{prescription_id}/picture")
    assert answer.status_code == 503
    assert "The store of files does not answer" in answer.text


def test_what_the_check_says_must_be_read_before_it_is_accepted(cast):
    prescription_id = handed_in(cast)
    enter(cast, prescription_id)
    answer = decide(cast, prescription_id, is_read="")
    assert answer.status_code == 422
    assert "Tick that you have read" in answer.text
    answer = decide(cast, prescription_id, seen="something else")
    assert answer.status_code == 409
    assert "The check says something else by now" in answer.text
    assert decide(cast, prescription_id).status_code == 303


def test_a_refusal_needs_a_reason_and_the_patient_reads_it(cast):
    prescription_id = handed_in(cast)
    answer = decide(cast, prescription_id, "refuse", reason=" ")
    assert answer.status_code == 422
    assert "Say why it is refused" in answer.text
    assert decide(cast, prescription_id, "refuse", reason=REASON).status_code == 303
    assert REASON in cast.of("asha").get(f"/prescriptions/{prescription_id}").text
    late = decide_again(cast, prescription_id)
    assert late.status_code == 409
    assert "refused this prescription" in late.text


def decide_again(cast, prescription_id):
    form = {"decision": "accept", "version": "1", "seen": "", "is_read": "y"}
    return cast.of("chitra").post(f"/pharmacy/prescriptions/{prescription_id}", form)


def test_taking_it_back_is_possible_until_it_is_decided(cast):
    prescription_id = handed_in(cast)
    assert cast.of("asha").post(f"/prescriptions/{prescription_id}/withdraw").status_code == 303
    assert prescription_id not in cast.of("chitra").get("/pharmacy/prescriptions").text
    picture_of = f"/prescriptions/{prescription_id}/picture"
    assert cast.of("asha").get(picture_of).status_code == 200
    assert cast.of("chitra").get(picture_of).status_code == 404
    page = cast.of("chitra").get(f"/pharmacy/prescriptions/{prescription_id}").text
    assert "cannot be opened any more" in page
    assert "<img class" not in page
    # Nor whose it was, or what they do not bear.
    assert "canary-asha" not in page
    decided = accepted(cast)
    answer = cast.of("asha").post(f"/prescriptions/{decided}/withdraw")
    assert answer.status_code == 409
    assert "decided already" in answer.text


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"packs": ""}, "Say how many packs"),
        ({"packs": "0"}, "cannot be zero"),
        ({"repeats": "99"}, "between 0 and 24"),
        ({"valid_until": ""}, "Enter the last day"),
        ({"valid_until": "2020-01-01"}, "The last day is past"),
        ({"daily_dose": "two"}, "Write the dose as a number"),
        ({"daily_dose": "2"}, "Enter both the dose"),
        ({"units_per_pack": "20"}, "Enter both the dose"),
    ],
)
def test_what_is_entered_wrongly_is_said_at_its_field_and_kept(cast, told, sentence):
    prescription_id = handed_in(cast)
    answer = enter(cast, prescription_id, **told)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "There is a problem" in answer.text


def test_a_controlled_medicine_is_refused_and_a_removed_one_is_gone(cast):
    prescription_id = handed_in(cast)
    assert "controlled medicine" in enter(cast, prescription_id, "strong").text
    enter(cast, prescription_id)
    page = cast.of("chitra").get(f"/pharmacy/prescriptions/{prescription_id}").text
    (address,) = re.findall(r'action="([^"]+/remove)"', page)
    assert cast.of("chitra").post(address).status_code == 303
    assert (
        "No medicine is entered yet"
        in cast.of("chitra").get(f"/pharmacy/prescriptions/{prescription_id}").text
    )


def test_another_brand_is_confirmed_with_a_reason_and_shown_to_the_patient(cast):
    from remedy.catalogue.service import add_medicine

    with cast.engine.begin() as connection:
        other = add_medicine(
            connection, generic_name="paracetamol", brand_name="Otherdol", strength="500 mg",
            form="tablet", pack="20 tablets",
        )  # fmt: skip
    prescription_id = accepted(cast, medicine="calmadol")
    page = cast.of("chitra").get(f"/pharmacy/prescriptions/{prescription_id}").text
    (address,) = re.findall(r'href="([^"]+/other)"', page)
    assert "Otherdol" in cast.of("chitra").get(address).text
    answer = cast.of("chitra").post(address, {"medicine_id": str(other), "reason": ""})
    assert answer.status_code == 422
    answer = cast.of("chitra").post(address, {"medicine_id": "", "reason": "Not to be had."})
    assert "Choose the brand" in answer.text
    answer = cast.of("chitra").post(
        address, {"medicine_id": str(cast.ids["amoxil"]), "reason": "Not to be had."}
    )
    assert answer.status_code == 422
    answer = cast.of("chitra").post(
        address, {"medicine_id": str(other), "reason": "Not to be had."}
    )
    assert answer.status_code == 303
    assert "Otherdol" in cast.of("asha").get(f"/prescriptions/{prescription_id}").text


def test_allergies_are_told_shown_to_the_pharmacist_and_taken_out(cast):
    asha = cast.of("asha")
    assert asha.post("/account/allergies", {"substance": ""}).status_code == 422
    assert asha.post("/account/allergies", {"substance": "penicillin"}).status_code == 303
    page = asha.get("/account/allergies").text
    assert "penicillin" in page
    prescription_id = handed_in(cast)
    enter(cast, prescription_id)
    review = cast.of("chitra").get(f"/pharmacy/prescriptions/{prescription_id}").text
    assert "the patient tells of an allergy to: penicillin" in review
    for address in re.findall(r'action="([^"]+/remove)"', page):
        assert asha.post(address).status_code == 303
    assert "You have said that you know of no allergy" in asha.get("/account/allergies").text
    assert asha.post(f"/account/allergies/{uuid7()}/remove").status_code == 404
    assert (
        "has not said"
        not in cast.of("chitra").get(f"/pharmacy/prescriptions/{prescription_id}").text
    )
    assert cast.of("ben").post("/account/allergies/none").status_code in {303, 409}


def test_a_reminder_comes_once_some_days_before_and_not_to_who_wants_none(cast):
    accepted(cast, medicine="rare", daily_dose="2", units_per_pack="20")
    order_id = uuid7()
    with cast.engine.begin() as connection:
        service.use(
            connection, cast.ids["asha"], cast.ids["rare"], 1000, order_id, clock=cast.watch
        )
    assert cast.of("asha").post("/account/reminders", {"is_wanted": "no"}).status_code == 303
    assert "You get no such mails" in cast.of("asha").get("/account/reminders").text
    with cast.engine.begin() as connection:
        service.hand_out(connection, order_id, clock=cast.watch)
    began = cast.watch.now
    with cast.engine.connect() as connection:
        due = {
            one.lasts_until
            for days in range(40)
            for one in _due(connection, cast, began + timedelta(days=days))
        }
    assert not due
    cast.of("asha").post("/account/reminders", {"is_wanted": "yes"})
    cast.watch.wait(days=3)
    assert overdue.remind(cast.engine, clock=cast.watch) == 0
    cast.watch.wait(days=1)
    assert overdue.remind(cast.engine, clock=cast.watch) == 1
    assert overdue.remind(cast.engine, clock=cast.watch) == 0
    (mail,) = mails(cast)
    cast.watch.wait(days=1)
    assert overdue.remind(cast.engine, clock=cast.watch) == 0
    assert mails(cast) == []
    assert mail[0] == "asha@town.example"
    assert "Unobtan" not in " ".join(mail)
    assert "/prescriptions" in mail[2]
    cast.watch.now = began


def _due(connection, cast, now):
    return [one for one in refills.due(connection, now=now) if one.patient_id == cast.ids["asha"]]


def test_an_erased_patients_file_is_gone_for_everybody(cast):
    prescription_id = handed_in(cast, who="ben")
    with cast.engine.begin() as connection:
        parts_of(cast.app).vault.forget(connection, cast.ids["ben"])
    answer = cast.of("chitra").get(f"/prescriptions/{prescription_id}/picture")
    assert answer.status_code == 410
    assert "This file was erased" in answer.text
    assert prescription_id not in cast.of("chitra").get("/pharmacy/prescriptions").text
