"""A list brought in: looked at first, applied once, every line answered for."""

import io
import re
import secrets
import threading

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from remedy.catalogue import stock_import
from tests.integration.portal_cast import Cast, a_cast

HEADER = "medicine,counted,received,sold,price,lot_number,expires_on"


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine) -> Cast:
    return a_cast(database_url, database)


def send(cast: Cast, text: str, who: str = "chitra", name: str = "list.csv") -> TestResponse:
    browser = cast.of(who)
    form = {
        "csrf_token": browser.token(),
        "nonce": secrets.token_hex(8),
        "file": (io.BytesIO(text.encode()), name),
    }
    return browser.client.post("/pharmacy/list", data=form, content_type="multipart/form-data")


def previewed(cast: Cast, *lines: str) -> str:
    """The address of a list's preview."""
    answer = send(cast, "\n".join((HEADER, *lines)))
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def lines_of(cast: Cast, address: str) -> list[list[str]]:
    """The preview's table as text."""
    page = cast.of("chitra").get(address).text
    rows = re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", page, re.DOTALL)
    return [
        [" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in re.split("</t[hd]>", row)][:-1]
        for row in rows
    ]


def states(cast: Cast, address: str) -> dict[str, str]:
    return {line[0]: line[6].split(" ")[0] for line in lines_of(cast, address)}


def apply(cast: Cast, address: str) -> TestResponse:
    return cast.of("chitra").post(f"{address}/apply")


def shelf(cast: Cast, medicine: str) -> int:
    found = cast.rows(
        "SELECT SUM(l.quantity_milli) AS milli FROM stock_lot l"
        " JOIN stock_item i ON i.id = l.stock_item_id JOIN medicine m ON m.id = i.medicine_id"
        " JOIN pharmacy p ON p.id = i.pharmacy_id WHERE p.public_id = :p AND m.public_id = :m",
        p=cast.ids["corner"].bytes, m=cast.ids[medicine].bytes,
    )  # fmt: skip
    return int(found[0].milli or 0)


def movements(cast: Cast) -> int:
    return len(cast.rows("SELECT 1 FROM stock_movement"))


def test_a_preview_says_what_changes_and_changes_nothing(cast: Cast) -> None:
    before = movements(cast)
    address = previewed(
        cast,
        "register:A-1,25,,,7.20,,",
        f"{cast.ids['rare']},,3,,,L-9,2028-01-31",
        "No such thing,1,,,,,",
        "register:A-1,26,,,,,",
        "register:A-1,x,,,,,",
    )
    told = lines_of(cast, address)
    assert [(line[0], line[2]) for line in told] == [
        ("4", "–"), ("5", "–"), ("6", "–"), ("2", "Counted"), ("2", "Price"),
        ("3", "Received lot L-9, 2028-01-31"),
    ]  # fmt: skip
    assert told[3][3:6] == ["25", "20", "25"]
    assert told[4][3:6] == ["7.20 EUR", "–", "7.20 EUR"]
    assert told[5][3:6] == ["3", "0", "3"]
    assert "No medicine has that code" in told[0][6]
    assert "Line 2 is of this medicine too" in told[1][6]
    assert movements(cast) == before


def test_a_list_is_applied_once_however_often_it_is_sent(cast: Cast) -> None:
    held, before = shelf(cast, "amoxil"), movements(cast)
    address = previewed(cast, "register:A-1,,4,,8.10,,", "register:A-1,,,1,,,", "nothing,1,,,,,")
    senders = [threading.Thread(target=apply, args=(cast, address)) for _ in range(2)]
    cast.of("chitra").token()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert apply(cast, address).status_code == 303
    assert shelf(cast, "amoxil") == held + 3000
    assert movements(cast) == before + 2
    assert states(cast, address) == {"2": "Applied", "3": "Applied", "4": "Cannot"}
    page = cast.of("chitra").get("/pharmacy/stock?q=bacto").text
    assert 'data-cell="price">8.10 EUR<' in page
    told = cast.told("stock-movements")[-3:]
    assert [kind.split(".")[2] for kind in told] == ["received", "sold", "repriced"]


def test_what_changed_since_the_preview_is_a_conflict_and_is_shown(cast: Cast) -> None:
    address = previewed(cast, "register:A-1,5,,,9.90,,", f"{cast.ids['rare']},2,,,,,")
    held = shelf(cast, "amoxil")
    card = f"/pharmacy/stock/{cast.ids['amoxil']}"
    cast.of("chitra").post(f"{card}/movements", {"kind": "sold", "packs": "1", "version": "0"})
    apply(cast, address)
    assert shelf(cast, "amoxil") == held - 1000
    assert shelf(cast, "rare") == 2000
    conflicts = [line[6] for line in lines_of(cast, address) if line[6].startswith("Conflict")]
    assert len(conflicts) == 2
    was, now = held // 1000, held // 1000 - 1
    assert f"the shelf held {was} and holds {now} now, the list says 5" in conflicts[0]
    assert "the price was 8.10 EUR and is 8.10 EUR now, the list says 9.90 EUR" in conflicts[1]


def test_a_list_cut_short_says_so_and_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock_import, "AT_ONCE", 2)
    monkeypatch.setattr("web_portal.pharmacy.stock_list.MOST_SECONDS", 0.0)
    held = shelf(cast, "rare")
    address = previewed(cast, *(f"{cast.ids['rare']},,1,,,," for _ in range(5)))
    apply(cast, address)
    assert "3 changes wait for your word." in cast.of("chitra").get(address).text
    assert shelf(cast, "rare") == held + 2000
    apply(cast, address)
    apply(cast, address)
    assert shelf(cast, "rare") == held + 5000
    assert set(states(cast, address).values()) == {"Applied"}


def test_the_stock_that_is_handed_out_can_be_brought_back(cast: Cast) -> None:
    handed_out = cast.of("chitra").get("/pharmacy/list/stock.csv")
    assert handed_out.headers["Content-Disposition"] == 'attachment; filename="stock.csv"'
    lines = handed_out.text.splitlines()
    assert any(line.startswith("register:A-1,") for line in lines)
    answer = send(cast, handed_out.text)
    assert "Nothing in this list changes your stock." in (
        cast.of("chitra").get(answer.headers["Location"]).text
    )


def test_a_bad_file_is_refused_beside_its_field(cast: Cast) -> None:
    answer = send(cast, "medicine,recieved\nA:1,1\n", name="..\\..\\wrong <b>.csv")
    assert answer.status_code == 422
    assert "wrong &lt;b&gt;.csv&#39; has a column &#39;recieved&#39;" in answer.text
    assert "<title>Error: " in answer.text
    assert cast.of("chitra").post("/pharmacy/list").status_code == 422


def test_dev_cannot_see_or_apply_chitras_list(cast: Cast) -> None:
    address = previewed(cast, f"{cast.ids['rare']},,1,,,,")
    held = shelf(cast, "rare")
    assert cast.of("dev").get(address).status_code == 404
    assert cast.of("dev").post(f"{address}/apply").status_code == 404
    assert shelf(cast, "rare") == held


def test_old_lists_are_forgotten(cast: Cast) -> None:
    old = previewed(cast, f"{cast.ids['rare']},,1,,,,")
    cast.watch.wait(days=31)
    cast._browsers.clear()
    previewed(cast, f"{cast.ids['rare']},,1,,,,")
    assert cast.of("chitra").get(old).status_code == 404
