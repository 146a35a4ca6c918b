"""run(job, inputs, output, …): a job inline in tests, on YARN by Hadoop Streaming in earnest.

On YARN a keeper process (`python -m mapreduce.keeper`) drives mrjob, in a session of its own, since mrjob
forks and takes the terminal. The keeper reads a pipe whose other end is here: however this process ends,
kill -9 included, the pipe closes and the keeper ends the YARN application. An application that outlived even
its keeper is found by its tag and ended before the next try begins.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mapreduce.landed_lines import Wanted

CONFIGURATION = Path(__file__).with_name("mrjob.conf")
LAST_WORDS = 15
KEEPER_SECONDS = 60
"""How long the keeper may take to end an application before it is ended itself."""

log = logging.getLogger(__name__)


class JobFailed(Exception):
    """The job did not end well; the text says why and where to look."""


@dataclass(frozen=True)
class Hadoop:
    """Where jobs run: the `hadoop` launcher, the streaming jar, YARN's web address, the user told to it."""

    hadoop_bin: str
    streaming_jar: str
    yarn_url: str
    user: str = "remedy"


@dataclass(frozen=True)
class Outcome:
    """What a job left: its counters by group and name, and its application on YARN ("" when inline)."""

    counters: Mapping[str, Mapping[str, int]]
    application_id: str


def run(
    job: str,
    inputs: Sequence[str],
    output: str,
    *,
    wanted: Wanted,
    owner: str = "",
    hadoop: Hadoop | None = None,
) -> Outcome:
    """Run a job over those files and wait for its end.

    Args:
        job: its class, written `module:Class`.
        inputs: local files; with `hadoop`, paths in HDFS. Each must exist.
        output: folder the result goes to; it must not exist. On HDFS it is complete once `_SUCCESS` is in it.
        wanted: what to count.
        owner: who asked, the same text for every try of one Airflow task: what a try left on YARN, the next
            finds and ends.
        hadoop: where to run; None runs it inside this process.

    Raises:
        JobFailed: if it did not end well.
        ValueError: if there is nothing to read, or no owner on YARN: both are mistakes of the caller.
    """
    if not inputs:
        raise ValueError("A job needs at least one file to read; there is none.")
    if hadoop is not None and not owner:
        # Two callers who both name nobody would end each other's jobs.
        raise ValueError("A job on YARN needs an owner by whom it is found again; there is none.")
    with tempfile.TemporaryDirectory(prefix="remedy-job-") as folder:
        wanted_file = Path(folder, "wanted.json")
        wanted_file.write_text(wanted.text(), encoding="utf-8")
        if hadoop is None:
            return _run_inline(job, inputs, output, wanted_file)
        request = {
            "job": job,
            "inputs": list(inputs),
            "output": output,
            "tag": yarn_tag(owner),
            "folder": folder,
            "wanted": str(wanted_file),
            "hadoop": asdict(hadoop),
        }
        return _run_kept(request)


def yarn_tag(owner: str) -> str:
    """The tag of an owner's applications; YARN takes 100 characters, lower case, and not every sign."""
    return f"remedy-{sha256(owner.encode()).hexdigest()[:20]}"


def load_job(job: str) -> Any:
    """The job class written `module:Class`."""
    from importlib import import_module

    module, _, name = job.partition(":")
    return getattr(import_module(module), name)


def _run_inline(job: str, inputs: Sequence[str], output: str, wanted_file: Path) -> Outcome:
    words = ["-r", "inline", "--no-conf", "--no-cat-output", "--output-dir", output]
    made = load_job(job)(args=[*words, "--wanted", str(wanted_file), *inputs])
    with made.make_runner() as runner:
        runner.run()
        return Outcome(merged(runner.counters()), "")


def merged(steps: Sequence[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    """The counters of all steps as one."""
    total: dict[str, dict[str, int]] = {}
    for step in steps:
        for group, counters in step.items():
            for name, count in counters.items():
                named = total.setdefault(group, {})
                named[name] = named.get(name, 0) + count
    return total


def _run_kept(request: Mapping[str, Any]) -> Outcome:
    last_words: deque[str] = deque(maxlen=LAST_WORDS)
    keeper = subprocess.Popen(
        [sys.executable, "-m", "mapreduce.keeper"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    try:
        keeper.stdin.write(json.dumps(request) + "\n")
        keeper.stdin.flush()
        for line in keeper.stdout:
            last_words.append(line.rstrip())
            log.info("%s", line.rstrip())
        keeper.wait()
    finally:
        _dismiss(keeper)
    result = Path(request["folder"], "result.json")
    if keeper.returncode != 0 or not result.exists():
        raise JobFailed(
            f"The job {request['job']} failed on YARN; look at"
            f" {request['hadoop']['yarn_url']}/cluster. Its last words:\n" + "\n".join(last_words)
        )
    told = json.loads(result.read_text(encoding="utf-8"))
    return Outcome(told["counters"], told["application_id"])


def _dismiss(keeper: "subprocess.Popen[str]") -> None:
    """Close the pipes, which is the keeper's sign to end what it began, and wait for it."""
    for pipe in (keeper.stdin, keeper.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except BrokenPipeError:
            log.debug("The keeper had ended before its request was read.")
    try:
        keeper.wait(KEEPER_SECONDS)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()
