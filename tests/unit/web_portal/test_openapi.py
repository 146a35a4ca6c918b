"""The hand-written description of the till interface says what the portal does."""

import json
from pathlib import Path

import jsonschema
import pytest

from remedy.accounts.repeats import KEY_AT_MOST
from tests.unit.web_portal.settings import an_app
from tests.unit.web_portal.test_lines import GOOD
from web_portal.till import lines, routes

DESCRIPTION = json.loads(Path("web_portal/till/openapi.json").read_text())
POST = DESCRIPTION["paths"]["/api/v1/stock-movements"]["post"]


def schema(name: str) -> jsonschema.Draft202012Validator:
    whole = {"$ref": f"#/components/schemas/{name}", "components": DESCRIPTION["components"]}
    return jsonschema.Draft202012Validator(whole)


def test_it_describes_every_route_of_the_interface_and_no_other() -> None:
    rules = an_app().url_map.iter_rules()
    real = {
        (rule.rule, method.lower())
        for rule in rules
        if rule.endpoint.startswith("till.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {(path, method) for path, one in DESCRIPTION["paths"].items() for method in one}
    assert real == told
    assert len(real) == 2


def test_it_gives_the_limits_that_hold() -> None:
    assert DESCRIPTION["components"]["schemas"]["Request"]["properties"]["lines"]["maxItems"] == (
        lines.MOST_LINES
    )
    (key,) = POST["parameters"]
    assert key["schema"]["maxLength"] == KEY_AT_MOST
    assert f"{routes.MOST_BYTES:,}" in POST["description"]


def test_it_names_every_member_and_kind() -> None:
    line = DESCRIPTION["components"]["schemas"]["Line"]["properties"]
    assert set(line) == lines.MEMBERS
    assert line["kind"]["enum"] == list(lines.KINDS)


@pytest.mark.parametrize("differs", [{}, {"quantity": 2}, {"kind": "theft"}, {"price": 1}])
def test_what_it_allows_is_what_is_read(differs: dict[str, object]) -> None:
    line = {**GOOD, **differs}
    assert schema("Request").is_valid({"lines": [line]}) == (lines.read(line, {}).line is not None)


def test_every_answer_fits_it() -> None:
    told = lines.read({}, {})
    answer = routes._summary([lines.answer(told, None)])
    schema("Answer").validate(answer)
    assert answer["refused"] == 1
