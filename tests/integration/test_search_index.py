"""The search index beside a real database: in step, behind, gone, made anew, killed; and what a search then says."""

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from remedy.catalogue import by_index, by_words, index, queries, service
from remedy.gateways.mysql import engine_for
from remedy.pipeline import indexing
from remedy.schema.pharmacy import catalogue_state, medicine
from remedy.values import utc_now
from tests.integration import killed
from tests.integration.streams import await_that


@pytest.fixture(scope="module")
def ids(database: sa.Engine) -> dict[str, object]:
    told = {"generic_name": "paracetamol", "strength": "500 mg", "form": "tablet"}
    with database.begin() as connection:
        return {
            name: service.add_medicine(connection, **differs)
            for name, differs in {
                "calmadol": {**told, "brand_name": "Calmadol", "pack": "20"},
                "weak": {**told, "brand_name": "Calmadol", "strength": "100 mg"},
                "syrup": {"generic_name": "paracétamol codéine", "form": "syrup"},
                "group": {"generic_name": "paracetamol group", "kind": "group"},
            }.items()
        }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def searching(database_url: str, folder: Path):
    """An engine as a portal worker has it."""
    engine = engine_for(database_url)
    index.use(engine, index.Index(folder))
    yield engine
    engine.dispose()


def take_in(engine: sa.Engine, folder: Path) -> int:
    writer = index.Writer(folder)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            return indexing.follow(connection, writer)
    finally:
        writer.close()


def state(engine: sa.Engine) -> str:
    with engine.connect() as connection:
        return by_index.search_state(connection)


def brands(engine: sa.Engine, text: str) -> list[str | None]:
    with engine.connect() as connection:
        return [one.brand_name for one in queries.find_medicines(connection, text)]


def test_the_index_finds_what_the_words_find_in_the_same_order(
    ids, database, searching, folder
) -> None:
    taken = take_in(database, folder)
    assert state(searching) == "index"
    texts = ["para", "paracetamol 500", "PARACÉTAMOL", "codeine", "calmadol", "100 calm", "zzz", ""]
    with searching.connect() as connection:
        assert taken == connection.execute(sa.select(sa.func.count(medicine.c.id))).scalar()
        for text in texts:
            by_the_index = queries.find_medicines(connection, text, kind="product")
            assert by_the_index == by_words.find(connection, text, "product", 20), text
        for text in ["calmadlo", "paracetmol", "xodeine", "100 xalma"]:
            assert queries.find_medicines(connection, text) == []
            found = {one.medicine_id for one in queries.find(connection, text).nearly}
            assert found == {
                one.medicine_id for one in by_words.find_nearly(connection, text, None, 20)
            }
            assert found, text
            said = queries.find(connection, text)
            assert (said.exact, {one.medicine_id for one in said.nearly}) == ([], found)


def test_an_amount_in_another_unit_is_found_by_the_index(ids, database, searching, folder) -> None:
    take_in(database, folder)
    assert brands(searching, "0.5 g calm") == ["Calmadol"]
    assert brands(searching, "10 mg calmadol") == []
    assert brands(database, "0.5 g calm") == []


def test_what_is_new_is_found_at_once_by_words_and_then_by_the_index(
    ids, database, searching, folder
) -> None:
    take_in(database, folder)
    assert brands(searching, "newly") == []
    with database.begin() as connection:
        service.add_medicine(connection, generic_name="newly made", brand_name="Novum")
    assert state(searching) == "words, the index is 1 changes behind"
    assert brands(searching, "newly") == ["Novum"]
    assert take_in(database, folder) == 1
    assert brands(searching, "newly") == ["Novum"]
    assert state(searching) == "index"


def test_a_change_nobody_committed_is_in_neither(ids, database, searching, folder) -> None:
    take_in(database, folder)
    with database.connect() as connection:
        service.add_medicine(connection, generic_name="ghost")
        connection.rollback()
    assert take_in(database, folder) == 0
    assert (state(searching), brands(searching, "ghost")) == ("index", [])


def test_changes_are_numbered_in_the_order_they_are_committed(ids, database) -> None:
    with database.begin() as first:
        service.add_medicine(first, generic_name="first of two")
        done = threading.Event()

        def second() -> None:
            with database.begin() as connection:
                service.add_medicine(connection, generic_name="second of two")
            done.set()

        thread = threading.Thread(target=second)
        thread.start()
        # It waits for the counter, which the first holds to its end.
        assert not done.wait(0.3)
    thread.join(10)
    with database.connect() as connection:
        numbers = connection.execute(
            sa.select(medicine.c.changed_seq)
            .where(medicine.c.generic_name.like("%of two"))
            .order_by(medicine.c.generic_name)
        ).scalars().all()  # fmt: skip
        last = connection.execute(sa.select(catalogue_state.c.changed_seq)).scalar_one()
    assert numbers == [last - 1, last]


def test_without_an_index_or_with_another_catalogues_the_words_are_used(
    ids, database, searching, folder
) -> None:
    assert state(searching) == "words, there is no index"
    assert brands(searching, "calmadol 500") == ["Calmadol"]
    writer = index.Writer(folder)
    with database.connect() as connection:
        stranger = index.Position(
            ids["calmadol"], connection.execute(sa.select(catalogue_state.c.changed_seq)).scalar()
        )
    writer.commit(stranger)
    writer.close()
    searching_too = engine_for(searching.url.render_as_string(hide_password=False))
    index.use(searching_too, index.Index(folder))
    assert state(searching_too) == "words, there is no index"
    assert brands(searching_too, "calmadol 500") == ["Calmadol"]
    take_in(database, folder)
    assert state(searching_too) == "index"
    searching_too.dispose()


def test_it_is_made_anew_when_somebody_says_so(ids, database, searching, folder) -> None:
    everything = take_in(database, folder)
    assert take_in(database, folder) == 0
    with database.begin() as connection:
        indexing.make_anew(connection, clock=utc_now)
    assert state(searching) == "words, there is no index"
    assert take_in(database, folder) == everything
    assert state(searching) == "index"


@pytest.mark.parametrize("point", ["half", "committed"])
def test_a_writer_killed_in_the_middle_leaves_an_index_that_the_next_one_goes_on_from(
    ids, database, database_url, searching, folder, point
) -> None:
    take_in(database, folder)
    with database.begin() as connection:
        new = [service.add_medicine(connection, generic_name=f"{point} {n}") for n in range(3)]
    killed.run("index", point, 1, {"database_url": database_url, "folder": str(folder)})
    # Whatever it had done: what is found is all there is, each once.
    assert state(searching) == (
        "index" if point == "committed" else "words, the index is 3 changes behind"
    )
    for taken in (0 if point == "committed" else 3, 0):
        with searching.connect() as connection:
            found = queries.find_medicines(connection, point)
            assert [one.medicine_id for one in found] == new
            assert queries.find_medicines(connection, "calmadol 100")[0].medicine_id == ids["weak"]
        assert take_in(database, folder) == taken
    assert state(searching) == "index"


def test_of_two_writers_one_works_and_the_other_waits(ids, database, searching, folder) -> None:
    stop = threading.Event()
    threads = [
        threading.Thread(target=indexing.run, args=(database, folder), kwargs={"stop": stop})
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    await_that(lambda: state(searching) == "index")
    stop.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
