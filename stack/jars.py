"""Kafka and Hadoop as jars from Maven Central, by the poms in `stack/jars`.

They are fetched once per checkout into `.stack/jars`. Maven keeps its own cache beside them, not in the home
directory. What was fetched is remembered by a hash of the poms.
"""

import hashlib
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from stack.installation import ROOT, Installation, StackError

POMS = Path(__file__).parent / "jars"
SETS = ("kafka", "hadoop", "hadoop-webapps")
DOWNLOAD_MB = 220
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def wanted() -> str:
    """Names the set of jars the poms ask for."""
    digest = hashlib.sha256()
    for name in SETS:
        digest.update((POMS / f"{name}.pom").read_bytes())
    return digest.hexdigest()


def are_present(folder: Path) -> bool:
    """Whether the jars of today's poms lie there, whole."""
    mark = folder / "complete"
    return mark.exists() and mark.read_text() == wanted()


def fetch(installation: Installation, say: Callable[[str], None]) -> None:
    """Fetch what is missing.

    Raises:
        StackError: when Maven fails.
    """
    folder = installation.jars
    if are_present(folder):
        return
    say(f"fetching Kafka and Hadoop from Maven Central (about {DOWNLOAD_MB} MB)")
    began = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    cache = ROOT / ".stack" / "tools" / "maven"
    for name in SETS:
        _copy(name, folder / name, cache)
    for jar in (folder / "hadoop-webapps").glob("*.jar"):
        with zipfile.ZipFile(jar) as archive:
            for member in archive.namelist():
                if member.startswith("webapps/"):
                    archive.extract(member, folder / "hadoop-webapps")
        jar.unlink()
    shutil.rmtree(cache, ignore_errors=True)
    (folder / "complete").write_text(wanted())
    say(f"fetched Kafka and Hadoop in {time.monotonic() - began:.0f} s")


def _copy(name: str, target: Path, cache: Path) -> None:
    done = subprocess.run(
        [
            "mvn", "--quiet", "--batch-mode", "-Dstyle.color=never", f"-Dmaven.repo.local={cache}",
            "--file", str(POMS / f"{name}.pom"), _PLUGIN,
            f"-DoutputDirectory={target}", "-DincludeScope=runtime",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        words = (done.stdout + done.stderr).strip().splitlines()
        reason = next(
            (line for line in words if "ERROR" in line), words[-1] if words else "no reason"
        )
        raise StackError(
            f"Maven could not fetch the jars of stack/jars/{name}.pom: {reason} "
            "Is Maven Central reachable from here?"
        )
