"""The cache gives back what was found, notices every change, and is never needed."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import zlib
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from analyzer import readers
from analyzer.cache import codec, open_cache, stamp
from analyzer.cache.stamps import still
from analyzer.cache.store import FILE, Result
from analyzer.commands import results as pipeline
from analyzer.commands.choice import Choice
from analyzer.commands.results import diagnosed as pipeline_diagnosed
from analyzer.commands.results import results
from analyzer.diagnosis import diagnose
from analyzer.finding import Diagnosis
from analyzer.readers import find, read
from analyzer.reading.search import Located
from analyzer.run import Config, Run, Series, Status

EXAMPLES = Path(__file__).parents[2] / "examples" / "workdirs"


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRAINLINT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies of the examples, written long enough ago to be trusted."""
    shutil.copytree(EXAMPLES, tmp_path / "runs")
    monkeypatch.setattr("analyzer.cache.stamps.FRESH_SECONDS", -1.0)
    monkeypatch.setattr("analyzer.cache.stamps.COARSE_SECONDS", -1.0)
    return tmp_path / "runs"


def same(one: Run, other: Run) -> bool:
    plain = replace(one, series={}, superseded=()) == replace(other, series={}, superseded=())
    pairs = zip(one.series.items(), other.series.items(), strict=True)
    return plain and all(
        name == again and same_series(series, copy) for (name, series), (again, copy) in pairs
    )


def same_series(one: Series, other: Series) -> bool:
    words = (one.name, one.axis, one.resolution) == (other.name, other.axis, other.resolution)
    arrays = ((one.x, other.x), (one.y, other.y), (one.segment, other.segment))
    return words and all(np.array_equal(a, b, equal_nan=True) for a, b in arrays)


def test_a_run_and_its_diagnosis_come_back_whole() -> None:
    for run in read(EXAMPLES):
        diagnosis = diagnose(run)
        back, again = codec.decode(codec.encode(run, diagnosis))
        assert same(run, back)
        assert diagnosis == again


def test_odd_values_come_back_and_unknown_kinds_are_refused() -> None:
    nothing = Diagnosis((), (), diagnose(Run("a", Path("a"), "x")).verdict)
    values = {"day": date(2026, 1, 5), "at": datetime(2026, 1, 5, 1, 2), "t": (1, [None, {1: 2}])}
    curve = Series(
        "c",
        "step",
        np.array([1.0, 5.0, 6.0]),
        np.array([np.nan, -np.inf, 0.1]),
        np.array([0, 1, 1]),
    )
    run = Run("\udcff", Path("a/b"), "x", {"c": curve}, (curve,), Config(values))
    back, _ = codec.decode(codec.encode(run, nothing))
    assert same(run, back)
    assert same_series(back.superseded[0], curve)
    with pytest.raises(codec.NotCacheable):
        codec.encode(replace(run, config=Config({"a": object()})), nothing)


def test_damaged_bytes_are_an_expected_error() -> None:
    run = read(EXAMPLES)[0]
    data = codec.encode(run, diagnose(run))
    for cut in range(0, len(data), 97):
        with pytest.raises(ValueError):  # noqa: PT011  json's own errors too
            codec.decode(data[:cut])
    for place in range(0, len(data), 97):
        with pytest.raises(ValueError, match="not a cached result"):
            codec.decode(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    for kind in ("subprocess", "Popen", "Cause"):
        words = json.dumps([[kind, "ls"], None]).encode()
        forged = b"".join(n.to_bytes(8, "little") for n in (len(words), 0, 0)) + words
        with pytest.raises(ValueError, match="not a cached result"):
            codec.decode(zlib.crc32(forged).to_bytes(4, "little") + forged)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the runs that are read anew."""
    names: list[str] = []

    def spy(located: Located, choice: Choice) -> pipeline.Done:
        names.append(located.name)
        return pipeline_diagnosed(located, choice)

    monkeypatch.setattr(pipeline, "diagnosed", spy)
    return names


@pytest.mark.usefixtures("cache_folder")
def test_only_what_changed_is_read_again(runs: Path, counted: list[str]) -> None:
    first = list(results(find([runs]).runs))
    assert len(counted) == len(first) == 7
    counted.clear()
    second = list(results(find([runs]).runs))
    assert not counted
    assert all(same(a, b) and x == y for (a, x), (b, y) in zip(first, second, strict=True))

    log = next(runs.glob("overfitting/*/metrics.json"))
    log.write_text(log.read_text().replace("0.", "1.", 1))
    list(results(find([runs]).runs))
    assert counted == [log.parent.relative_to(runs).as_posix()]

    counted.clear()
    (log.parent / "checkpoints" / "epoch_99.pth").write_bytes(b"")
    list(results(find([runs]).runs))
    assert len(counted) == 1, "a new file in a folder that was listed"


def test_a_file_that_changed_just_now_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    assert stamp(tmp_path, {"a"}) is None
    past = 1_700_000_000
    os.utime(tmp_path / "a", (past, past))
    assert stamp(tmp_path, {"a"}) is None, "the time of change cannot be set back"


def test_a_file_that_was_missing_and_came_is_a_change(runs: Path) -> None:
    mark = stamp(runs, {"", "gone"})
    assert mark is not None
    assert still(runs, mark)
    (runs / "gone").write_text("x")
    assert not still(runs, mark)


def test_another_digest_finds_nothing(cache_folder: Path, runs: Path) -> None:
    run = read(runs)[0]
    keep = Result("k", runs, frozenset({""}), codec.encode(run, diagnose(run)))
    cache = open_cache("one")
    assert cache is not None
    cache.put([keep])
    assert cache.get("k", runs) is not None
    cache.close()
    other = open_cache("two")
    assert other is not None
    assert other.get("k", runs) is None
    other.close()
    assert cache_folder.stat().st_mode & 0o077 == 0 or os.name == "nt", "for its owner alone"


def test_a_run_that_goes_on_and_one_of_odd_values_are_not_kept(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    located = find([runs]).runs[0]
    inner = readers.read_run
    odd = {"status": Status.RUNNING}, {"config": Config({"a": object()})}
    for change in odd:
        monkeypatch.setattr(
            readers, "read_run", lambda place, folder, c=change: replace(inner(place, folder), **c)
        )
        done = pipeline_diagnosed(located, Choice())
        assert done.data is None
        assert done.plain is not None


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b""])
def test_a_damaged_cache_is_made_anew(cache_folder: Path, runs: Path, content: bytes) -> None:
    cache_folder.mkdir()
    (cache_folder / FILE).write_bytes(content)
    assert len(list(results(find([runs]).runs))) == 7
    with sqlite3.connect(cache_folder / FILE) as connection:
        assert connection.execute("SELECT count(*) FROM results").fetchone() == (7,)
    connection.close()


def test_no_cache_where_it_is_off_or_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: Path
) -> None:
    monkeypatch.setenv("TRAINLINT_CACHE", "off")
    assert open_cache("d") is None
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TRAINLINT_CACHE", str(tmp_path / "file" / "below"))
    assert open_cache("d") is None
    assert len(list(results(find([runs]).runs))) == 7


@pytest.mark.usefixtures("cache_folder")
def test_many_runs_are_shared_among_processes(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = list(results(find([runs]).runs))
    monkeypatch.setenv("TRAINLINT_CACHE", "off")
    monkeypatch.setattr(pipeline, "MANY", 2)
    shared = list(results(find([runs]).runs))
    assert all(same(a, b) and x == y for (a, x), (b, y) in zip(alone, shared, strict=True))


def test_a_worker_that_dies_costs_nothing(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINLINT_CACHE", "off")
    monkeypatch.setattr(pipeline, "MANY", 2)
    monkeypatch.setattr(pipeline, "diagnosed", partial(dies_elsewhere, os.getpid()))
    assert len(list(results(find([runs]).runs))) == 7


def dies_elsewhere(here: int, located: Located, choice: Choice) -> pipeline.Done:
    if os.getpid() != here:
        os._exit(1)
    return pipeline_diagnosed(located, choice)
