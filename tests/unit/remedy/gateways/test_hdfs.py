"""A file appears whole or not at all, and a name never changes its bytes."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
import urllib3
from hdfs import HdfsError

from remedy.gateways.hdfs import DifferentContent, Files, FileStoreError, landing_file


class Client:
    """A WebHDFS client that keeps its files in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.is_away = False
        self.spoils = False
        self.breaks_off = False
        self.before_rename: Any = None

    def status(self, path: str, strict: bool = True) -> dict[str, int] | None:
        self._answer()
        if path in self.kept:
            return {"length": len(self.kept[path]), "modificationTime": 1000}
        if any(name.startswith(f"{path}/") for name in self.kept):
            return {"length": 0, "modificationTime": 1000}
        if strict:
            raise HdfsError("File does not exist.")
        return None

    def write(self, path: str, data: Iterator[bytes]) -> None:
        self._answer()
        self.kept[path] = b"".join(data) + (b"?" if self.spoils else b"")

    @contextmanager
    def read(self, path: str, chunk_size: int = 0) -> Iterator[Any]:
        content = self.kept[path]
        if self.breaks_off:
            # As urllib3 says it of the raw answer, which `requests` hands on.
            raise urllib3.exceptions.ProtocolError("Connection broken: IncompleteRead(2 of 8)")
        yield iter([content[i : i + 3] for i in range(0, len(content), 3)])

    def makedirs(self, path: str) -> None:
        self._answer()

    def rename(self, source: str, target: str) -> None:
        if self.before_rename:
            self.before_rename(target)
        if target in self.kept:
            raise HdfsError("Rename failed.")
        self.kept[target] = self.kept.pop(source)

    def delete(self, path: str, recursive: bool = False) -> bool:
        return self.kept.pop(path, None) is not None

    def list(self, path: str, status: bool = False) -> list[Any]:
        names = [name[len(path) + 1 :] for name in self.kept if name.startswith(f"{path}/")]
        return [(name, {"modificationTime": 1000}) for name in names] if status else names

    def _answer(self) -> None:
        if self.is_away:
            raise HdfsError("Connection refused\nat java.net")


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def files(client: Client) -> Files:
    return Files(client, "/remedy/")


def test_a_file_is_written_whole_under_its_name_and_nothing_else_is_left(
    files: Files, client: Client
) -> None:
    length, sha256 = files.write_once("landing/a", iter([b"one\n", b"", b"two\n"]))
    assert (length, sha256) == (8, hashlib.sha256(b"one\ntwo\n").digest())
    assert client.kept == {"/remedy/landing/a": b"one\ntwo\n"}


def test_writing_the_same_again_is_success(files: Files, client: Client) -> None:
    first = files.write_once("landing/a", [b"one\n"])
    assert files.write_once("landing/a", [b"one\n"]) == first
    assert list(client.kept) == ["/remedy/landing/a"]


def test_a_name_that_is_there_with_other_bytes_is_an_error_and_keeps_them(
    files: Files, client: Client
) -> None:
    files.write_once("landing/a", [b"one\n"])
    with pytest.raises(DifferentContent, match="other bytes"):
        files.write_once("landing/a", [b"two\n"])
    assert client.kept == {"/remedy/landing/a": b"one\n"}


@pytest.mark.parametrize("meanwhile", [b"one\n", b"two\n"])
def test_when_two_write_one_name_the_bytes_decide(
    files: Files, client: Client, meanwhile: bytes
) -> None:
    client.before_rename = lambda target: client.kept.setdefault(target, meanwhile)
    if meanwhile == b"one\n":
        files.write_once("landing/a", [b"one\n"])
    else:
        with pytest.raises(DifferentContent):
            files.write_once("landing/a", [b"one\n"])
    assert client.kept == {"/remedy/landing/a": meanwhile}


def test_bytes_that_were_not_kept_as_given_never_get_the_name(files: Files, client: Client) -> None:
    client.spoils = True
    with pytest.raises(FileStoreError, match="other bytes than it was given"):
        files.write_once("landing/a", [b"one\n"])
    assert "/remedy/landing/a" not in client.kept


def test_hdfs_being_away_is_one_sentence(files: Files, client: Client) -> None:
    client.is_away = True
    with pytest.raises(FileStoreError) as error:
        files.exists("landing")
    assert str(error.value) == "HDFS could not look for landing: Connection refused"


def test_a_datanode_that_dies_in_the_middle_of_a_read_is_one_sentence_too(
    files: Files, client: Client
) -> None:
    files.write_once("landing/a", [b"one\n"])
    client.breaks_off = True
    with pytest.raises(FileStoreError, match="could not read landing/a: Connection broken"):
        files.read("landing/a")


def test_only_a_line_feed_ends_a_line(files: Files) -> None:
    files.write_once("landing/a", ['{"a":"\u2028\x0b"}\n{"b":1}'.encode()])
    assert list(files.open_lines("landing/a")) == ['{"a":"\u2028\x0b"}', '{"b":1}']


def test_what_killed_writers_left_is_swept(files: Files, client: Client) -> None:
    client.kept = {"/remedy/_tmp/a.1": b"", "/remedy/landing/a": b""}
    assert files.sweep(datetime.fromtimestamp(0.5, UTC)) == 0
    assert files.sweep(datetime.fromtimestamp(2, UTC)) == 1
    assert list(client.kept) == ["/remedy/landing/a"]


def test_the_same_range_has_the_same_name() -> None:
    name = landing_file("orders", date(2026, 1, 31), 0, 120, 184)
    assert name == "landing/orders/dt=2026-01-31/p0-120-184.jsonl"
