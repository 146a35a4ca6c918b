"""Our `hadoop fs` says what mrjob reads in Hadoop's words."""

import pytest

from stack import hadoop

FOLDER = {
    "type": "DIRECTORY", "permission": "755", "owner": "remedy", "group": "supergroup",
    "length": 0, "modificationTime": 0, "replication": 0, "pathSuffix": "",
}  # fmt: skip
FILE = FOLDER | {"type": "FILE", "permission": "644", "length": 12, "replication": 1}


class FakeHdfs(hadoop.WebHdfs):
    """Files in a dictionary."""

    def __init__(self, files):
        self.files = dict(files)

    def status(self, path):
        path = path.rstrip("/") or "/"
        if path in self.files:
            return FILE | {"length": len(self.files[path])}
        inside = any(name.startswith(path.rstrip("/") + "/") for name in self.files)
        return FOLDER if inside or path == "/" else None

    def entries(self, path):
        start = path.rstrip("/") + "/"
        names = sorted(
            {n.removeprefix(start).split("/")[0] for n in self.files if n.startswith(start)}
        )
        return [self.status(start + name) | {"pathSuffix": name} for name in names]

    def size(self, path):
        return sum(len(data) for name, data in self.files.items() if name.startswith(path))

    def delete(self, path):
        self.files = {
            n: d for n, d in self.files.items() if n != path and not n.startswith(path + "/")
        }

    def write(self, path, source, *, overwrite):
        self.files[path] = source.read()

    def read(self, path):
        yield self.files[path]


@pytest.fixture
def hdfs():
    return FakeHdfs(
        {"/in/a.jsonl": b"one\n", "/in/b.jsonl": b"two\n", "/in/deep/c.txt": b"three\n"}
    )


def run(hdfs, *words):
    return hadoop.run_fs(hdfs, "remedy", list(words))


def test_a_missing_path_is_said_at_the_start_of_standard_error(hdfs, capsys):
    assert run(hdfs, "-ls", "hdfs:///nothing") == 1
    assert capsys.readouterr().err == "ls: `hdfs:///nothing': No such file or directory\n"


def test_a_recursive_list_has_the_path_after_the_time(hdfs, capsys):
    assert run(hdfs, "-ls", "-R", "hdfs:///in") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == [
        "/in/a.jsonl", "/in/b.jsonl", "/in/deep", "/in/deep/c.txt",
    ]  # fmt: skip
    assert lines[0].startswith("-rw-r--r--   1 remedy supergroup")
    assert lines[0].split()[-2] == "00:00"
    assert lines[2].startswith("drwxr-xr-x   -")


def test_patterns_find_their_files(hdfs, capsys):
    assert run(hdfs, "-cat", "/in/*.jsonl") == 0
    assert capsys.readouterr().out == "one\ntwo\n"


def test_put_never_overwrites_unless_told(hdfs, tmp_path, capsys):
    source = tmp_path / "a.jsonl"
    source.write_bytes(b"new\n")
    assert run(hdfs, "-put", str(source), "hdfs:///in/a.jsonl") == 1
    assert "File exists" in capsys.readouterr().err
    assert run(hdfs, "-put", "-f", str(source), "hdfs:///in/a.jsonl") == 0
    assert hdfs.files["/in/a.jsonl"] == b"new\n"


def test_put_into_a_folder_keeps_the_name(hdfs, tmp_path):
    source = tmp_path / "z.txt"
    source.write_bytes(b"z")
    assert run(hdfs, "-put", str(source), "/in") == 0
    assert hdfs.files["/in/z.txt"] == b"z"


def test_rm_takes_a_folder_only_when_told(hdfs, capsys):
    assert run(hdfs, "-rm", "/in/deep") == 1
    assert run(hdfs, "-rm", "-R", "-f", "-skipTrash", "/in/deep") == 0
    assert sorted(hdfs.files) == ["/in/a.jsonl", "/in/b.jsonl"]
    assert run(hdfs, "-rm", "-R", "-f", "-skipTrash", "/in/deep") == 0


def test_du_counts_what_lies_below(hdfs, capsys):
    assert run(hdfs, "-du", "/in/deep") == 0
    assert capsys.readouterr().out.split()[0] == "6"


def test_what_we_do_not_know_is_left_to_hadoop(hdfs):
    assert run(hdfs, "-setfacl", "x", "/in") is None


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("hdfs:///a/b", "/a/b"),
        ("hdfs://127.0.0.1:9000/a", "/a"),
        ("/a", "/a"),
        ("a", "/user/remedy/a"),
    ],
)
def test_names_of_files_become_paths(name, path):
    assert hadoop.path_of(name, "remedy") == path
