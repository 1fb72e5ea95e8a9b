"""Every reader of the table on every seed, and on a slice of what ``benchmarks.fuzz`` tries.

A reader without a seed fails here: give it a run in ``tests/runs/<format>/<case>/``, or the files
of one in ``tests/fuzz/<format>/<case>.seed``.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.readers import READERS, ultralytics
from analyzer.reading.claim import Reader
from benchmarks.fuzz_target import Tried, claimed_places, smaller, try_input
from benchmarks.memory_tree import MemoryTree
from benchmarks.mutation import FRAGMENTS, NUMBERS, VALUES, mutate
from benchmarks.seeds import decode, encode, seeds

SLICE = 150
EACH_READER = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.FORMAT)


@pytest.fixture(autouse=True)
def _warnings_are_faults() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def sound(tried: Tried) -> Tried:
    assert not tried.fault, tried.trace
    return tried


@EACH_READER
def test_every_seed_is_borne(reader: Reader) -> None:
    for files in seeds(reader.FORMAT).values():
        sound(try_input(reader, files, judge=True))


@EACH_READER
def test_a_seed_shows_a_run(reader: Reader) -> None:
    runs = [
        run for files in seeds(reader.FORMAT).values() for run in try_input(reader, files).runs
    ]
    assert any(run.series for run in runs), "fuzzing needs a whole run to start from"


@EACH_READER
def test_damaged_seeds_are_borne(reader: Reader) -> None:
    chance = random.Random(reader.FORMAT)
    own = list(seeds(reader.FORMAT).values())
    others = own + [files for other in READERS for files in [*seeds(other.FORMAT).values()][:1]]
    known = [place for files in own for place in claimed_places(reader, files)]
    for number in range(SLICE):
        files = mutate(chance.choice(own), others, chance)
        tried = try_input(reader, files, known, judge=number % 50 == 0)
        assert not tried.fault, f"{tried.trace}\n{encode(files)!r}"


@EACH_READER
def test_each_file_cut_and_gone(reader: Reader) -> None:
    """What a killed program, a full disk or a broken copy leaves."""
    for files in list(seeds(reader.FORMAT).values())[:3]:
        known = claimed_places(reader, files)
        for name, data in files.items():
            for cut in range(0, min(len(data), 4096), max(1, len(data) // 10)):
                sound(try_input(reader, {**files, name: data[:cut]}, known))
            rest = {other: data for other, data in files.items() if other != name}
            sound(try_input(reader, rest, known))


PIECES = st.sampled_from([*FRAGMENTS, *NUMBERS, *VALUES, b"epoch", b"loss", b",", b" ", b"\n"])


@EACH_READER
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(st.lists(PIECES | st.binary(max_size=6), max_size=12), st.data())
def test_files_of_any_words_are_borne(
    reader: Reader, pieces: list[bytes], data: st.DataObject
) -> None:
    files = data.draw(st.sampled_from(list(seeds(reader.FORMAT).values())))
    name = data.draw(st.sampled_from(list(files)))
    known = claimed_places(reader, files)
    sound(try_input(reader, {**files, name: b"".join(pieces)}, known))


NAMES = st.from_regex(r"[a-z]{1,3}(/[a-z. ]{1,3}x)?", fullmatch=True)


@given(st.dictionaries(NAMES, st.binary(max_size=30), max_size=4))
def test_a_seed_keeps_all_bytes(files: dict[str, bytes]) -> None:
    assert decode(encode(files)) == files


def test_a_name_that_leads_out_of_the_tree_is_no_part_of_a_seed() -> None:
    names = ("../a", "/etc/passwd", "a//b", "./a", "a\0", "")
    assert decode(encode(dict.fromkeys(names, b"x") | {"a": b"y"})) == {"a": b"y"}


def test_a_tree_in_memory_lists_as_a_disk_does() -> None:
    tree = MemoryTree({"logs/a/x.log": b"1", "b.csv": b"22"})
    assert tree.list("")[:2] == (("b.csv",), ("logs",))
    assert tree.list("logs")[:2] == ((), ("a",))
    assert tree.list("nowhere")[:2] == ((), ())
    assert tree.stat("b.csv") == (2, 0.0)
    assert tree.open("logs") is None
    path = tree.local("logs/a/x.log")
    assert path is not None
    assert path.read_bytes() == b"1"
    tree.close()
    assert not path.exists()


DETECT = seeds("ultralytics")["detect"]


class Broken:
    """A reader with a fault for every kind of input."""

    FORMAT = "broken"

    claims = staticmethod(ultralytics.claims)

    @staticmethod
    def read(folder, claim):  # type: ignore[no-untyped-def]
        data = folder.open(claim.main).read()
        if b"raise" in data:
            raise KeyError("x")
        if b"forever" in data:
            while True:
                pass
        return ultralytics.read(folder, claim)


@pytest.mark.parametrize(("text", "fault"), [(b"raise", "KeyError"), (b"forever", "TooSlow")])
def test_faults_are_seen_and_made_small(
    text: bytes, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.fuzz_target.SECONDS", 0.2)
    broken: Reader = Broken()  # type: ignore[assignment]
    known = claimed_places(ultralytics, DETECT)
    main = known[0][1].main
    bad = {**DETECT, main: b"a\n" * 10 + text + b"\nb\n"}
    tried = try_input(broken, bad, known)
    assert tried.fault.startswith(fault)
    if fault == "KeyError":
        least = smaller(bad, lambda f: try_input(broken, f, known).fault == tried.fault)
        assert least == {main: text}


def test_a_wrong_format_name_is_a_fault() -> None:
    broken: Reader = Broken()  # type: ignore[assignment]
    assert try_input(broken, DETECT).fault == "Fault: calls the format ultralytics"
