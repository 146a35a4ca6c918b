"""The operator's verbs on the running stack: sell a pack, follow events from the click to the dashboard."""

import re
import subprocess
import sys
import uuid

from remedy.values import utc_now
from stack.installation import ROOT

HOPS = ["committed", "outbox", "Kafka", "landed", "HDFS", "counted", "shown"]


def remedy(stack, *words):
    """Run a verb as the operator; what came of it."""
    return subprocess.run(
        [sys.executable, "-m", "remedy", *words],
        cwd=ROOT,
        env=stack.env("owner"),
        capture_output=True,
        text=True,
        check=False,
    )


def hops(text):
    """The names of the hops of each event, in the order they were printed."""
    blocks = re.split(r"^.* · event .*$", text, flags=re.MULTILINE)[1:]
    return [re.findall(r"^  (\w+)  ", block, flags=re.MULTILINE) for block in blocks]


def test_three_events_are_followed_to_where_they_are_shown(stack):
    done = remedy(stack, "follow")
    assert done.returncode == 0, done.stdout + done.stderr
    search, sale, request = hops(done.stdout)
    assert search == sale == HOPS
    # Requests are read live; no job counts them yet.
    assert request == [hop for hop in HOPS if hop != "counted"]
    assert "application_" in done.stdout


def test_a_sale_told_by_hand_is_one_sale_however_often_it_is_told(stack):
    line = f"by-hand-{uuid.uuid4().hex[:8]}"
    words = ("sell", "--pharmacy", "Corner Pharmacy", "--packs", "0.5", "--line", line)
    words += ("--at", utc_now().isoformat())
    first = remedy(stack, *words, "--medicine", "Calmadol 500 tablet")
    assert first.returncode == 0, first.stdout + first.stderr
    again = remedy(stack, *words, "--medicine", "Calmadol 500 tablet")
    assert "nothing changed" in again.stdout
    event = re.search(r"^event (\S+)$", first.stdout, flags=re.MULTILINE)
    assert event
    assert event.group(0) in again.stdout


def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(stack):
    for words in (
        ("follow", "no-id"),
        ("follow", str(uuid.uuid4())),
        ("sell", "--pharmacy", "Nowhere", "--medicine", "Calmadol", "--packs", "1"),
        ("sell", "--pharmacy", "Corner Pharmacy", "--medicine", "tablet", "--packs", "1"),
        ("sell", "--pharmacy", "Corner Pharmacy", "--medicine", "Calmadol", "--packs", "none"),
        ("api-key", "revoke"),
    ):
        done = remedy(stack, *words)
        assert done.returncode == 2, words
        assert "Traceback" not in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
