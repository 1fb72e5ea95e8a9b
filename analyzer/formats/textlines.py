"""The lines of a plain text file, with the exact place of what an editor does not show.

lines(data, faults) -> (number, text) pairs        strip(...) -> text without hidden edges

Nothing here fails: what departs from plain UTF-8 lines is read as well as it can be and noted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_BREAK = re.compile(r"\r\n|\n|\r")
_NAMES = {
    "\t": "a tab",
    "\r": "a carriage return (^M)",
    " ": "a blank",
    "\ufeff": "a BOM",
}


@dataclass(frozen=True)
class Fault:
    """One departure from the format. ``line`` and ``column`` are 1-based, counted in characters.

    ``kind`` is a stable slug: bom, crlf, lone-cr, not-utf8, blank-line, tab, blank-around here;
    each parser lists its own. A fault is ``fatal`` when its line gave no entry.
    """

    line: int
    column: int
    kind: str
    message: str
    fatal: bool = False


def name_of(character: str) -> str:
    """The words for a character that an editor may not show, such as "a tab"."""
    if character in _NAMES:
        return _NAMES[character]
    name = unicodedata.name(character, "a control character").lower()
    return f"{name} (U+{ord(character):04X})"


def invisible(character: str) -> bool:
    """Whether ``character`` is a blank, a control or a format character."""
    return unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp"}


def lines(data: bytes, faults: list[Fault]) -> Iterator[tuple[int, str]]:
    """Yield (1-based number, text) of the lines that hold anything; note what concerns the file.

    Not ``str.splitlines``: it also breaks at characters that may stand in a text.
    """
    text = _decode(data, faults)
    breaks = [match.group() for match in _BREAK.finditer(text)]
    rows = _BREAK.split(text)
    for ending, kind in (("\r\n", "crlf"), ("\r", "lone-cr")):
        if ending in breaks:
            first = breaks.index(ending)
            name = "CR LF (^M, Windows)" if kind == "crlf" else "a bare CR (^M)"
            message = f"{breaks.count(ending)} lines end with {name}; run dos2unix on the file"
            faults.append(Fault(first + 1, len(rows[first]) + 1, kind, message))
    if rows[-1] == "":  # the file ends with a line break, as it should
        rows.pop()
    for number, row in enumerate(rows, start=1):
        if any(not invisible(character) for character in row):
            yield number, row
        else:
            faults.append(Fault(number, 1, "blank-line", "the line is blank; delete it"))


def _decode(data: bytes, faults: list[Fault]) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = "the file is UTF-16, not UTF-8; save it as UTF-8 without BOM"
        faults.append(Fault(1, 1, "not-utf8", message))
        return data.decode("utf-16", "replace").removeprefix("\ufeff")
    if data.startswith(b"\xef\xbb\xbf"):
        message = "the file starts with an invisible BOM (U+FEFF); save it as UTF-8 without BOM"
        faults.append(Fault(1, 1, "bom", message))
        data = data[3:]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = _BREAK.split(data[: error.start].decode("utf-8"))
        message = f"the byte 0x{data[error.start]:02X} is not UTF-8; save the file as UTF-8"
        faults.append(Fault(len(before), len(before[-1]) + 1, "not-utf8", message))
        return data.decode("utf-8", "replace")


def strip(line: int, offset: int, text: str, what: str, faults: list[Fault]) -> tuple[int, str]:
    """Take invisible characters off both ends of ``text``, noting the first one at each end.

    ``offset`` is the 0-based column of ``text``; returns that of the rest, and the rest.
    """
    start, end = 0, len(text)
    while start < end and invisible(text[start]):
        start += 1
    while end > start and invisible(text[end - 1]):
        end -= 1
    for place, length, where in ((0, start, "before"), (end, len(text) - end, "after")):
        if length:
            kind = "tab" if "\t" in text[place : place + length] else "blank-around"
            message = f"{name_of(text[place])} {where} {what}; delete it"
            faults.append(Fault(line, offset + place + 1, kind, message))
    return offset + start, text[start:end]
