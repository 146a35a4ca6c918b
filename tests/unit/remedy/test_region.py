"""The region file: the built-in one is right, and every mistake in another is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from remedy.region import BUILT_IN, Region, RegionError


def test_the_built_in_region_is_italys() -> None:
    region = Region.load()
    assert (region.currency, region.minor_digits) == ("EUR", 2)
    assert region.time_zone == "Europe/Rome"
    assert region.emergency_number == "112"
    assert "call 112 now" in region.emergency_advice["en"]
    assert "appelez le 112" in region.emergency_advice["fr"]
    assert region.languages == ("en", "fr")


def test_another_file_gives_another_region(tmp_path: Path) -> None:
    path = tmp_path / "region.toml"
    text = BUILT_IN.read_text(encoding="utf-8")
    path.write_text(text.replace('"EUR"', '"JPY"').replace("minor_digits = 2", "minor_digits = 0"))
    assert Region.load(path) == replace(Region.load(), currency="JPY", minor_digits=0)


@pytest.mark.parametrize(
    ("told", "instead", "named"),
    [
        ('currency = "EUR"', 'currency = "euro"', "currency"),
        ("minor_digits = 2", "minor_digits = true", "minor_digits"),
        ("minor_digits = 2", "minor_digits = 9", "minor_digits"),
        ('time_zone = "Europe/Rome"', 'time_zone = "Europe/Atlantis"', "time_zone"),
        ('time_zone = "Europe/Rome"', 'time_zone = "../etc/passwd"', "time_zone"),
        ('phone_prefix = "+39"', 'phone_prefix = "0039"', "phone_prefix"),
        ("delivery_fee_minor = 390", "delivery_fee_minor = -1", "delivery_fee_minor"),
        ('languages = ["en", "fr"]', "languages = []", "languages"),
        ('languages = ["en", "fr"]', 'languages = ["en", "pt"]', "emergency_advice"),
        ('emergency_number = "112"', 'emergency_number = "call us"', "emergency_number"),
        ("call {number} now", "call us now", "emergency_advice"),
        ('name = "Italy"', 'name = ""', "name"),
        ('name = "Italy"', "", "name"),
        ('name = "Italy"', 'name = "Italy"\nmotto = "x"', "motto"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, told: str, instead: str, named: str) -> None:
    text = BUILT_IN.read_text(encoding="utf-8")
    assert told in text
    path = tmp_path / "region.toml"
    path.write_text(text.replace(told, instead))
    with pytest.raises(RegionError, match=f"'{named}'"):
        Region.load(path)


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "region.toml"
    path.write_text('currency = "euro"\nminor_digits = -1\n')
    with pytest.raises(RegionError) as refused:
        Region.load(path)
    for name in ("currency", "minor_digits", "time_zone", "languages", "emergency_number"):
        assert f"'{name}'" in str(refused.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"= = ="])
def test_a_file_that_is_no_toml_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "region.toml"
    path.write_bytes(content)
    with pytest.raises(RegionError, match="cannot be read"):
        Region.load(path)
    with pytest.raises(RegionError, match="cannot be read"):
        Region.load(tmp_path / "absent.toml")


def test_a_region_may_bring_nothing(tmp_path: Path) -> None:
    path = tmp_path / "region.toml"
    path.write_text(BUILT_IN.read_text(encoding="utf-8").replace("delivery_fee_minor = 390", ""))
    assert Region.load(path).delivery_fee_minor is None
