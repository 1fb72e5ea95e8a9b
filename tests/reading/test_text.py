"""Text of unknown origin in blocks of whole lines: bars, colours, endless lines, zeros."""

from __future__ import annotations

import io
import random
import resource
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reading import text
from analyzer.reading.folder import DiskTree, Folder
from analyzer.reading.text import Block, blocks, clean_lines, lines_at
from analyzer.run import Note


def joined(folder: Folder, name: str, *, states: bool = False) -> bytes:
    found = list(blocks(folder, name, [], states=states))
    line = 1
    for block in found:
        assert block.line == line
        line += block.data.count(b"\n")
    return b"".join(block.data for block in found)


def written(tmp_path: Path, data: bytes) -> Folder:
    (tmp_path / "a.log").write_bytes(data)
    return Folder(DiskTree(tmp_path))


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (b"a\r\nb\r\n", b"a\nb\n"),
        (b" 10%|#  |\r 50%|## |\rEpoch 1: loss 0.5\n", b"Epoch 1: loss 0.5\n"),
        (b"done\r", b"done"),
        (b"one\r\rtwo\r\n", b"two\n"),
        (b"\rtwo\n", b"two\n"),
        (b"\x1b[1m600/600\x1b[0m \x1b[32mok\x1b[0m\x1b[37m\x1b[A\n", b"600/600 ok\n"),
        (b"\x1b[38;5;196mred\x1b[K\n", b"red\n"),
        (b"loss\0\0\0 0.5\n\0\0", b"loss 0.5\n"),
        (b"1/3 [>..]\x08\x08\x08\r2/3 [=>.]\n", b"2/3 [=>.]\n"),
        (b"", b""),
    ],
)
def test_what_a_terminal_would_show_last_is_left(raw: bytes, clean: bytes) -> None:
    assert clean_lines(raw) == clean


def test_states_of_full_bars_are_kept_where_asked_for() -> None:
    raw = b"E 0: 50%|# |\rE 0: 100%|##| a=1\rE 1: 50%|# |\rE 1: 100%|##| a=2\rend\nE 2: 100%|\r"
    assert clean_lines(raw) == b"end\nE 2: 100%|"
    kept = b"E 0: 100%|##| a=1\rE 1: 100%|##| a=2\rend\nE 2: 100%|"
    assert clean_lines(raw, states=True) == kept


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"\x1b[0m", b"100%|", b"\0"])))
def test_blocks_of_any_size_hold_the_same_text(parts: list[bytes]) -> None:
    data = b"".join(parts)
    for states in (False, True):
        whole = clean_lines(data, states=states)
        for size in (1, 2, 3, 7):
            file = io.BytesIO(data)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(text, "BLOCK", size)
                found = b"".join(text._whole_lines(file, "a.log", [], states=states))
            if b"\x1b" not in data:
                assert found == whole
            else:
                assert found.count(b"\n") == whole.count(b"\n")


def test_a_bar_of_many_megabytes_in_one_line_ends_in_its_last_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "BLOCK", 1 << 14)
    monkeypatch.setattr(text, "MAX_LINE", 1 << 12)
    bar = b"".join(b"\r%3d%%|####| %d/1000 [00:01<00:02]" % (n // 10, n) for n in range(1001))
    folder = written(tmp_path, b"Epoch 1\n" + bar + b"\nEpoch 1: loss 0.5\n")
    assert joined(folder, "a.log") == (
        b"Epoch 1\n100%|####| 1000/1000 [00:01<00:02]\nEpoch 1: loss 0.5\n"
    )


@pytest.mark.parametrize("piece", [b"x", b"\0", b"x\r"])
def test_an_endless_line_is_cut_in_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    monkeypatch.setattr(text, "BLOCK", 1 << 20)
    monkeypatch.setattr(text, "MAX_LINE", 1 << 16)
    path = tmp_path / "a.log"
    with path.open("wb") as file:
        file.write(b"first\n")
        for _ in range(64):
            file.write(piece * ((1 << 20) // len(piece)))
        file.write(b"\nlast\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    data = joined(Folder(DiskTree(tmp_path)), "a.log")
    assert data.startswith(b"first\n")
    assert data.endswith(b"\nlast\n")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000


def test_a_line_that_is_too_long_is_cut_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "MAX_LINE", 100)
    folder = written(tmp_path, b"a\n" + b"x" * 500 + b"\nb\n")
    notes: list[Note] = []
    data = b"".join(block.data for block in blocks(folder, "a.log", notes))
    assert data == b"a\n" + b"x" * 100 + b"\nb\n"
    assert "above 100 bytes" in notes[0].text


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "gb18030", "utf-8-sig"])
def test_a_character_may_be_cut_by_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codec: str
) -> None:
    words = "第1轮 损失: 0.5\r\n数据加载完成\r\n" * 30
    monkeypatch.setattr(text, "BLOCK", 321)
    folder = written(tmp_path, words.encode(codec))
    assert joined(folder, "a.log").decode() == words.replace("\r\n", "\n")


def test_offsets_become_line_numbers() -> None:
    block = Block(b"a\nbb\nccc", 10)
    assert lines_at(block, np.array([0, 1, 2, 5, 7])).tolist() == [10, 10, 11, 12, 12]


def test_random_bytes_are_read(tmp_path: Path) -> None:
    rng = random.Random(0)
    for _ in range(50):
        folder = written(tmp_path, rng.randbytes(rng.randrange(2000)))
        joined(folder, "a.log", states=True)
