"""What every response carries, and what our pages never hold."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.unit.web_portal.settings import an_app

PORTAL = Path("web_portal")
VENDOR = PORTAL / "static" / "vendor"
ADDRESSES = (
    "/healthz",
    "/sign-in",
    "/nowhere",
    "/openapi.json",
    "/static/remedy.css",
    "/static/no",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_response_is_protected(address: str) -> None:
    answer = an_app().test_client().get(address, buffered=True)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_pages_are_kept_by_nobody_and_our_files_for_a_year() -> None:
    client = an_app().test_client()
    assert client.get("/sign-in").headers["Cache-Control"] == "no-store"
    assert client.get("/static/no-such-file").headers["Cache-Control"] == "no-store"
    assert "immutable" in client.get("/static/remedy.css", buffered=True).headers["Cache-Control"]


def test_a_script_runs_by_this_answers_nonce_and_no_other() -> None:
    client = an_app().test_client()
    nonces = []
    for _ in range(2):
        answer = client.get("/sign-in")
        (nonce,) = set(re.findall(r'nonce="([^"]+)"', answer.text))
        assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]
        nonces.append(nonce)
    assert nonces[0] != nonces[1]


def test_no_page_holds_a_script_a_style_or_a_handler_of_its_own() -> None:
    pages = list(PORTAL.rglob("*.html"))
    assert len(pages) > 15
    inline = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)|hx-on")
    assert [str(page) for page in pages if inline.search(page.read_text())] == []


def test_vendored_files_are_the_published_ones() -> None:
    listed = json.loads((VENDOR / "vendor.json").read_text())
    assert {one["package"] for one in listed} == {"bootstrap", "htmx.org", "leaflet"}
    for one in listed:
        content = (VENDOR / one["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["sha256"], one["file"]
        assert one["version"] in one["file"]


def test_only_what_is_listed_is_vendored() -> None:
    listed = {one["file"] for one in json.loads((VENDOR / "vendor.json").read_text())}
    scripts = {path.name for path in VENDOR.iterdir() if path.suffix in {".js", ".css"}}
    assert scripts == listed


def test_an_error_shows_a_number_and_the_log_no_value(caplog: pytest.LogCaptureFixture) -> None:
    app = an_app()

    def fail() -> str:
        raise RuntimeError("asha@town.example")

    app.view_functions["health.healthz"] = fail
    answer = app.test_client().get("/healthz")
    assert answer.status_code == 500
    reference = re.search(r"say the number (\w+)", answer.text)
    assert reference is not None
    assert reference.group(1) in caplog.text
    assert "RuntimeError" in caplog.text
    assert "asha@" not in answer.text + caplog.text
