"""Runs inside zip and tar archives: read in place, whatever the archive claims."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from analyzer.errors import FormatError, TrainlintError, UsageError
from analyzer.readers import READERS, read_run
from analyzer.reading import archives
from analyzer.reading.archives import safe_name, tars
from analyzer.reading.folder import DiskTree, Folder, LooseFile
from analyzer.reading.search import STDIN, find_runs
from analyzer.reading.trees import open_tree

METRICS = b'[{"epoch": 1, "train_loss": 1.5}, {"epoch": 2, "train_loss": 1.25}]'
ULTRALYTICS = b"epoch,time,train/box_loss,metrics/mAP50(B)\n1,2,3.5,0.1\n2,4,3.0,0.2\n"
FILES = {
    "runs/exp_1/metrics.json": METRICS,
    "runs/exp_1/args.txt": b"--output_dir x\n",
    "runs/exp_1/checkpoints/best.pth": b"\0" * 2000,
    "runs/yolo/results.csv": ULTRALYTICS,
}


def a_zip(path: Path, files: dict[str, bytes] = FILES) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return path


def a_tar(path: Path, files: dict[str, bytes] = FILES, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as out:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return path


def losses(path: Path, content: bytes | None = None) -> dict[str, list[float]]:
    runs = [read_run(located) for located in find_runs([path], READERS, content).runs]
    return {run.name: run.series["train_loss"].y.tolist() for run in runs}


BOTH = {"runs/exp_1": [1.5, 1.25], "runs/yolo": [3.5, 3.0]}


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *(("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tgz", "w:gz")),
        *(("a.tar.bz2", "w:bz2"), ("a.tar.xz", "w:xz"), ("download", "w:gz"), ("1234", "w")),
    ],
)
def test_tar_archives_by_name_or_by_their_first_bytes(
    tmp_path: Path, name: str, mode: str
) -> None:
    assert losses(a_tar(tmp_path / name, mode=mode)) == BOTH
    assert losses(STDIN, (tmp_path / name).read_bytes()) == BOTH


@pytest.mark.parametrize("name", ["a.zip", "no_ending"])
def test_zip_archives(tmp_path: Path, name: str) -> None:
    path = a_zip(tmp_path / name)
    assert losses(path) == BOTH
    assert losses(STDIN, path.read_bytes()) == BOTH
    assert sorted(p.name for p in tmp_path.iterdir()) == [name], "nothing is unpacked"


def test_weights_inside_are_seen_and_not_kept(tmp_path: Path) -> None:
    for path in (a_zip(tmp_path / "a.zip"), a_tar(tmp_path / "a.tgz", mode="w:gz")):
        folder = Folder(open_tree(path), "runs/exp_1/checkpoints")
        stat = folder.stat("best.pth")
        assert stat is not None
        assert stat.size == 2000


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        *(("a/b.csv", "a/b.csv"), ("./a//b", "a/b"), ("a\\b", "a/b"), ("a/./b", "a/b")),
        *(("/etc/passwd", None), ("../x", None), ("a/../../x", None), ("C:\\x", None)),
        *(("..\\x", None), ("a\0b", None), ("", None), ("./", None), ("\\\\host\\x", None)),
    ],
)
def test_names_stay_inside(name: str, safe: str | None) -> None:
    assert safe_name(name) == safe


def test_what_leads_out_is_left_out_and_said(tmp_path: Path) -> None:
    path = a_tar(tmp_path / "a.tar", {"../metrics.json": METRICS, "/x/metrics.json": METRICS})
    found = find_runs([path], READERS)
    assert not found.runs
    assert "leads out of the archive" in found.skipped[0].text


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_bytes(METRICS)
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as out:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            info = tarfile.TarInfo(f"{kind!r}/metrics.json")
            info.type, info.linkname = kind, str(secret)
            out.addfile(info)
    assert not find_runs([path], READERS).runs
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        link = zipfile.ZipInfo("x/metrics.json")
        link.external_attr = 0o120777 << 16
        zipped.writestr(link, str(secret))
    assert not find_runs([tmp_path / "a.zip"], READERS).runs


def test_of_two_files_of_one_name_the_last_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    a_tar(path, {"x/metrics.json": METRICS})
    with tarfile.open(path, "a") as out:
        info = tarfile.TarInfo("./x/metrics.json")
        newer = METRICS.replace(b"1.5", b"9.5")
        info.size = len(newer)
        out.addfile(info, io.BytesIO(newer))
    assert losses(path) == {"x": [9.5, 1.25]}


def test_a_file_is_not_a_folder_too(tmp_path: Path) -> None:
    path = a_tar(tmp_path / "a.tar", {"x": b"", "x/metrics.json": METRICS, "y/z": b"", "y": b""})
    tree = open_tree(path)
    assert tree.list("").files == ("x",)
    assert tree.list("").folders == ("y",)


def test_hidden_folders_are_passed_over_as_on_disk(tmp_path: Path) -> None:
    files = {".git/metrics.json": METRICS, "__MACOSX/a/metrics.json": METRICS}
    assert not find_runs([a_zip(tmp_path / "a.zip", files)], READERS).runs


def test_an_archive_inside_is_not_opened(tmp_path: Path) -> None:
    inner = a_zip(tmp_path / "in.zip").read_bytes()
    assert not find_runs([a_zip(tmp_path / "a.zip", {"in.zip": inner})], READERS).runs


def test_encrypted_members_are_said(tmp_path: Path) -> None:
    path = a_zip(tmp_path / "a.zip", {"x/metrics.json": METRICS})
    data = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        data[data.find(magic) + offset] |= 1
    path.write_bytes(data)
    found = find_runs([path], READERS)
    assert not found.runs
    assert "is encrypted" in found.skipped[0].text


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        with out.open("x/results.csv", "w") as member:
            for _ in range(70):
                member.write(b"0" * (1 << 20))
        out.writestr("y/metrics.json", METRICS)
    found = find_runs([path], READERS)
    assert [run.name for run in found.runs] == ["y"]
    assert "packed too well" in found.skipped[0].text


def test_a_packed_tar_ends_at_its_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"a/metrics.json": METRICS, "b/big.bin": bytes(1 << 22), "c/metrics.json": METRICS}
    path = a_tar(tmp_path / "a.tgz", files, "w:gz")
    monkeypatch.setattr(tars, "MAX_UNPACKED", 1 << 20)
    found = find_runs([path], READERS)
    assert [run.name for run in found.runs] == ["a"]
    assert "cannot be read to its end" in found.skipped[0].text


def test_a_packed_tar_keeps_no_more_than_memory_bears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{n}/metrics.json": METRICS for n in range(5)}
    monkeypatch.setattr(tars, "MAX_KEPT", 3 * len(METRICS))
    tree = open_tree(a_tar(tmp_path / "a.tgz", files, "w:gz"))
    assert [tree.open(f"{n}/metrics.json") is None for n in range(5)] == [False] * 3 + [True] * 2
    assert "too large to be read" in tree.notes[0].text


def test_what_is_read_from_a_zip_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives.Budget.__init__, "__defaults__", (1000,))
    path = a_zip(tmp_path / "a.zip", {"x/metrics.json": METRICS + b" " * 5000})
    (located,) = find_runs([path], READERS).runs
    assert "more than" in (read_run(located).unreadable or "")


def test_a_header_that_asks_for_memory_is_refused(tmp_path: Path) -> None:
    name = tarfile.TarInfo("long")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, 1 << 33
    good = a_tar(tmp_path / "good.tar").read_bytes()
    path = tmp_path / "a.tgz"
    path.write_bytes(gzip.compress(name.tobuf(tarfile.GNU_FORMAT) + good))
    with pytest.raises(FormatError, match="a header of"):
        open_tree(path)


def test_a_directory_that_lies_about_its_size(tmp_path: Path) -> None:
    data = bytearray(a_zip(tmp_path / "a.zip").read_bytes())
    end = data.rfind(b"PK\5\6")
    struct.pack_into("<L", data, end + 12, 0xFFFFFFF0)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(FormatError, match="too many files"):
        open_tree(tmp_path / "a.zip")


def test_a_member_that_lies_about_its_size_is_noted(tmp_path: Path) -> None:
    path = a_zip(tmp_path / "a.zip", {"x/metrics.json": METRICS})
    data = bytearray(path.read_bytes())
    struct.pack_into("<L", data, data.find(b"PK\1\2") + 24, 10)
    path.write_bytes(data)
    for located in find_runs([path], READERS).runs:
        assert read_run(located).unreadable


def test_a_hundred_thousand_members(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as out:
        for n in range(100_000):
            out.writestr(f"run/checkpoints/epoch_{n}.pth", b"")
        out.writestr("run/metrics.json", METRICS)
    assert losses(path) == {"run": [1.5, 1.25]}
    tree = open_tree(path)
    assert len(tree.list("run/checkpoints").files) == 100_000


def test_too_many_members_are_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    for path in (a_zip(tmp_path / "a.zip"), a_tar(tmp_path / "a.tar")):
        with pytest.raises(FormatError, match="more than 3 files"):
            open_tree(path)


def test_weights_are_no_archive_of_runs(tmp_path: Path) -> None:
    torch_file = {"best/data.pkl": b"\x80\2.", "best/version": b"3"}
    for name in ("best.pth", "weights"):
        with pytest.raises(UsageError, match="is a weight file"):
            open_tree(a_zip(tmp_path / name, torch_file))
    (tmp_path / "old.pth.tar").write_bytes(b"\x80\x02\x8a\nl\xfc")
    with pytest.raises(UsageError, match="is a weight file"):
        open_tree(tmp_path / "old.pth.tar")


def test_what_is_called_an_archive_and_is_none_is_a_sentence(tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar", "a.tar.gz", "a.tar.xz"):
        (tmp_path / name).write_bytes(b"epoch,loss\n1,2\n" * 60)
        with pytest.raises(FormatError):
            open_tree(tmp_path / name)


def test_a_packed_log_is_no_tar(tmp_path: Path) -> None:
    (tmp_path / "train.log.gz").write_bytes(gzip.compress(b"Epoch [1/5], LR: 0.1\n" * 90))
    assert isinstance(open_tree(tmp_path / "train.log.gz"), DiskTree)


def test_damage_anywhere_is_a_sentence(tmp_path: Path) -> None:
    dice = random.Random(5)
    sources = [
        a_zip(tmp_path / "a.zip").read_bytes(),
        *(a_tar(tmp_path / f"b.tar{n}", mode=m).read_bytes() for n, m in enumerate(("w", "w:gz"))),
    ]
    for turn in range(400):
        source = sources[turn % len(sources)]
        data = bytearray(source[: dice.randrange(1, len(source) + 1)])
        for _ in range(dice.randrange(6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        with suppress(TrainlintError):
            for located in find_runs([STDIN], READERS, bytes(data)).runs:
                read_run(located)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (ULTRALYTICS, "results.csv"),
        (METRICS, "metrics.json"),
        (b'{"best_metric": null, "epoch": 2.0, "log_history": [', "trainer_state.json"),
        (b'{"iteration": 19, "total_loss": 1.9}\n', "metrics.json"),
        (b"epoch,lr-Adam,step,train_loss\n0,,49,0.9\n", "metrics.csv"),
        (b"epoch,train_loss,eval_loss,eval_top1\n0,1,2,3\n", "summary.csv"),
        (b"epoch,accuracy,loss\n0,0.1,2\n", "history.csv"),
        (b"SQLite format 3\0", "mlflow.db"),
        (b"[2026-01-05 14:30:25] INFO Epoch [1/5], LR: 0.007\n", "stdin"),
        (b"Epoch 1, loss 2.5, acc 0.3\nEpoch 2, loss 2.0, acc 0.4\n", "stdin"),
        (b"", "stdin"),
    ],
)
def test_standard_input_is_called_what_its_beginning_shows(content: bytes, name: str) -> None:
    tree = open_tree(STDIN, content)
    assert isinstance(tree, LooseFile)
    assert tree.list("").files == (name,)
