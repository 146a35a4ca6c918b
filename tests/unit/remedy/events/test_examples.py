"""Every event that was ever told stays readable: an example per type and version, over the whole registry."""

import copy
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from remedy.events import shapes
from remedy.events.base import REGISTRY, Envelope, EventError, body_text, from_body, to_body
from remedy.events.topics import TOPICS
from remedy.values import instant_of

EXAMPLES = Path(__file__).parents[3] / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.json"))


def example(name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return told


def schema(name: str) -> dict[str, Any]:
    text = (shapes.FOLDER / f"{name}.json").read_text(encoding="utf-8")
    told: dict[str, Any] = json.loads(text)
    return told


FORMATS = jsonschema.FormatChecker(formats=["uuid"])


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value: object) -> bool:
    """RFC 3339 with a zone; jsonschema's own check needs a package we do not have."""
    return not isinstance(value, str) or bool(instant_of(value))


def checker(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(name), format_checker=FORMATS)


def test_every_type_has_an_example_and_every_example_a_type() -> None:
    assert set(REGISTRY) == set(NAMES)
    assert len(NAMES) >= 14


def test_every_type_is_told_on_a_topic_of_ours() -> None:
    assert {cls.topic() for cls in REGISTRY.values()} <= set(TOPICS)
    told = [name for topic in TOPICS.values() for name in (cls.TYPE for cls in topic.events)]
    assert sorted(told) == sorted(REGISTRY)


def test_the_schema_files_are_fresh() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in shapes.FOLDER.glob("*.json")}
    assert kept == shapes.files(), "run: python -m remedy.events.shapes"


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_read_and_said_again_in_the_same_words(name: str) -> None:
    told = example(name)
    envelope = Envelope.from_structured(told)
    happened = envelope.event()
    assert type(happened) is REGISTRY[name]
    assert to_body(happened) == told["data"]
    assert envelope.structured() == told
    assert json.loads(body_text(envelope.body)) == told["data"]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_travels_through_kafkas_headers(name: str) -> None:
    envelope = Envelope.from_structured(example(name))
    key = envelope.key.encode() if envelope.key else None
    assert Envelope.from_kafka(envelope.headers(), key, envelope.value()) == envelope


@pytest.mark.parametrize("name", NAMES)
def test_an_example_fits_its_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))
    checker(name).validate(example(name)["data"])


def refusal_of(name: str, body: dict[str, Any]) -> str | None:
    try:
        from_body(name, body)
    except EventError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", NAMES)
def test_class_and_schema_refuse_the_same_bodies(name: str) -> None:
    whole = example(name)["data"]
    tried = 0
    for member in whole:
        for wrong in ("absent", [], 1.5, "no such thing", True):
            body = copy.deepcopy(whole)
            if wrong == "absent":
                del body[member]
            else:
                body[member] = wrong
            refusal = refusal_of(name, body)
            assert "no such thing" not in (refusal or "")
            assert checker(name).is_valid(body) == (refusal is None), (member, wrong)
            tried += 1
    assert tried > 20


@pytest.mark.parametrize("name", NAMES)
def test_what_a_newer_producer_adds_is_passed_over(name: str) -> None:
    told = example(name)["data"]
    newer = {**told, "said_later": {"a": 1}}
    assert from_body(name, newer) == from_body(name, told)
    assert checker(name).is_valid(newer)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_holds_nobodys_name_or_address(name: str) -> None:
    told = json.dumps(example(name)).lower()
    assert "@" not in told
    for word in ("asha", "ben", "phone", "birth", "email"):
        assert f'"{word}' not in told


def test_ids_in_examples_are_of_version_seven() -> None:
    for name in NAMES:
        assert UUID(example(name)["id"]).version == 7


def test_a_stale_schema_is_written_and_a_strangers_removed(tmp_path: Path) -> None:
    (tmp_path / "remedy.gone.happened.v1.json").write_text("{}")
    written = shapes.write(tmp_path)
    assert "remedy.gone.happened.v1.json" in written
    assert {path.name for path in tmp_path.iterdir()} == set(shapes.files())
    assert shapes.write(tmp_path) == []
