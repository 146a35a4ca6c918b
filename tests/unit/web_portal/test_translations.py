"""Every word has a translation in every language, and the compiled catalogues are those of their sources."""

import shutil
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from remedy.region import BUILT_IN, Region
from remedy.settings import SettingsError
from tests.unit.web_portal.settings import an_app
from web_portal.translations import catalogues
from web_portal.translations.core_sentences import gathered, said

HOW = "Run `python -m web_portal.translations`, and translate what it names."


def test_words_of_code_templates_and_plurals_are_gathered() -> None:
    words = {message.id for message in catalogues.template()}
    assert {"Something went wrong", "Skip to the content", "Enter your e-mail address."} <= words
    assert ("%(num)s pharmacy has it now.", "%(num)s pharmacies have it now.") in words


def test_every_language_of_the_region_has_its_words() -> None:
    assert set(Region.load().languages) == {"en", *catalogues.languages()}


@pytest.mark.parametrize("language", catalogues.languages())
def test_every_word_has_a_translation(language: str) -> None:
    found = list(catalogues.problems(catalogues.updated(language)))
    assert not found, f"{HOW} {found[:5]}"


@pytest.mark.parametrize("language", catalogues.languages())
def test_the_compiled_words_are_those_of_the_catalogue(language: str) -> None:
    path = catalogues.path_of(language)
    kept = (path.read_bytes(), path.with_suffix(".mo").read_bytes())
    assert kept == catalogues.written(catalogues.updated(language)), HOW


def test_a_word_without_a_translation_or_with_a_lost_placeholder_is_named() -> None:
    catalogue = Catalog("fr")
    catalogue.add("Saved.")
    catalogue.add("Call %(number)s", string="Appelez", flags=["python-format"])
    catalogue.add(("%(num)s day", "%(num)s days"), string=("%(num)s jour", ""))
    sentences = "\n".join(catalogues.problems(catalogue))
    assert "'Saved.' has no translation" in sentences
    assert "'%(num)s day' has no translation" in sentences
    assert "'Call %(number)s': " in sentences


def test_a_language_without_words_stops_the_portal_from_starting(tmp_path: Path) -> None:
    region = tmp_path / "region.toml"
    text = BUILT_IN.read_text(encoding="utf-8")
    region.write_text(text.replace('"fr"]', '"de"]').replace("\nfr = ", "\nde = "))
    with pytest.raises(SettingsError, match="'de'"):
        an_app(region_file=str(region))


def test_a_translation_of_a_word_that_is_gone_is_dropped(tmp_path: Path, monkeypatch) -> None:
    shutil.copytree(catalogues.HERE / "fr", tmp_path / "fr")
    monkeypatch.setattr(catalogues, "HERE", tmp_path)
    path = catalogues.path_of("fr")
    path.write_text(path.read_text() + '\nmsgid "Nobody says this"\nmsgstr "Personne"\n')
    assert catalogues.updated("fr").get("Nobody says this") is None


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("There is no such request.", "Cette demande n’existe pas."),
        ("A name needs 1 to 120 letters.", "Un nom a de 1 à 120 lettres."),
        ("Nobody wrote this down.", "Nobody wrote this down."),
        ("", ""),
    ],
)
def test_what_the_core_refuses_with_is_said_in_the_readers_language(
    english: str, french: str
) -> None:
    app = an_app()
    with app.test_request_context("/", headers={"Accept-Language": "fr"}):
        assert said(english) == french
    with app.test_request_context("/"):
        assert said(english) == english


def test_the_cores_sentences_are_gathered_with_their_gaps() -> None:
    sentences = {sentence for _, sentence in gathered()}
    assert "There is no such request." in sentences
    assert "A name needs 1 to %(value1)s letters." in sentences
