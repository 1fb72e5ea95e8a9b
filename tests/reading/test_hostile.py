"""What strangers may put into a run directory ends in a sentence, in bounded time and memory."""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from growth import assert_proportional

from analyzer.diagnosis import diagnose
from analyzer.errors import FormatError, NoRunFound
from analyzer.formats import yaml12
from analyzer.readers import READERS, find, read
from analyzer.reading.claim import Reader
from analyzer.reading.folder import DiskTree, FileStat, Folder
from analyzer.reading.jsonfile import parse
from analyzer.reading.search import Located, claimed
from analyzer.run import Run
from benchmarks.fuzz_target import checked, claimed_places, try_input
from benchmarks.memory_tree import MemoryTree
from benchmarks.seeds import seeds

ROOT = Path(__file__).parent.parent.parent
RESULTS = seeds("ultralytics")["detect"]["results.csv"]
EACH_READER = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.FORMAT)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


# --- code that runs --------------------------------------------------------------------------

FORBIDDEN_MODULES = {
    *("pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "subprocess", "ctypes"),
    *("importlib", "runpy", "code", "codeop", "pty", "multiprocessing", "socket", "urllib"),
    *("http", "requests", "torch", "torchvision", "tensorflow"),
}
FORBIDDEN_CALLS = {
    *("eval", "exec", "compile", "__import__", "breakpoint", "input"),
    *("os.system", "os.popen", "os.execv", "os.spawnv", "np.load", "numpy.load", "torch.load"),
    *("pd.read_pickle", "yaml.unsafe_load", "yaml.full_load", "yaml.load", "yaml.load_all"),
}


@pytest.mark.parametrize(
    "path",
    sorted(
        [*(ROOT / "analyzer/reading").rglob("*.py"), *(ROOT / "analyzer/readers").rglob("*.py")]
    ),
    ids=lambda path: str(path.relative_to(ROOT / "analyzer")),
)
def test_nothing_in_a_run_is_ever_executed(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = {alias.name.partition(".")[0] for alias in node.names}
            assert not names & FORBIDDEN_MODULES, f"line {node.lineno}"
        elif isinstance(node, ast.ImportFrom):
            assert str(node.module).partition(".")[0] not in FORBIDDEN_MODULES, node.lineno
        elif isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in FORBIDDEN_CALLS, f"line {node.lineno}"
            assert "allow_pickle" not in {word.arg for word in node.keywords}, node.lineno


def test_the_yaml_loader_makes_plain_values_only() -> None:
    evil = "a: !!python/object/apply:os.system ['touch /tmp/never']\nb: !!python/name:os.system ''"
    with pytest.raises(FormatError, match="the type python/object/apply:os"):
        yaml12.parse(evil)
    value = yaml12.parse(evil, lenient=True).value
    assert value == {"a": ["touch /tmp/never"], "b": "os.system"}


# --- deep, wide and unfolding documents ------------------------------------------------------

DEEP = [b"[" * 200_000, b'{"a":' * 200_000, b"[" * 200_000 + b"]" * 200_000]


@pytest.mark.parametrize("data", DEEP)
def test_deep_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"too deeply|Expecting|more than"):
        parse(data)


def test_json_of_millions_of_lists_is_refused_before_it_takes_memory() -> None:
    with pytest.raises(ValueError, match="holds more than 1,048,576 lists and objects"):
        parse(b"[" + b"[]," * 2_000_000 + b"0]")


ALIASES = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)
)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        "{a: " * 50_000,
        "- " * 50_000,
        "".join(" " * n + "a:\n" for n in range(1500)),
        ALIASES,
        "&a [*a]",
        "a: &a {b: *a}",
        "? " * 10_000,
        "a: " + "9" * 100_000,
        "<<: " * 10_000,
        '"' + "\\U0010FFFF" * 1000,
    ],
    ids=lambda text: text[:12].strip(),
)
def test_yaml_that_is_deep_or_unfolds_ends_in_a_sentence_at_once(text: str) -> None:
    with pytest.raises(FormatError):  # one that unfolds would not end while anybody waits
        yaml12.parse(text, file="config.yaml", lenient=True)


# --- lines, files and fields of a lying size -------------------------------------------------

MEASURED = """
import resource, sys
from pathlib import Path
import numpy, yaml, sqlite3, json, csv, tarfile, zipfile, lzma
from analyzer.readers import read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    told = [run.unreadable or [note.text for note in run.notes] for run in read(Path(sys.argv[1]))]
except Exception as error:
    told = [type(error).__name__, str(error)]
growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
print([growth, told])
"""


def measured(path: Path) -> tuple[int, str]:
    """(MiB of growth, what is told) of reading ``path`` in a process of its own."""
    command = [sys.executable, "-c", MEASURED, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    growth, told = ast.literal_eval(done.stdout)
    return growth, str(told)


@pytest.mark.parametrize(
    ("name", "head", "words"),
    [
        ("log_train.txt", b"[1/300] Train loss: 1.5, Valid loss: 1.6, Elapsed_time: 1.0", ""),
        ("results.csv", RESULTS.rstrip(b"\n"), ""),
        ("trainer_state.json", b'{"log_history": [', "larger than 33,554,432 bytes"),
    ],
)
def test_a_line_of_a_gigabyte(tmp_path: Path, name: str, head: bytes, words: str) -> None:
    with (tmp_path / name).open("wb") as file:  # sparse: it takes no place on the disk
        file.write(head)
        file.truncate(1 << 30)
    growth, told = measured(tmp_path)
    assert words in told
    assert growth < 500


class Endless(io.RawIOBase):
    """A text without a line end, and without an end."""

    def __init__(self, head: bytes, size: int) -> None:
        self._left, self._head = size, head

    def read(self, size: int = -1) -> bytes:
        size = self._left if size < 0 else min(size, self._left)
        self._left -= size
        head, self._head = self._head[:size], b""
        return head + b"x" * (size - len(head))

    def readable(self) -> bool:
        return True


class EndlessTree(MemoryTree):
    """``name`` says that it is small, and is not."""

    name = ""

    def open(self, at: str) -> BinaryIO | None:
        if at == self.name:
            return Endless(self.files[at].rstrip(b"\n"), 1 << 28)  # type: ignore[return-value]
        return super().open(at)

    def local(self, at: str) -> None:
        return None


@EACH_READER
def test_a_file_that_grows_while_it_is_read(reader: Reader) -> None:
    files, (at, claim) = next(
        (files, places[0])
        for files in seeds(reader.FORMAT).values()
        if (places := claimed_places(reader, files))
    )
    tree = EndlessTree(files)
    tree.name = f"{at}/{claim.main}" if at else claim.main
    assert checked(reader, Folder(tree, at), claim, judge=False) is not None


# --- files that change or cannot be read -----------------------------------------------------


class Vanishing(MemoryTree):
    """What was listed is gone when it is opened."""

    def stat(self, at: str) -> FileStat | None:
        return None

    def open(self, at: str) -> BinaryIO | None:
        return None

    def local(self, at: str) -> Path | None:
        return Path("/nowhere/at/all")


class Broken(io.BytesIO):
    """A disk that fails after the first bytes."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 20:
            raise OSError(5, "Input/output error")
        return super().read(20)


class BrokenDisk(MemoryTree):
    def open(self, at: str) -> BinaryIO | None:
        return Broken(self.files[at]) if at in self.files else None

    def local(self, at: str) -> Path | None:
        return None


@EACH_READER
@pytest.mark.parametrize("kind", [Vanishing, BrokenDisk])
def test_files_that_vanish_or_break_after_the_listing(
    reader: Reader, kind: Callable[[dict[str, bytes]], MemoryTree]
) -> None:
    for files in seeds(reader.FORMAT).values():
        for at, claim in claimed_places(reader, files):
            run = checked(reader, Folder(kind(files), at), claim, judge=True)
            assert isinstance(run, Run)


@EACH_READER
def test_files_that_change_between_the_search_and_the_reading(reader: Reader) -> None:
    for files in seeds(reader.FORMAT).values():
        known = claimed_places(reader, files)
        for content in (b"", b"\0" * 100, b"\xff\xfe\xfd", b"\n" * 50, b"{}", b"x" * 5000):
            tried = try_input(reader, dict.fromkeys(files, content), known)
            assert not tried.fault, tried.trace


# --- names, links and other things in folders ------------------------------------------------


def test_links_out_of_the_tree_are_not_followed(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", {"results.csv": RESULTS, "runs/results.csv": RESULTS})
    runs = tmp_path / "runs"
    (runs / "link").mkdir(parents=True)
    (runs / "link/results.csv").symlink_to(secret / "results.csv")
    (runs / "link/args.yaml").symlink_to("/etc/passwd")
    (runs / "folder").symlink_to(secret)
    for run in _all(runs):
        assert run.unreadable, "nothing outside of the folder is read"
    with pytest.raises(NoRunFound):
        read(write(tmp_path / "empty", {"notes.md": b"# none\n"}))


def test_loops_of_links_end(tmp_path: Path) -> None:
    write(tmp_path / "a/b", {"results.csv": RESULTS})
    (tmp_path / "a/b/up").symlink_to(tmp_path / "a")
    (tmp_path / "a/self").symlink_to("self")
    (tmp_path / "a/one.log").symlink_to("two.log")
    (tmp_path / "a/two.log").symlink_to("one.log")
    assert [run.name for run in find([tmp_path]).runs] == ["a/b"]


def test_pipes_and_devices_are_never_opened(tmp_path: Path) -> None:
    names = ["results.csv", "metrics.json", "train.log", "log.txt", "stdout", "trainer_state.json"]
    for name in names:
        os.mkfifo(tmp_path / name)
    for name in ("null.log", "zero.csv"):
        (tmp_path / name).symlink_to("/dev/zero")
    growth, _ = measured(tmp_path)  # would wait for ever, or read for ever
    assert growth < 100


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_without_permission_are_told(tmp_path: Path) -> None:
    write(tmp_path / "a", {"results.csv": RESULTS})
    write(tmp_path / "b", {"results.csv": RESULTS})
    (tmp_path / "a/results.csv").chmod(0)
    (tmp_path / "b").chmod(0)
    try:
        found = find([tmp_path])
        assert any("cannot be read" in note.text for note in found.skipped)
    finally:
        (tmp_path / "b").chmod(0o700)


NAMES = [
    "a\nb",
    "a\rb\x1b[31m",
    "\udcff\udcfe",
    "x" * 255,
    " ",
    "-rf",
    "a'\"`$(id)`",
    "识别 😀",
    "nul",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_of_a_folder_will_do(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, {"results.csv": RESULTS, f"{name[:200]}.log": b"loss: 1\n"})
    (run,) = (run for run in _all(tmp_path) if run.format == "ultralytics")
    assert run.series
    diagnose(run)


def test_a_tree_thirty_folders_deep_is_searched_in_part_and_said(tmp_path: Path) -> None:
    deep = tmp_path / "/".join("abcdefghijklmnopqrstuvwxyzabcd")
    write(deep, {"results.csv": RESULTS})
    write(tmp_path / "a/b", {"results.csv": RESULTS})
    found = find([tmp_path])
    assert [run.name for run in found.runs] == ["a/b"]
    assert [note.text.endswith("what is below it was not searched") for note in found.skipped] == [
        True
    ]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("checkpoints/epoch_{}.pth", b"PK"),
        ("labels/img_{:06}.txt", b"0 0.5 0.5 0.1 0.2\n"),
        ("labels/img_{:06}.json", b'{"shapes": []}'),
        ("images/{:06}.jpg", b"\xff\xd8"),
    ],
)
def test_a_folder_of_100_000_files_costs_in_proportion(name: str, data: bytes) -> None:
    def search(size: int) -> None:
        files = {name.format(n): data for n in range(size)}
        tree = MemoryTree({**files, "results.csv": RESULTS})
        found: list[Located] = []
        for folder in (Folder(tree), Folder(tree, name.partition("/")[0])):
            found.extend(claimed(folder, READERS))
        assert [run.format for run in found] == ["ultralytics"]

    assert_proportional(search, 100_000)


def _all(path: Path) -> list[Run]:
    try:
        return read(path)
    except NoRunFound:
        return []


# --- lying fields ----------------------------------------------------------------------------


def test_an_infinite_view_in_a_database_is_not_queried(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
        for name in ("runs", "metrics", "params", "experiments"):
            database.execute(f"CREATE VIEW {name} AS {endless}")
    database.close()
    assert all(isinstance(run, Run) for run in _all(tmp_path))  # it would not end


def test_json_numbers_of_any_size_are_borne(tmp_path: Path) -> None:
    rows = [{"epoch": 10**400, "train_loss": 1.0}, {"epoch": 1, "train_loss": 10**400}]
    write(tmp_path, {"metrics.json": json.dumps(rows).encode()})
    for run in _all(tmp_path):
        diagnose(run)


def test_a_disk_tree_opens_nothing_but_regular_files_below_it(tmp_path: Path) -> None:
    write(tmp_path / "in", {"a.log": b"x", "sub/b.log": b"y"})
    (tmp_path / "out.log").write_bytes(b"secret")
    tree = DiskTree(tmp_path / "in")
    for at in ("../out.log", "/etc/passwd", "sub", "", ".", "sub/../../out.log", "a.log/x", "\0"):
        file = tree.open(at)
        assert file is None, at
