"""The real register and the real pharmacies, brought in as an installation would: what patients then read."""

import os
from collections import defaultdict
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from remedy.catalogue.imports import ImportRefused, import_medicines
from remedy.catalogue.model import PACK_IN_DOUBT, Medicine, compared_words
from remedy.catalogue.osm_pharmacies import COLUMNS
from remedy.catalogue.pharmacies import pharmacy_of
from remedy.catalogue.pharmacy_import import import_pharmacies
from remedy.catalogue.price_register import UNIT_PRICE_OFF
from remedy.catalogue.service import set_hours
from remedy.catalogue.substitution import is_the_same, may_be_replaced
from remedy.schema.pharmacy import medicine, pharmacy, pharmacy_hours
from remedy.values import utc_now
from tests.factories import Watch, a_pharmacist


def data(*parts: str) -> Path:
    return Path(os.environ["REMEDY_DATA_DIR"]).joinpath(*parts)


def bring_in(engine: sa.Engine, path: Path, tmp_path: Path, **differs: str):
    told = {"as_of": "2015", "time_zone": "Europe/Rome"} | differs
    return import_pharmacies(engine, path, report_path=tmp_path / "r.csv", clock=utc_now, **told)


def a_list(tmp_path: Path, *rows: dict[str, str]) -> Path:
    lines = [",".join(COLUMNS)]
    lines += [",".join(row.get(name, "") for name in COLUMNS) for row in rows]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.realdata
def test_every_real_pharmacy_comes_in_once_and_can_be_told_from_the_others(database, tmp_path):
    path = data("pharmacies", "pharmacies_70pct.csv")
    first = bring_in(database, path, tmp_path)
    again = bring_in(database, path, tmp_path)
    assert (first.records, first.added, first.refused) == (402, 402, 0)
    assert (again.added, again.there_already) == (0, 402)
    assert first.reasons["no name, called by its place"] == 159
    with database.connect() as connection:
        rows = connection.execute(
            sa.select(pharmacy).where(pharmacy.c.source == "openstreetmap")
        ).all()
        with_hours = connection.execute(
            sa.select(sa.func.count(sa.distinct(pharmacy_hours.c.pharmacy_id)))
        ).scalar_one()
        found = pharmacy_of(connection, rows[0].public_id)
    assert len(rows) == 402
    assert all(row.name and row.verified_at and row.source_as_of == "2015" for row in rows)
    nameless = [row.name for row in rows if row.name.startswith(("Pharmacy, ", "Pharmacy near "))]
    assert len(nameless) == 159
    # 19 tell their hours, two of them in no syntax that is known: unknown is kept unknown.
    assert with_hours == 17
    assert found is not None
    assert (found.source, found.source_as_of) == ("openstreetmap", "2015")


@pytest.mark.realdata
def test_the_real_register_has_groups_that_may_stand_for_each_other(database, tmp_path):
    path = data("sa_medicine_prices", "products_80pct.csv")
    import_medicines(database, path, report_path=tmp_path / "r.csv", clock=utc_now)
    fields = {
        name: medicine.c[name] for name in Medicine.__dataclass_fields__ if name in medicine.c
    }
    with database.connect() as connection:
        rows = connection.execute(
            sa.select(medicine.c.public_id.label("medicine_id"), *fields.values()).where(
                medicine.c.source == "sa-medicine-prices"
            )
        ).mappings()
        groups: dict[tuple[object, ...], list[Medicine]] = defaultdict(list)
        for row in rows:
            one = Medicine(**row)
            if one.strength and one.form:
                words = (
                    compared_words(text) for text in (one.generic_name, one.strength, one.form)
                )
                groups[tuple(tuple(some) for some in words)].append(one)
    told_alike = [group for group in groups.values() if len(group) > 1]
    assert len(told_alike) >= 1_600
    # Where the register leaves out a strength of one ingredient, nothing is called the same.
    alike = [group for group in told_alike if is_the_same(*group[:2])]
    assert 1_550 <= len(alike) < len(told_alike)
    assert all(is_the_same(group[0], other) for group in alike for other in group)
    # Some groups are never offered: what is slow-release, controlled or of a narrow range (design decision 15).
    offered = [group for group in alike if sum(map(may_be_replaced, group)) > 1]
    assert 1_350 <= len(offered) < len(alike), len(offered)


@pytest.mark.realdata
def test_what_is_odd_in_the_register_is_flagged_and_no_odd_pack_is_shown(database, tmp_path):
    path = data("sa_medicine_prices", "products_80pct.csv")
    report = import_medicines(database, path, report_path=tmp_path / "r.csv", clock=utc_now)
    with database.connect() as connection:
        odd = connection.execute(
            sa.select(medicine.c.pack).where(medicine.c.doubts.like("%pack size of 0 or below%"))
        ).scalars()
        packs = list(odd)
        doubted = connection.execute(
            sa.select(medicine.c.pack).where(medicine.c.doubts.like(f"%{UNIT_PRICE_OFF}%"))
        ).scalars()
        in_doubt = list(doubted)
    assert packs == [None] * report.reasons["pack size of 0 or below"]
    assert len(in_doubt) == report.reasons[UNIT_PRICE_OFF] > 0
    assert all(pack is None or PACK_IN_DOUBT in pack for pack in in_doubt)


def test_a_list_that_is_older_than_the_pharmacys_people_changes_nothing_of_theirs(
    database, tmp_path
):
    row = {"osm_id": "node/7", "name": "Farmacia", "city": "Torino", "lat": "45", "lon": "7"}
    bring_in(database, a_list(tmp_path, row), tmp_path)
    with database.begin() as connection:
        public_id: UUID = connection.execute(
            sa.select(pharmacy.c.public_id).where(pharmacy.c.source_key == "node/7")
        ).scalar_one()
        a_pharmacist(connection, public_id, clock=Watch())
        set_hours(connection, public_id, [])
        connection.execute(
            sa.update(pharmacy).where(pharmacy.c.public_id == public_id).values(name="Ours now")
        )
    again = bring_in(
        database, a_list(tmp_path, row | {"opening_hours": "24/7"}), tmp_path, as_of="2026-01-31"
    )
    assert again.there_already == 1
    with database.connect() as connection:
        found = pharmacy_of(connection, public_id)
    assert found is not None
    assert (found.name, found.hours, found.source_as_of) == ("Ours now", (), "2015")


def test_a_list_whose_age_nobody_can_read_is_refused_whole(database, tmp_path):
    row = {"osm_id": "node/8", "name": "Farmacia", "lat": "45", "lon": "7"}
    with pytest.raises(ImportRefused, match="how old the list is"):
        bring_in(database, a_list(tmp_path, row), tmp_path, as_of="lately")
    with database.connect() as connection:
        found = connection.execute(
            sa.select(pharmacy.c.id).where(pharmacy.c.source_key == "node/8")
        ).all()
    assert found == []
