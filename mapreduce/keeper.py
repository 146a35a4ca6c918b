"""The process that drives one job on YARN and ends it when its caller is gone (see runner.py).

python -m mapreduce.keeper    the request is one line of JSON on standard input, which then stays open
"""

import json
import os
import shlex
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import psutil
from mrjob.step import StepFailedException

from mapreduce.runner import CONFIGURATION, load_job, merged
from mapreduce.yarn import Yarn, YarnError

GONE = 143
"""Our exit code when the caller is gone: what a shell says of a process ended by TERM."""

END_SECONDS = 5


def main() -> int:
    """Run the job of the request; 0 when it ended well. However it ends, no application is left running."""
    request = json.loads(sys.stdin.readline())
    yarn = Yarn(request["hadoop"]["yarn_url"], request["hadoop"]["user"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(GONE))
    threading.Thread(target=_watch, args=(yarn, request["tag"]), daemon=True).start()
    has_succeeded = False
    try:
        has_succeeded = _drive(request, yarn)
    except (YarnError, StepFailedException) as error:
        print(error, flush=True)
    finally:
        if not has_succeeded:
            _end_everything(yarn, request["tag"])
    return 0 if has_succeeded else 1


def _drive(request: Mapping[str, Any], yarn: Yarn) -> bool:
    for application_id in yarn.end_all(request["tag"]):
        print(f"Ended {application_id}, which an earlier try had left behind.", flush=True)
    job_class = load_job(request["job"])
    job_class.set_up_logging(stream=sys.stdout)
    os.environ["HADOOP_USER_NAME"] = request["hadoop"]["user"]
    with job_class(args=arguments(request)).make_runner() as runner:
        runner.run()
        counters = merged(runner.counters())
    ids = [one.application_id for one in yarn.applications(request["tag"])]
    told = {"counters": counters, "application_id": ids[-1] if ids else ""}
    Path(request["folder"], "result.json").write_text(json.dumps(told), encoding="utf-8")
    return True


def arguments(request: Mapping[str, Any]) -> list[str]:
    """The words of the request for mrjob. The list of inputs goes by a file: a command line has an end."""
    hadoop = request["hadoop"]
    first, *others = [f"hdfs://{path}" for path in request["inputs"]]
    # mrjob's options would be split at spaces; what holds none needs no quotes.
    words = ["-r", "hadoop", "--conf-path", str(CONFIGURATION)]
    words += ["--hadoop-bin", shlex.quote(hadoop["hadoop_bin"])]
    words += ["--hadoop-streaming-jar", hadoop["streaming_jar"]]
    # Node and caller run from the same image: the job's modules are installed there, nothing is shipped.
    words += ["--python-bin", shlex.quote(sys.executable)]
    words += ["--no-cat-output", "--output-dir", f"hdfs://{request['output']}"]
    words += ["--wanted", request["wanted"]]
    if others:
        listed = Path(request["folder"], "inputs.xml")
        listed.write_text(_inputs_xml(others), encoding="utf-8")
        words += [f"--hadoop-args=-conf {shlex.quote(str(listed))}"]
    words += ["-D", f"mapreduce.job.tags={request['tag']}"]
    words += ["-D", f"mapreduce.job.name={request['job'].partition(':')[2]}"]
    return [*words, first]


def _inputs_xml(paths: list[str]) -> str:
    # Streaming adds its own -input to what this property holds.
    return (
        "<configuration><property><name>mapreduce.input.fileinputformat.inputdir</name>"
        f"<value>{escape(','.join(paths))}</value></property></configuration>"
    )


def _watch(yarn: Yarn, tag: str) -> None:
    """Wait for the caller's end of the pipe to close; then end the job and ourselves."""
    # Not sys.stdin: a thread that waits in it breaks Python's own ending.
    while os.read(0, 4096):
        pass
    _end_everything(yarn, tag)
    os._exit(GONE)


def _end_everything(yarn: Yarn, tag: str) -> None:
    # Nobody may be listening any more, and a word too many must not keep us from the work.
    nobody = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nobody, 1)
    os.dup2(nobody, 2)
    # Whoever could still submit goes first, so that no application can appear after the last look.
    submitters = psutil.Process().children(recursive=True)
    for process in submitters:
        _end(process)
    psutil.wait_procs(submitters, timeout=END_SECONDS)
    try:
        yarn.end_all(tag)
    except YarnError:
        # Nobody to tell; the next try looks for the tag again.
        return


def _end(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


if __name__ == "__main__":
    sys.exit(main())
