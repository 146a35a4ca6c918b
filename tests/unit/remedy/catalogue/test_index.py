"""The search index in a folder: what is found in it, in which order, and what survives."""

from uuid import UUID

import pytest

from remedy.catalogue.index import CANDIDATES, Index, Position, Writer
from remedy.catalogue.meaning import asked
from remedy.catalogue.model import Medicine, NewMedicine

CATALOGUE = UUID(int=7)
MEDICINES = {
    1: NewMedicine("paracetamol", brand_name="Calmadol", strength="500mg", form="tablet", pack="20",
                   atc_code="N02BE01"),
    2: NewMedicine("Paracétamol codéine", brand_name="Calmadine", strength="24mg/ml", form="syrup"),
    3: NewMedicine("ibuprofen", brand_name="Flexira", strength="400 mg"),
    4: NewMedicine("zincum", brand_name="Zincoral"),
    5: NewMedicine("zinc", brand_name="Acniz", strength="50 mg"),
    6: NewMedicine("paracetamol", brand_name="Calmador", strength="1 g", form="capsule"),
    7: NewMedicine("paracetamol of the group", kind="group"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("index")
    fill(made, MEDICINES)
    return made


def fill(folder, medicines, seq=1, **codes):
    writer = Writer(folder)
    for row_id, one in medicines.items():
        writer.put(row_id, UUID(int=row_id), one, codes.get(f"of_{row_id}", ()))
    writer.commit(Position(CATALOGUE, seq))
    writer.close()


def found(folder, text, *, nearly=False, kind="product", limit=20):
    now = Index(folder).now()
    look = now.find_nearly if nearly else now.find
    return numbers(look(asked(text), kind, limit))


def numbers(medicines):
    return [one.medicine_id.int for one in medicines]


def test_all_that_is_shown_of_a_medicine_comes_from_the_index(tmp_path):
    whole = NewMedicine(
        "paracetamol", brand_name="Calmadöl", strength="500 mg", form="tablet", pack="20",
        atc_code="N02BE01", is_prescription_only=True,
    )  # fmt: skip
    fill(tmp_path, {1: whole})
    assert Index(tmp_path).now().find(asked("calmadol"), "product", 1) == [
        Medicine(UUID(int=1), "product", "paracetamol", "Calmadöl", "500 mg", "tablet", "20",
                 "N02BE01", True, False)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("PARACETAMOL", [1, 2, 6]),
        ("para 500", [1]),
        ("500 mg calm", [1]),
        ("0.5 g calm", [1]),
        ("paracetamol 1000 mg", [6]),
        ("comprimés paracetamol", [1]),
        ("tabs", [1]),
        ("codeine calma", [2]),
        ("  Codéine!", [2]),
        ("n02be", [1]),
        ("zinc", [5, 4]),
        ("paracetamol ibuprofen", []),
        ("arace", []),
        ("%", []),
        ("", []),
        ("calmadlo", []),
    ],
)  # fmt: skip
def test_words_in_any_order_and_amounts_by_meaning_find(folder, text, rows):
    assert set(found(folder, text)) == set(rows)
    assert found(folder, "zinc") == [5, 4]


def test_another_strength_is_never_shown_for_the_one_typed(folder):
    assert found(folder, "5 mg") == found(folder, "zinc 5 mg") == []
    assert found(folder, "50 mg") == [5]


@pytest.mark.parametrize(
    "typed", ["calmadlo", "calmdol", "calmaadol", "calmaxol", "xalmadol", "clmadol", "CALMADÓK"]
)
def test_one_slip_is_forgiven_whichever_it_is(folder, typed):
    assert found(folder, typed) == []
    assert 1 in found(folder, typed, nearly=True)


@pytest.mark.parametrize("typed", ["calmadlu", "clamadlo", "paracetamol 510", "fle", ""])
def test_two_slips_numbers_and_short_words_are_not_guessed_at(folder, typed):
    assert found(folder, typed, nearly=True) == []


def test_what_was_typed_as_it_is_stands_before_a_slip(folder):
    # Calmador is one letter from Calmadol: it comes behind it, never in its place.
    assert found(folder, "calmadol") == [1]
    assert found(folder, "calmadol", nearly=True) == [1, 6]
    assert found(folder, "calmador", nearly=True) == [6, 1]


def test_a_word_in_a_name_stands_before_the_form_it_may_mean(tmp_path):
    fill(tmp_path, {1: NewMedicine("a", form="tablet"), 2: NewMedicine("z tabs", form="syrup")})
    assert found(tmp_path, "tabs") == [2, 1]


def test_groups_are_found_only_where_they_are_asked_for(folder):
    assert found(folder, "group") == []
    assert found(folder, "group", kind=None) == [7]


def test_a_bar_code_finds_its_pack(tmp_path):
    fill(tmp_path, MEDICINES, of_3=["04006381333931"])
    assert found(tmp_path, "4006381333931") == found(tmp_path, "04006381333931") == [3]


@pytest.mark.parametrize("name", ["many {}", "{} many", "rather many of them {}"])
@pytest.mark.parametrize("count", [2 * CANDIDATES, CANDIDATES // 2])
def test_of_very_many_the_first_by_name_are_found(tmp_path, name, count):
    # Names that differ in their first letters, later, and beyond what is kept as numbers of each.
    fill(tmp_path, {n: NewMedicine(name.format(9999 - n)) for n in range(count)})
    assert found(tmp_path, "many", limit=3) == [count - 1, count - 2, count - 3]


def test_a_medicine_put_again_replaces_what_was_known(tmp_path):
    fill(tmp_path, MEDICINES)
    index = Index(tmp_path)
    before = index.now()
    fill(tmp_path, {1: NewMedicine("renamed")}, seq=2)
    assert numbers(before.find(asked("calmadol"), None, 5)) == [1]
    assert (index.now().position.seq, index.open_again().position.seq) == (1, 2)
    assert numbers(index.now().find(asked("calmadol"), None, 5)) == []
    assert numbers(index.now().find(asked("renamed"), None, 5)) == [1]


def test_what_was_not_committed_is_not_there(tmp_path):
    fill(tmp_path, MEDICINES)
    writer = Writer(tmp_path)
    writer.put(8, UUID(int=8), NewMedicine("uncommitted"))
    assert writer.position == Position(CATALOGUE, 1)
    writer.close()
    assert found(tmp_path, "uncommitted") == []
    assert found(tmp_path, "zinc") == [5, 4]


def test_no_index_or_a_broken_one_is_none_and_is_made_anew(tmp_path):
    assert Index(tmp_path).now() is None
    (tmp_path / "meta.json").write_text("no index")
    assert Index(tmp_path).now() is None
    fill(tmp_path, MEDICINES)
    assert found(tmp_path, "zinc") == [5, 4]
