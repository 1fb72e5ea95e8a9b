"""Text of unknown origin: read in blocks of whole lines, as UTF-8, without colours and bars."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from analyzer.reading.encoding import guess_encoding
from analyzer.reading.folder import Folder
from analyzer.run import IntArray, Note

BLOCK = 1 << 23
FIRST = 1 << 17
MAX_LINE = 1 << 20
MAX_TEXT = 1 << 26
MAX_LOG = 1 << 32

_ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])")
_OVERWRITTEN = re.compile(rb"\n([^\n]*)\r(?=[^\n\r])")
_LAST_RETURNS = re.compile(rb"\r+(?=\n|\Z)")
FULL_BAR = b"100%|"

_LAST_NUMBER = re.compile(rb"(?:: ?|=)([-+.\deE]+|[-+]?(?i:na?n?|in?f?))\Z")
_LOGGED_NUMBER = re.compile(rb"(?:: |=)([-+]?(?:\d[\d.]*|(?i:nan|inf)))\b")


class Block(NamedTuple):
    """Whole lines of a text, as UTF-8; ``line`` is the 1-based number of the first."""

    data: bytes
    line: int


def read_text(
    folder: Folder, name: str, notes: list[Note], *, limit: int = MAX_TEXT
) -> bytes | None:
    """A whole small file as UTF-8 without BOM; None where there is no such file.

    Of a file above ``limit`` bytes the beginning is read, and a note says so.
    """
    data = read_raw(folder, name, notes, limit=limit)
    return None if data is None else _decoded(data, guess_encoding(data[:BLOCK]))


def read_raw(
    folder: Folder, name: str, notes: list[Note], *, limit: int = MAX_TEXT
) -> bytes | None:
    """The bytes of a small file as they are; else as ``read_text``."""
    file = _opened(folder, name, notes)
    if file is None:
        return None
    try:
        with file:
            data = _read(file, limit + 1)
    except (OSError, ValueError, EOFError) as error:
        notes.append(Note(f"{name} cannot be read: {error}", name))
        return None
    if len(data) > limit:
        notes.append(
            Note(f"{name} is larger than {limit:,} bytes; the rest was not read", name, cut=True)
        )
    return data[:limit]


def _read(file: BinaryIO, size: int) -> bytes:
    """At most ``size`` bytes. Memory for all of them costs time, and most files are small."""
    data = file.read(min(size, FIRST))
    return data if len(data) < FIRST else data + file.read(size - len(data))


def _opened(folder: Folder, name: str, notes: list[Note]) -> BinaryIO | None:
    file = folder.open(name) if folder.has(name) else None
    if file is None and folder.has(name):
        text = f"{name} is no regular file inside the run, or cannot be opened; it was not read"
        notes.append(Note(text, name))
    return file


def blocks(
    folder: Folder, name: str, notes: list[Note], *, states: bool = False
) -> Iterator[Block]:
    """The text of a log in blocks of about ``BLOCK`` bytes, each of whole lines.

    It is UTF-8 with plain line ends, terminal escapes removed; of a line that was overwritten
    (``\\r``) the last state is left; with ``states`` also those where a bar is full, parted by
    ``\\r``. A line above ``MAX_LINE`` bytes is cut there, and noted.
    """
    file = _opened(folder, name, notes)
    if file is None:
        return
    line = 1
    try:
        with file:
            for data in _whole_lines(file, name, notes, states=states):
                yield Block(data, line)
                line += data.count(b"\n")
    except (OSError, ValueError, EOFError) as error:
        notes.append(Note(f"{name} cannot be read further: {error}", name, line, cut=True))


def _whole_lines(file: BinaryIO, name: str, notes: list[Note], *, states: bool) -> Iterator[bytes]:
    """Clean lines; one without an end in sight is cleaned as it grows, so that its bars vanish."""
    rest = b""
    for chunk in _utf8_chunks(file, name, notes):
        data = rest + chunk
        held = b"\r" if data.endswith(b"\r") else b""
        data = clean_lines(data.removesuffix(held), states=states)
        end = data.rfind(b"\n") + 1
        yield short_lines(data[:end], name, notes)
        rest = data[end:]
        if len(rest) > MAX_LINE:  # what was cut off stays unread until the line ends
            rest = rest[: MAX_LINE + 1]
        rest += held
    if rest:
        yield short_lines(clean_lines(rest, states=states), name, notes)


def _utf8_chunks(file: BinaryIO, name: str, notes: list[Note]) -> Iterator[bytes]:
    read = 0
    decoder: codecs.IncrementalDecoder | None = None
    while chunk := _read(file, BLOCK):
        if not read:
            encoding = guess_encoding(chunk)
            if encoding != "utf-8":
                decoder = codecs.getincrementaldecoder(encoding)("replace")
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        read += len(chunk)
        if decoder is not None:
            chunk = decoder.decode(chunk).lstrip("\ufeff").encode("utf-8", "replace")
        yield chunk
        if read > MAX_LOG:
            notes.append(
                Note(f"{name} is larger than {MAX_LOG:,} bytes; the rest is left", name, cut=True)
            )
            break


def short_lines(data: bytes, name: str, notes: list[Note]) -> bytes:
    """The text with what exceeds ``MAX_LINE`` in each line left out, which is noted once."""
    if len(data) <= MAX_LINE or not _has_long_line(data):
        return data
    text = f"{name} holds lines above {MAX_LINE:,} bytes; their ends were left out"
    if not any(note.text == text for note in notes):
        notes.append(Note(text, name))
    return b"\n".join(line[:MAX_LINE] for line in data.split(b"\n"))


def _has_long_line(data: bytes) -> bool:
    ends = line_ends(data)
    edges = np.concatenate([[-1], ends, [len(data)]])
    return bool((np.diff(edges) > MAX_LINE).any())


def clean_lines(data: bytes, *, states: bool = False) -> bytes:
    """Without terminal escapes, zeros and overwritten text, line ends as ``\\n``.

    With ``states`` what was overwritten is kept where a bar was full, parted by ``\\r``.
    """
    if b"\x1b" in data:
        data = _ESCAPES.sub(b"", data)
    if b"\0" in data or b"\x08" in data:  # a crash of the machine; an old way to go back
        data = data.translate(None, b"\0\x08")
    if b"\r" in data:
        kept = _full_bars if states and FULL_BAR in data else b"\n"
        data = _OVERWRITTEN.sub(kept, b"\n" + data.replace(b"\r\n", b"\n"))[1:]
        data = _LAST_RETURNS.sub(b"", data)
    return data


def _full_bars(overwritten: re.Match[bytes]) -> bytes:
    kept = [state + b"\r" for state in overwritten[1].split(b"\r") if FULL_BAR in state]
    return b"\n" + b"".join(kept)


def _decoded(data: bytes, encoding: str) -> bytes:
    if encoding == "utf-8":
        return data.removeprefix(codecs.BOM_UTF8)
    return data.decode(encoding, "replace").lstrip("\ufeff").encode("utf-8", "replace")


def without_cut(data: bytes) -> bytes:
    """A text without what may be cut off at its end, where its last line has no end yet.

    That is a number, unless another one of its line has no more decimals: 1.8 may become 1.874.
    """
    if not data or data.endswith(b"\n"):
        return data
    start = data.rfind(b"\n") + 1
    last = _LAST_NUMBER.search(data, max(start, len(data) - 64))
    if last is None:
        return data
    others = _LOGGED_NUMBER.findall(data, start, last.start(1))
    sure = any(_decimals(other) <= _decimals(last[1]) for other in others)
    return data if sure else data[: last.start(1)]


def _decimals(digits: bytes) -> int:
    return len(digits.partition(b".")[2])


def line_ends(data: bytes) -> IntArray:
    """Offsets of all line ends."""
    return np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10)


def lines_at(block: Block, offsets: IntArray) -> IntArray:
    """1-based line numbers of byte offsets into a block."""
    return block.line + np.searchsorted(line_ends(block.data), offsets, side="left")


def decode(raw: bytes) -> str:
    """Text of a log as str; what is no UTF-8 is replaced."""
    return raw.decode("utf-8", "replace")
