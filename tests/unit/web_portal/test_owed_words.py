"""Every kind of mail that can be owed has its words, and a page that there is."""

import re
from typing import get_args

import pytest
from flask import Flask

from remedy.owed import Kind
from tests.unit.web_portal.settings import an_app
from web_portal.owed_words import WORDS

KINDS = get_args(Kind)
ALSO = {
    "pharmacy_suspended": {"pharmacy"},
    "pharmacy_reinstated": {"pharmacy"},
    "model_question": {"change", "until"},
}
"""What some mails name besides addresses."""


@pytest.fixture(scope="module")
def app() -> Flask:
    return an_app()


def test_what_can_be_owed_can_be_written():
    assert len(KINDS) > 10
    assert set(WORDS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_names_a_page_that_there_is_and_no_more_than_is_known(app: Flask, kind: str):
    words = WORDS[kind]
    with app.test_request_context():
        named = set(re.findall(r"%\((\w+)\)s", f"{words.subject} {words.text}"))
    assert {"address"} <= named <= {"address", "choice", *ALSO.get(kind, ())}
    assert (words.named is not None) == (kind in ALSO)
    if not words.page:
        assert words.named
        return
    (page,) = (rule for rule in app.url_map.iter_rules() if rule.endpoint == words.page)
    assert page.arguments == ({words.argument} if words.argument else set())
