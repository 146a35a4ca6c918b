"""The `hadoop` command as mrjob calls it: `version`, `fs …` and `jar …`.

`version` and the file commands are answered here over WebHDFS, in a tenth of a second: Hadoop's own start a
Java machine each, and mrjob calls them five to eight times a job. `jar` runs Hadoop's own client. Messages
have the form of Hadoop's, because mrjob reads them. Standard library only, so that it starts at once.
"""

import fnmatch
import http.client
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit

_OPEN = ("--add-opens", "java.base/java.lang=ALL-UNNAMED")
_CLIENT_JAVA = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *_OPEN)


class FileError(Exception):
    """A file command cannot be done; the text is what Hadoop would say."""


class WebHdfs:
    """HDFS over HTTP.

    Args:
        address: HOST:PORT of the NameNode's web server.
        user: the name told to HDFS.
    """

    def __init__(self, address: str, user: str) -> None:
        self._address = address
        self._user = user

    def status(self, path: str) -> dict[str, Any] | None:
        """What HDFS knows of a path; None when there is nothing."""
        code, body = self._call("GET", path, "GETFILESTATUS")
        if code == 404:
            return None
        return self._json(code, body)["FileStatus"]

    def entries(self, path: str) -> list[dict[str, Any]]:
        """The entries of a folder, or the one file."""
        code, body = self._call("GET", path, "LISTSTATUS")
        return self._json(code, body)["FileStatuses"]["FileStatus"]

    def size(self, path: str) -> int:
        """Bytes below a path."""
        code, body = self._call("GET", path, "GETCONTENTSUMMARY")
        return self._json(code, body)["ContentSummary"]["length"]

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it."""
        code, body = self._call("PUT", path, "MKDIRS")
        self._json(code, body)

    def delete(self, path: str) -> None:
        """Delete a file or a folder with all in it."""
        code, body = self._call("DELETE", path, "DELETE&recursive=true")
        self._json(code, body)

    def write(self, path: str, source: BinaryIO, *, overwrite: bool) -> None:
        """Write a whole file."""
        flag = "true" if overwrite else "false"
        connection, response = self._open("PUT", path, f"CREATE&overwrite={flag}")
        body = response.read()
        if response.status != 307:
            self._json(response.status, body)
        connection.close()
        there = urlsplit(response.getheader("Location", ""))
        connection = http.client.HTTPConnection(there.netloc, timeout=600)
        connection.request("PUT", f"{there.path}?{there.query}", body=source, encode_chunked=True)
        response = connection.getresponse()
        if response.status != 201:
            self._json(response.status, response.read())
        connection.close()

    def read(self, path: str) -> Iterator[bytes]:
        """The bytes of a file, piece by piece."""
        connection, response = self._open("GET", path, "OPEN")
        if response.status == 307:
            there = urlsplit(response.getheader("Location", ""))
            connection.close()
            connection = http.client.HTTPConnection(there.netloc, timeout=600)
            connection.request("GET", f"{there.path}?{there.query}")
            response = connection.getresponse()
        if response.status != 200:
            self._json(response.status, response.read())
        while piece := response.read(1 << 20):
            yield piece
        connection.close()

    def find(self, pattern: str) -> list[tuple[str, dict[str, Any]]]:
        """Paths that match a pattern with `*`, `?` or `[…]`, each with its status; [] when none does."""
        found = [""]
        for part in pattern.strip("/").split("/"):
            if any(sign in part for sign in "*?["):
                found = [
                    f"{folder}/{entry['pathSuffix']}"
                    for folder in found
                    if (status := self.status(folder or "/")) and status["type"] == "DIRECTORY"
                    for entry in self.entries(folder or "/")
                    if fnmatch.fnmatchcase(entry["pathSuffix"], part)
                ]
            else:
                found = [f"{folder}/{part}" if part else folder for folder in found]
        return [(path or "/", status) for path in found if (status := self.status(path or "/"))]

    def _call(self, method: str, path: str, operation: str) -> tuple[int, bytes]:
        connection, response = self._open(method, path, operation)
        body = response.read()
        connection.close()
        return response.status, body

    def _open(
        self, method: str, path: str, operation: str
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = http.client.HTTPConnection(self._address, timeout=60)
        connection.request(
            method, f"/webhdfs/v1{quote(path)}?op={operation}&user.name={self._user}"
        )
        return connection, connection.getresponse()

    @staticmethod
    def _json(code: int, body: bytes) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(body) if body else {}
        if code >= 400:
            raise FileError(
                answer.get("RemoteException", {}).get("message", f"HTTP {code}").split("\n")[0]
            )
        return answer


def path_of(name: str, user: str) -> str:
    """The path in HDFS that `hdfs://…`, `/…` or a relative name means."""
    path = urlsplit(name).path if name.startswith("hdfs:") else name
    return path if path.startswith("/") else f"/user/{user}/{path}"


def run_fs(hdfs: WebHdfs, user: str, words: list[str]) -> int | None:
    """Do one `fs` command and return its exit code; None when it is not one of ours."""
    command, flags, names = words[0].lstrip("-"), set(), []
    for word in words[1:]:
        if word.startswith("-") and len(word) > 1:
            flags.add(word)
        else:
            names.append(word)
    action = _COMMANDS.get(command)
    if action is None or not names:
        return None
    code = 0
    # The last name of these is where to, not one more of what.
    groups = (
        [names]
        if command in ("put", "copyFromLocal", "get", "copyToLocal")
        else [[n] for n in names]
    )
    for group in groups:
        try:
            action(hdfs, user, flags, group)
        except (FileError, OSError) as error:
            print(f"{command}: {error}", file=sys.stderr)
            code = 1
    return code


def _ls(hdfs: WebHdfs, user: str, flags: set[str], names: list[str]) -> None:
    for path, status in _existing(hdfs, user, names[0]):
        if status["type"] == "FILE" or "-d" in flags:
            _show(path, status)
            continue
        entries = hdfs.entries(path)
        if "-R" not in flags and entries:
            print(f"Found {len(entries)} items")
        for entry in entries:
            below = f"{path.rstrip('/')}/{entry['pathSuffix']}"
            _show(below, entry)
            if "-R" in flags and entry["type"] == "DIRECTORY":
                _ls(hdfs, user, flags, [below])


def _show(path: str, status: dict[str, Any]) -> None:
    mode = int(status["permission"], 8)
    rights = "".join(sign if mode & (1 << (8 - n)) else "-" for n, sign in enumerate("rwxrwxrwx"))
    is_folder = status["type"] == "DIRECTORY"
    when = datetime.fromtimestamp(status["modificationTime"] / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    copies = "-" if is_folder else str(status["replication"])
    print(
        f"{'d' if is_folder else '-'}{rights}   {copies} {status['owner']} {status['group']}"
        f" {status['length']:>10} {when} {path}"
    )


def _mkdir(hdfs: WebHdfs, user: str, flags: set[str], names: list[str]) -> None:
    path = path_of(names[0], user)
    if "-p" not in flags and hdfs.status(path):
        raise FileError(f"`{names[0]}': File exists")
    hdfs.make_folder(path)


def _put(hdfs: WebHdfs, user: str, flags: set[str], names: list[str]) -> None:
    *sources, target = names
    folder = hdfs.status(path_of(target, user))
    is_folder = folder is not None and folder["type"] == "DIRECTORY"
    for source in sources:
        if not Path(source).is_file():
            raise FileError(f"`{source}': No such file or directory")
        path = path_of(target, user)
        if is_folder:
            path = f"{path.rstrip('/')}/{Path(source).name}"
        if "-f" not in flags and hdfs.status(path):
            raise FileError(f"`{path}': File exists")
        with Path(source).open("rb") as file:
            hdfs.write(path, file, overwrite="-f" in flags)


def _rm(hdfs: WebHdfs, user: str, flags: set[str], names: list[str]) -> None:
    is_forced = "-f" in flags
    for path, status in _existing(hdfs, user, names[0], or_none=is_forced):
        if status["type"] == "DIRECTORY" and not flags & {"-R", "-r"}:
            raise FileError(f"`{path}': Is a directory")
        hdfs.delete(path)
        print(f"Deleted {path}")


def _cat(hdfs: WebHdfs, user: str, flags: set[str], names: list[str]) -> None:
    for path, _ in _existing(hdfs, user, names[0]):
        for piece in hdfs.read(path):
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _du(hdfs: WebHdfs, user: str, flags: set[str], names: list[str]) -> None:
    for path, status in _existing(hdfs, user, names[0]):
        size = hdfs.size(path)
        print(f"{size}  {size * max(status['replication'], 1)}  {path}")


def _touchz(hdfs: WebHdfs, user: str, flags: set[str], names: list[str]) -> None:
    path = path_of(names[0], user)
    status = hdfs.status(path)
    if status and status["length"]:
        raise FileError(f"`{names[0]}': Not a zero-length file")
    with Path(os.devnull).open("rb") as nothing:
        hdfs.write(path, nothing, overwrite=True)


def _get(hdfs: WebHdfs, user: str, flags: set[str], names: list[str]) -> None:
    *sources, target = names
    for source in sources:
        for path, _ in _existing(hdfs, user, source):
            place = Path(target) / Path(path).name if Path(target).is_dir() else Path(target)
            if place.exists() and "-f" not in flags:
                raise FileError(f"`{place}': File exists")
            with place.open("wb") as file:
                for piece in hdfs.read(path):
                    file.write(piece)


def _existing(
    hdfs: WebHdfs, user: str, name: str, *, or_none: bool = False
) -> list[tuple[str, dict[str, Any]]]:
    found = hdfs.find(path_of(name, user))
    if not found and not or_none:
        raise FileError(f"`{name}': No such file or directory")
    return found


_COMMANDS = {
    "ls": _ls,
    "mkdir": _mkdir,
    "put": _put,
    "copyFromLocal": _put,
    "rm": _rm,
    "cat": _cat,
    "du": _du,
    "touchz": _touchz,
    "get": _get,
    "copyToLocal": _get,
}


def _run_java(conf: str, jars: str, main: str, words: list[str]) -> None:
    """Become Hadoop's own client."""
    # Simple authentication believes this name; whoever starts the job, HDFS knows one.
    os.environ.setdefault("HADOOP_USER_NAME", "remedy")
    # It unpacks the jar of a job: beside the installation, not in everybody's folder.
    folder = os.environ.get("TMPDIR")
    options = [*_CLIENT_JAVA, f"-Djdk.net.hosts.file={Path(conf).parent}/hosts"]
    if folder:
        options.append(f"-Djava.io.tmpdir={folder}")
    command = ["java", *options, "-cp", f"{conf}:{jars}/*", main, *words]
    os.execvp("java", command)  # noqa: S606 - a fixed program


def main(words: list[str]) -> int:
    """`--conf FOLDER --jars FOLDER --web HOST:PORT COMMAND …`, as the launcher calls it."""
    options = dict(zip(words[0:6:2], words[1:6:2], strict=True))
    conf, jars, web = options["--conf"], options["--jars"], options["--web"]
    command, *rest = words[6:] or ["help"]
    user = os.environ.get("HADOOP_USER_NAME", "remedy")
    if command == "version":
        jar = next(Path(jars).glob("hadoop-common-*.jar"))
        print(f"Hadoop {jar.stem.removeprefix('hadoop-common-')}")
        return 0
    if command in ("fs", "dfs") and rest:
        code = run_fs(WebHdfs(web, user), user, rest)
        if code is not None:
            return code
    main_class = {
        "fs": "org.apache.hadoop.fs.FsShell",
        "dfs": "org.apache.hadoop.fs.FsShell",
        "jar": "org.apache.hadoop.util.RunJar",
        "yarn": "org.apache.hadoop.yarn.client.cli.ApplicationCLI",
        "job": "org.apache.hadoop.mapred.JobClient",
    }.get(command)
    if main_class is None:
        print("This `hadoop` knows: version, fs, jar, job, yarn.", file=sys.stderr)
        return 2
    _run_java(conf, jars, main_class, rest)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
