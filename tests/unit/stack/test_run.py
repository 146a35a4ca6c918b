"""`./run`: what its help names is what it does."""

import re
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).resolve().parents[3] / "run"


def test_the_help_names_every_verb_and_no_other():
    text = RUN.read_text(encoding="utf-8")
    named = re.findall(r"^## ([a-z]+) ", text, re.MULTILINE)
    assert named
    assert sorted(named) == sorted(re.findall(r"^verb_([a-z]+)\(\)", text, re.MULTILINE))


@pytest.mark.parametrize("verb", ["nothing", "mod", "d.*", "#"])
def test_what_it_does_not_name_is_refused(verb):
    answer = subprocess.run([RUN, verb], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert answer.stderr == f"There is no verb '{verb}'. './run help' lists them all.\n"


def test_a_verb_reaches_the_program_behind_it():
    answer = subprocess.run([RUN, "models", "--help"], capture_output=True, text=True, check=False)
    assert "There is no verb" not in answer.stderr
