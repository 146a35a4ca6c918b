"""Reading what people type: packs, prices; and how figures are shown."""

from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from wtforms import Form, HiddenField, PasswordField, StringField, TextAreaField

from tests.factories import A_MONDAY
from tests.unit.web_portal.settings import an_app
from web_portal import pages
from web_portal.forms import Form as OurForm
from web_portal.forms import MoneyField, PacksField


class Typed(Form):
    packs = PacksField("packs", signed=True)
    price = MoneyField("price")


@pytest.fixture(scope="module")
def app() -> Flask:
    return an_app()


def typed(app: Flask, packs: str = "1", price: str = "1") -> Typed:
    with app.test_request_context():
        form = Typed(MultiDict({"packs": packs, "price": price}))
        form.validate()
        return form


@pytest.mark.parametrize(
    ("text", "milli"), [("12", 12_000), ("0.5", 500), ("0,5", 500), (" 3 ", 3000), ("-2", -2000)]
)
def test_packs_are_read_as_thousandths(app: Flask, text: str, milli: int) -> None:
    assert typed(app, packs=text).packs.data == milli


@pytest.mark.parametrize("text", ["", "x", "1e999999", "NaN", "--1", "0.0005", "0", "٣", "1" * 20])
def test_what_is_no_number_of_packs_gets_a_sentence(app: Flask, text: str) -> None:
    form = typed(app, packs=text)
    assert form.packs.data is None
    assert str(form.packs.errors[0]).endswith(".")
    assert form.packs._value() == text


class Told(OurForm):
    name = StringField("name")
    address = TextAreaField("address")
    password = PasswordField("password")
    mark = HiddenField()


def test_what_cannot_be_seen_is_not_kept(app: Flask) -> None:
    # A name that shows as another, one that would begin a header, and a number pasted from a telephone.
    name = "\u202eycamrahP\u202c A\r\nBcc: b@c\x07 \u202a+39 06\u202c \u05d0\u200f"
    told = {
        "name": name,
        "address": "7 Quay\r\nHarbour\x00",
        "password": "a\tb\x07",
        "mark": "\x1d1",
    }
    with app.test_request_context(method="POST"):
        form = Told(MultiDict(told), meta={"csrf": False})
    assert form.name.data == "ycamrahP A Bcc: b@c +39 06 \u05d0\u200f"
    assert form.address.data == "7 Quay\r\nHarbour"
    # Nobody reads these: they are compared as they are.
    assert (form.password.data, form.mark.data) == ("a\tb\x07", "\x1d1")


@pytest.mark.parametrize(("text", "minor"), [("12.50", 1250), ("0", 0), ("3,2", 320)])
def test_a_price_is_read_as_minor_units(app: Flask, text: str, minor: int) -> None:
    assert typed(app, price=text).price.data == minor


@pytest.mark.parametrize("text", ["", "free", "-1", "1.005", "1e999999"])
def test_what_is_no_price_gets_a_sentence(app: Flask, text: str) -> None:
    form = typed(app, price=text)
    assert form.price.data is None
    assert form.price.errors


def test_the_age_of_a_figure_is_told(app: Flask) -> None:
    with app.test_request_context():
        assert pages.age(A_MONDAY - timedelta(seconds=20)) == "just now"
        assert pages.age(A_MONDAY - timedelta(minutes=3)) == "3 minutes ago"
        assert not pages.is_old(A_MONDAY - timedelta(minutes=3))
        assert pages.is_old(A_MONDAY - timedelta(minutes=16))


def test_a_time_is_told_at_the_place_with_its_zone(app: Flask) -> None:
    with app.test_request_context():
        assert pages.moment(A_MONDAY, "Europe/Rome") == "Mon 2 Mar 2026, 09:00 (CET)"
        assert pages.moment(A_MONDAY + timedelta(days=30), "Europe/Rome").endswith("10:00 (CEST)")
