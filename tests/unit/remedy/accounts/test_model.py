"""Rules about addresses, names and passwords; and that hashing costs the same for nobody's name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remedy.accounts import model, passwords
from remedy.accounts.model import Refused


@pytest.mark.parametrize("email", ["asha@town.example", "  Asha@Town.Example ", "a+b@x.y.example"])
def test_addresses_are_plain_lower_case(email: str) -> None:
    assert model.check_email(email) == email.strip().lower()


@pytest.mark.parametrize(
    "email",
    ["", "asha", "asha@", "@town.example", "asha@town", "a b@town.example", "a@b@c.example",
     "a@town.example\nBcc: x@y.example", "a" * 65 + "@town.example", "a@" + "b." * 130 + "example"],
)  # fmt: skip
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Refused, match="not an e-mail address"):
        model.check_email(email)


@pytest.mark.parametrize(
    "password", ["three small umbrellas", "Tr0ub4dour", "ünï çødé wörds", "x9!kQ2 v"]
)
def test_a_good_password_is_taken_whatever_it_is_made_of(password: str) -> None:
    model.check_password(password, "asha@town.example")


@pytest.mark.parametrize(
    "password",
    ["short", "a" * 201, "aaaaaaaaaaaa", "password", "Password123!", "qwerty1234", "1234567890",
     "abcdefghij", "9876543210", "asha.b@town.example", "asha.b2026"],
)  # fmt: skip
def test_a_password_anyone_would_try_is_refused_in_a_sentence(password: str) -> None:
    with pytest.raises(Refused, match=r"\.$"):
        model.check_password(password, "asha.b@town.example")


def test_an_account_is_found_by_a_keyed_digest_in_any_spelling() -> None:
    one = model.email_lookup("Asha@Town.example ", "key one")
    assert one == model.email_lookup("asha@town.example", "key one")
    assert one != model.email_lookup("asha@town.example", "key two")
    assert len(one) == 32


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "Asha\nBen", "Asha\x00"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        model.check_name(name)


@settings(max_examples=5, deadline=None)
@given(st.text(min_size=8, max_size=40))
def test_a_password_opens_its_own_hash_and_no_other_does(password: str) -> None:
    kept = passwords.hash_of(password)
    assert kept.startswith("$argon2id$")
    assert password not in kept
    assert passwords.is_right(password, kept)
    assert not passwords.is_right(password + "x", kept)


def test_nobodys_hash_costs_what_a_real_one_costs_and_never_opens() -> None:
    real = passwords.hash_of("three small umbrellas")
    assert passwords.NOBODY.split("$")[:4] == real.split("$")[:4]
    assert [len(part) for part in passwords.NOBODY.split("$")] == [len(p) for p in real.split("$")]
    assert not passwords.is_right("three small umbrellas", None)
    assert not passwords.is_outdated(passwords.NOBODY)


def test_a_damaged_hash_opens_nothing_and_an_older_one_is_outdated() -> None:
    assert not passwords.is_right("three small umbrellas", "$argon2id$broken")
    older = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzYWx0$" + "A" * 43
    assert passwords.is_outdated(older)


@pytest.mark.parametrize("phone", ["+39 06 5550 101", "06/5550-101", "(06) 5550.101", " 555010 "])
def test_a_telephone_number_is_kept_as_it_was_written(phone: str) -> None:
    assert model.check_phone(phone) == phone.strip()


@pytest.mark.parametrize(
    "phone", ["", "12345", "call me", "+", "1" * 16, "+39 06 <b>5550</b>", "0" * 41]
)
def test_what_cannot_be_a_telephone_number_is_refused(phone: str) -> None:
    with pytest.raises(model.Refused):
        model.check_phone(phone)


def test_a_digest_does_not_hold_what_it_was_made_of() -> None:
    assert model.digest("a token") == model.digest("a token")
    assert model.digest("a token") != model.digest("another")
    assert b"a token" not in model.digest("a token")
