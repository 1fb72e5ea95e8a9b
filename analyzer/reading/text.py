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
MAX_LINE = 1 << 20
MAX_TEXT = 1 << 26
MAX_LOG = 1 << 32

_ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])")
_OVERWRITTEN = re.compile(rb"\n[^\n]*\r(?=[^\n\r])")


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
    if not folder.has(name):
        return None
    file = folder.open(name)
    if file is None:
        text = f"{name} is no regular file inside the run, or cannot be opened; it was not read"
        notes.append(Note(text, name))
        return None
    try:
        with file:
            data = file.read(limit + 1)
    except (OSError, ValueError, EOFError) as error:
        notes.append(Note(f"{name} cannot be read: {error}", name))
        return None
    if len(data) > limit:
        notes.append(Note(f"{name} is larger than {limit:,} bytes; the rest was not read", name))
    return data[:limit]


def blocks(folder: Folder, name: str, notes: list[Note]) -> Iterator[Block]:
    """The text of a log in blocks of about ``BLOCK`` bytes, each of whole lines.

    It is UTF-8 with plain line ends, terminal escapes removed; of a line that was overwritten
    (``\\r``) the last state is left. A line above ``MAX_LINE`` bytes is cut there, and noted.
    """
    file = folder.open(name) if folder.has(name) else None
    if file is None:
        return
    line = 1
    try:
        with file:
            for data in _whole_lines(file, name, notes):
                clean = clean_lines(data)
                yield Block(clean, line)
                line += clean.count(b"\n")
    except (OSError, ValueError, EOFError) as error:
        notes.append(Note(f"{name} cannot be read further: {error}", name, line))


def _whole_lines(file: BinaryIO, name: str, notes: list[Note]) -> Iterator[bytes]:
    encoding, rest, read = "", b"", 0
    decoder: codecs.IncrementalDecoder | None = None
    while chunk := file.read(BLOCK):
        read += len(chunk)
        if not encoding:
            encoding = guess_encoding(chunk)
            if encoding != "utf-8":
                decoder = codecs.getincrementaldecoder(encoding)("replace")
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        if decoder is not None:
            chunk = decoder.decode(chunk).lstrip("\ufeff").encode("utf-8", "replace")
        data = rest + chunk
        end = data.rfind(b"\n") + 1
        yield _short_lines(data[:end], name, notes)
        rest = data[end:]
        if len(rest) > MAX_LINE:  # what was cut off stays unread until the line ends
            rest = rest[: MAX_LINE + 1]
        if read > MAX_LOG:
            notes.append(Note(f"{name} is larger than {MAX_LOG:,} bytes; the rest is left", name))
            break
    if rest:
        yield _short_lines(rest, name, notes)


def _short_lines(data: bytes, name: str, notes: list[Note]) -> bytes:
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


def clean_lines(data: bytes) -> bytes:
    """Without terminal escapes and overwritten text, line ends as ``\\n``."""
    if b"\x1b" in data:
        data = _ESCAPES.sub(b"", data)
    if b"\r" in data:
        data = _OVERWRITTEN.sub(b"\n", b"\n" + data.replace(b"\r\n", b"\n"))[1:]
        data = data.replace(b"\r", b"")
    return data


def _decoded(data: bytes, encoding: str) -> bytes:
    if encoding == "utf-8":
        return data.removeprefix(codecs.BOM_UTF8)
    return data.decode(encoding, "replace").lstrip("\ufeff").encode("utf-8", "replace")


def line_ends(data: bytes) -> IntArray:
    """Offsets of all line ends."""
    return np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10)


def lines_at(block: Block, offsets: IntArray) -> IntArray:
    """1-based line numbers of byte offsets into a block."""
    return block.line + np.searchsorted(line_ends(block.data), offsets, side="left")


def decode(raw: bytes) -> str:
    """Text of a log as str; what is no UTF-8 is replaced."""
    return raw.decode("utf-8", "replace")
