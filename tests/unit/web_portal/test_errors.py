"""Every error is a page of ours that says what to do, whole or for htmx; scripts stay small."""

import gzip
import re

import pytest
from flask import Flask, abort

from tests.unit.web_portal.settings import an_app
from web_portal.errors import sentence_of
from web_portal.pages import STATIC

CODES = (400, 403, 404, 405, 409, 413, 429, 500, 503)
MOST_SCRIPT_BYTES = 120_000
HTMX = {"HX-Request": "true"}


def failing(code: int) -> Flask:
    app = an_app()

    def fail() -> str:
        if code == 500:
            raise RuntimeError
        abort(code)

    app.view_functions["health.healthz"] = fail
    return app


@pytest.mark.parametrize("code", CODES)
def test_an_error_is_a_page_that_says_what_to_do(code: int) -> None:
    answer = failing(code).test_client().get("/healthz")
    assert answer.status_code == code
    assert answer.text.startswith("<!doctype html>")
    assert '<a class="btn btn-primary" href="/">' in answer.text
    assert re.search(r'<p class="lead">[^<]{20,}[.]</p>', answer.text)


@pytest.mark.parametrize("code", CODES)
def test_to_htmx_an_error_is_the_main_part_and_replaces_it_whole(code: int) -> None:
    answer = failing(code).test_client().get("/healthz", headers=HTMX)
    assert answer.status_code == code
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("#main", "innerHTML")
    assert "<html" not in answer.text
    assert "<h1>" in answer.text


def test_every_error_has_words_of_its_own() -> None:
    with an_app().test_request_context("/"):
        titles = {sentence_of(code)[0] for code in CODES}
    assert len(titles) == len(CODES)


def test_in_french_the_advice_is_french() -> None:
    answer = an_app().test_client().get("/nowhere", headers={"Accept-Language": "fr"})
    assert answer.status_code == 404
    assert "Cette page n’existe pas" in answer.text


def test_a_form_that_is_too_large_is_refused_in_words() -> None:
    answer = an_app().test_client().post("/sign-in", data={"email": "x" * 80_000})
    assert answer.status_code == 413
    assert "That is too large" in answer.text


def test_all_scripts_of_ours_together_are_small() -> None:
    scripts = [path.read_bytes() for path in STATIC.rglob("*.js")]
    assert len(scripts) >= 3
    assert sum(len(gzip.compress(script)) for script in scripts) <= MOST_SCRIPT_BYTES
