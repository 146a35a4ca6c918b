"""What is odd in a price register is shown as odd, or not at all, on every page that shows the medicine."""

import csv
from pathlib import Path

import pytest
import sqlalchemy as sa

from remedy.catalogue.imports import import_medicines
from remedy.catalogue.price_register import COLUMNS
from remedy.schema.pharmacy import medicine
from remedy.values import utc_now
from tests.integration.portal_cast import Cast, a_cast

PLAIN = dict.fromkeys(COLUMNS, "") | {
    "name": "Registral", "schedule": "S1", "dosage_form": "tab", "pack_size": "20", "num_packs": "1",
    "sep_zar": "12.34", "n_ingredients": "1", "ingredients": "Registrin 500mg",
}  # fmt: skip
ODD_SIZE, ODD_PRICE, NO_SIZE = "700000001", "700000002", "700000003"
RECORDS = (
    *({"nappi_code": f"70000001{n}", "name": f"Registral {n}"} for n in range(4)),
    {"nappi_code": ODD_SIZE, "name": "Oddsize", "pack_size": "2000"},
    {"nappi_code": ODD_PRICE, "name": "Oddprice", "sep_zar": "98765.43"},
    {"nappi_code": NO_SIZE, "name": "Nosize", "pack_size": "0"},
)


@pytest.fixture(scope="module")
def cast(database_url: str, database: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Cast:
    made = a_cast(database_url, database)
    folder: Path = tmp_path_factory.mktemp("register")
    with (folder / "register.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({**PLAIN, **record} for record in RECORDS)
    import_medicines(
        database, folder / "register.csv", report_path=folder / "report.csv", clock=utc_now
    )
    with database.connect() as connection:
        rows = connection.execute(sa.select(medicine.c.source_key, medicine.c.public_id))
        made.ids |= {row.source_key: row.public_id for row in rows if row.source_key}
    return made


def pages(cast: Cast, key: str, name: str) -> list[str]:
    """Where a patient and a pharmacist read of a medicine of the register."""
    stranger, pharmacist = cast.browser(), cast.of("chitra")
    found = [
        stranger.get(f"/medicines/{cast.ids[key]}"),
        stranger.get(f"/?q={name}"),
        stranger.get(f"/whole-prescription?item={cast.ids[key]}"),
        pharmacist.get(f"/pharmacy/stock/{cast.ids[key]}"),
        pharmacist.get(f"/pharmacy/medicines?q={name}"),
    ]
    assert [page.status_code for page in found] == [200] * len(found)
    assert all(name in page.text for page in found)
    return [page.text for page in found]


@pytest.mark.parametrize(("key", "name"), [(ODD_SIZE, "Oddsize"), (ODD_PRICE, "Oddprice")])
def test_a_size_that_does_not_fit_its_price_is_called_in_doubt(
    cast: Cast, key: str, name: str
) -> None:
    for page in pages(cast, key, name):
        assert "(pack size in doubt)" in page


def test_a_size_that_can_be_none_is_not_shown(cast: Cast) -> None:
    for page in pages(cast, NO_SIZE, "Nosize"):
        assert "tablet, 0" not in page


def test_what_fits_is_shown_plainly(cast: Cast) -> None:
    for page in pages(cast, "700000010", "Registral 0"):
        assert "tablet, 20" in page
        assert "in doubt" not in page


def test_a_registers_own_price_is_on_no_page(cast: Cast) -> None:
    kept = sa.select(medicine.c.reference_price_minor).where(medicine.c.source_key == ODD_PRICE)
    with cast.engine.connect() as connection:
        assert connection.execute(kept).scalar_one() == 9876543
    for key, name, price in (
        (ODD_PRICE, "Oddprice", "98765"),
        ("700000010", "Registral 0", "12.34"),
    ):
        for page in pages(cast, key, name):
            assert price not in page.replace(",", "")
