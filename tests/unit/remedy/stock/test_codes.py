"""Collection codes: the same for a thing, another for each, told in letters that nobody takes for others."""

from uuid import UUID

from remedy.stock import codes
from remedy.values import uuid7
from tests.factories import SECRET_KEY

ONE = UUID("01950000-0000-7000-8000-000000000001")


def test_a_code_belongs_to_its_thing_and_the_installation():
    code = codes.code_of(SECRET_KEY, ONE)
    assert code == codes.code_of(SECRET_KEY, ONE)
    assert code != codes.code_of(SECRET_KEY + "!", ONE)
    assert code != codes.code_of(SECRET_KEY, uuid7())


def test_a_code_has_no_letters_that_look_alike():
    written = {letter for _ in range(200) for letter in codes.code_of(SECRET_KEY, uuid7())}
    assert written == set(codes.ALPHABET)
    assert not written & set("0O1IL2Z5S8BGU")


def test_two_thousand_codes_are_all_different():
    assert len({codes.code_of(SECRET_KEY, uuid7()) for _ in range(2000)}) == 2000


def test_a_code_is_known_however_people_write_it():
    things = [uuid7(), ONE, uuid7()]
    code = codes.code_of(SECRET_KEY, ONE)
    for typed in (code, codes.grouped(code), f" {code[:3]} {code[3:].lower()} ", f"{code}\n"):
        assert codes.meant_by(SECRET_KEY, typed, things) == [ONE]


def test_a_wrong_or_empty_code_means_nothing():
    code = codes.code_of(SECRET_KEY, ONE)
    wrong = ("4" if code[0] != "4" else "3") + code[1:]
    for typed in ("", code[:-1], code + "4", wrong, "ÄÖ"):
        assert codes.meant_by(SECRET_KEY, typed, [ONE]) == []
