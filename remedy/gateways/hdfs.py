"""HDFS: files that appear whole or not at all, and the one place that knows where everything lies.

Names are relative to the root (`landing/orders/dt=…`); a name that begins with `/` is taken as it is.
"""

import hashlib
import logging
import posixpath
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import requests
import urllib3
from hdfs import HdfsError, InsecureClient

# It names every path at INFO, once per call.
logging.getLogger("hdfs.client").setLevel(logging.WARNING)

LANDING, AGGREGATES, MODELS, FILES = "landing", "aggregates", "models", "files"
RECORDS, TEMPORARY = "records", "_tmp"
ZONES = (LANDING, AGGREGATES, MODELS, FILES, RECORDS, TEMPORARY)

TIMEOUT = (5, 60)
"""Seconds to connect and to wait for bytes: a hung DataNode must not hang a task for ever."""

CHUNK = 1 << 20


class FileStoreError(OSError):
    """HDFS did not do what it was asked; the sentence says what."""


class DifferentContent(FileStoreError):
    """A name that is written once is there already, with other bytes."""


def landing_file(topic: str, landed_on: date, partition: int, first: int, next_: int) -> str:
    """The lines of one topic and partition from offset `first` up to but not including `next_`."""
    return f"{LANDING}/{topic}/dt={landed_on.isoformat()}/p{partition}-{first}-{next_}.jsonl"


def aggregates_folder(job: str, run: str) -> str:
    """What one run of a MapReduce job put out."""
    return f"{AGGREGATES}/{job}/{run}"


def model_folder(model: str, version: str) -> str:
    """One version of a fitted model and its card."""
    return f"{MODELS}/{model}/{version}"


def patient_file(file_id: uuid.UUID) -> str:
    """What a patient handed in, encrypted; its name is an id that says nothing."""
    return f"{FILES}/{file_id}"


def appointment_record(appointment_id: uuid.UUID, version: int, sha256: bytes) -> str:
    """The record of a visit as it was at that version; other bytes have another name."""
    return f"{RECORDS}/{appointment_id}/v{version}-{sha256[:8].hex()}.json"


def connect(url: str, user: str, root: str) -> "Files":
    """The file store at a NameNode's web address, e.g. `http://127.0.0.1:18006`."""
    return Files(InsecureClient(url, user=user), root)


class Files:
    """Our folder in HDFS, through a WebHDFS client (ours or a provider's hook's)."""

    def __init__(self, client: Any, root: str) -> None:
        self._client = client
        # The library and the provider's hook leave this at "for ever", with no argument to say otherwise.
        self._client._timeout = TIMEOUT
        self.root = "/" + root.strip("/")

    def path(self, name: str) -> str:
        """The whole path of a name under the root."""
        return name if name.startswith("/") else f"{self.root}/{name}"

    def make_folder(self, name: str) -> None:
        """Make a folder and those above it; one that is there is well."""
        with _told("make the folder", name):
            self._client.makedirs(self.path(name))

    def write_once(self, name: str, chunks: Iterable[bytes]) -> tuple[int, bytes]:
        """Write a file that appears whole, under a name that never changes its bytes.

        The bytes go to a temporary name, are read back and compared, and then renamed. A name already
        there with the same bytes is success, so the same write may be tried again after any crash.

        Returns:
            How many bytes, and their SHA-256.

        Raises:
            DifferentContent: if the name is there with other bytes.
            FileStoreError: if HDFS cannot be reached or kept something else than it was given.
        """
        target = self.path(name)
        temporary = self.path(f"{TEMPORARY}/{posixpath.basename(target)}.{uuid.uuid4().hex}")
        length, digest = self._write(temporary, chunks)
        if self._fingerprint(temporary) != (length, digest):
            raise FileStoreError(f"HDFS kept other bytes than it was given for {name}; try again.")
        if not self.exists(target) and self._rename(temporary, target):
            return length, digest
        self.delete(temporary)
        if self._fingerprint(target) != (length, digest):
            raise DifferentContent(
                f"{name} is in HDFS already with other bytes than those to be written; "
                "compare the two and remove the wrong one."
            )
        return length, digest

    def read(self, name: str) -> bytes:
        """A whole file."""
        with _told("read", name), self._client.read(self.path(name)) as reader:
            content: bytes = reader.read()
            return content

    def open_lines(self, name: str) -> Iterator[str]:
        """The lines of a UTF-8 file, one after the other, without their ends.

        Only a line feed ends a line: JSON may hold the other separators Unicode knows.
        """
        rest = b""
        for chunk in self.chunks(name):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line.decode()
        if rest:
            yield rest.decode()

    def list(self, name: str) -> list[str]:
        """The names in a folder, sorted; none when there is no such folder."""
        with _told("list", name):
            if self._client.status(self.path(name), strict=False) is None:
                return []
            return sorted(self._client.list(self.path(name)))

    def exists(self, name: str) -> bool:
        """Whether there is such a file or folder."""
        with _told("look for", name):
            return self._client.status(self.path(name), strict=False) is not None

    def delete(self, name: str, *, recursive: bool = False) -> bool:
        """Remove a file or folder; False when it was not there."""
        with _told("remove", name):
            return bool(self._client.delete(self.path(name), recursive=recursive))

    def sweep(self, before: datetime) -> int:
        """Remove what writers that were killed left under temporary names before that instant."""
        folder = self.path(TEMPORARY)
        swept = 0
        with _told("sweep", folder):
            if self._client.status(folder, strict=False) is None:
                return 0
            for name, status in self._client.list(folder, status=True):
                if status["modificationTime"] < before.timestamp() * 1000:
                    swept += bool(self._client.delete(f"{folder}/{name}", recursive=True))
        return swept

    def _write(self, path: str, chunks: Iterable[bytes]) -> tuple[int, bytes]:
        seen = hashlib.sha256()
        length = 0

        def counted() -> Iterator[bytes]:
            nonlocal length
            for chunk in chunks:
                if chunk:
                    seen.update(chunk)
                    length += len(chunk)
                    yield chunk

        with _told("write", path):
            self._client.write(path, data=counted())
        return length, seen.digest()

    def _rename(self, temporary: str, target: str) -> bool:
        with _told("rename", target):
            self._client.makedirs(posixpath.dirname(target))
            try:
                self._client.rename(temporary, target)
            except HdfsError:
                # HDFS only says "no". If somebody wrote the same name meanwhile, the bytes decide.
                if self._client.status(target, strict=False) is None:
                    raise
                return False
            return True

    def _fingerprint(self, path: str) -> tuple[int, bytes]:
        seen = hashlib.sha256()
        length = 0
        for chunk in self.chunks(path):
            seen.update(chunk)
            length += len(chunk)
        return length, seen.digest()

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file, a megabyte at a time."""
        with _told("read", name), self._client.read(self.path(name), chunk_size=CHUNK) as reader:
            yield from reader


@contextmanager
def _told(verb: str, name: str) -> Iterator[None]:
    try:
        yield
    # `requests` hands on as it is what breaks off in the middle of a raw read.
    except (HdfsError, requests.RequestException, urllib3.exceptions.HTTPError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileStoreError(f"HDFS could not {verb} {name}: {said}") from error
