"""ICDAR2015 data folders: list files and label files, parsed with the exact place of each fault.

::

    <root>/train_list.txt    train_images/1.jpg train_gts/1.txt      (one space, relative paths)
    <root>/train_gts/1.txt   x1,y1,x2,y2,x3,y3,x4,y4,text            (text ### = ignore the box)
    ... and the same with test_

parse_list(data, split) -> ParsedList        parse_labels(data) -> ParsedLabels
format_list_line(split, image, label) -> str          format_label(points, text) -> str
tidy_label(line) -> str

Parsing never fails: what could be read comes back beside a list of faults. Their kinds, beside
those of ``textlines``, for labels: full-width-comma, too-few-numbers, not-a-number, not-finite,
huge-coordinate, empty-text, invisible; for lists: wrong-field-count, extra-blank, blank-in-path,
backslash, absolute-path, path-outside, missing-prefix.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.errors import FormatError
from analyzer.formats.textlines import Fault, invisible, lines, name_of, strip

IGNORE = "###"
MAX_COORDINATE = 1_000_000.0
"""No image is that large; numbers beyond it are slips that would turn a loss into NaN."""

_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_COMMA = re.compile("[,\uff0c]")  # ASCII and full-width
_PLAIN = re.compile(r"(?:-?[0-9]{1,6}(?:\.[0-9]{1,9})?,){8}")
_JOINERS = frozenset("\u200c\u200d")
"""Invisible, but letters of Persian, of Indian scripts and of emoji hang on them."""


@dataclass(frozen=True)
class Entry:
    """One line of a list file: two paths relative to the data folder, with ``/``."""

    line: int
    image: str
    label: str


@dataclass(frozen=True)
class Label:
    """One line of a label file. ``points`` are x1,y1 ... x4,y4 in pixels, finite."""

    line: int
    points: tuple[float, ...]
    text: str

    @property
    def ignored(self) -> bool:
        return self.text == IGNORE


@dataclass(frozen=True)
class ParsedList:
    entries: tuple[Entry, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class ParsedLabels:
    labels: tuple[Label, ...]
    faults: tuple[Fault, ...]


def parse_list(data: bytes, split: str) -> ParsedList:
    """Read a ``<split>_list.txt``; ``split`` is ``train`` or ``test``."""
    faults: list[Fault] = []
    entries = [
        entry
        for number, line in lines(data, faults)
        if (entry := _list_line(number, line, split, faults)) is not None
    ]
    return ParsedList(tuple(entries), tuple(faults))


def parse_labels(data: bytes) -> ParsedLabels:
    """Read one label file."""
    faults: list[Fault] = []
    labels = [
        label
        for number, line in lines(data, faults)
        if (label := _plain_line(number, line) or _label_line(number, line, faults)) is not None
    ]
    return ParsedLabels(tuple(labels), tuple(faults))


def format_list_line(split: str, image: str, label: str) -> str:
    """One list line without its end of line, from two bare file names."""
    line = f"{split}_images/{image} {split}_gts/{label}"
    parsed = parse_list(line.encode("utf-8", "surrogatepass"), split)
    if parsed.faults or len(parsed.entries) != 1:
        raise FormatError(f"{image!r} and {label!r} cannot stand in a list file; use plain names")
    return line


def format_label(points: Sequence[float], text: str) -> str:
    """One label line without its end of line.

    ``points`` are 8 finite numbers. Raises FormatError for what the parser would not give back
    unchanged: other counts, empty texts, line breaks, blanks around the text.
    """
    numbers = [float(value) for value in points]
    written = (str(int(v)) if v.is_integer() else repr(v) for v in numbers if math.isfinite(v))
    line = ",".join([*written, text])
    parsed = parse_labels(line.encode("utf-8", "surrogatepass"))
    same = [(label.points, label.text) for label in parsed.labels] == [(tuple(numbers), text)]
    if parsed.faults or not same:
        why = parsed.faults[0].message if parsed.faults else "it does not read back unchanged"
        raise FormatError(f"the label {line!r} cannot be written: {why}")
    return line


def tidy_label(line: str) -> str:
    """A label line with ASCII commas and nothing invisible around its fields, else as it is."""
    nothing: list[Fault] = []
    fields = (strip(1, offset, field, "", nothing)[1] for offset, field in _fields(line))
    return ",".join(fields)


def _plain_line(line: int, text: str) -> Label | None:
    """The label of a line that shows no fault at first sight, as nearly all do; None of others."""
    numbers = _PLAIN.match(text)
    if numbers is None:
        return None
    content = text[numbers.end() :]
    if not content or not content.isprintable() or content[0] == " " or content[-1] == " ":
        return None
    return Label(line, tuple(map(float, text[: numbers.end() - 1].split(","))), content)


def _label_line(line: int, text: str, faults: list[Fault]) -> Label | None:
    fields = _fields(text)
    points: list[float] = []
    for index, (offset, field) in enumerate(fields[:8]):
        what = f"number {index + 1}"
        column, digits = strip(line, offset, field, what, faults)
        fault = _number_fault(line, column, digits, index, len(fields))
        if fault is not None:
            faults.append(fault)
            return None
        points.append(float(digits))
    for offset, _ in fields[1:]:
        if text[offset - 1] != ",":
            message = "a full-width comma (U+FF0C) separates fields; write an ASCII comma"
            faults.append(Fault(line, offset, "full-width-comma", message))
    if len(points) < 8:
        message = f"only {len(points)} numbers; 8 must come first, then a comma and the text"
        faults.append(Fault(line, len(text) + 1, "too-few-numbers", message, fatal=True))
        return None
    offset, rest = fields[8] if len(fields) > 8 else (len(text), "")
    column, content = strip(line, offset, rest, "the text", faults)
    if not content:
        message = f"no text after the 8 numbers; write the text, or {IGNORE} to ignore the box"
        faults.append(Fault(line, column + 1, "empty-text", message))
    _note_hidden(line, column, content, faults)
    return Label(line, tuple(points), content)


def _fields(text: str) -> list[tuple[int, str]]:
    """(0-based column, field) of the eight numbers and of the text, which may hold commas."""
    starts = [0, *(match.end() for match in _COMMA.finditer(text))][:9]
    ends = [*(start - 1 for start in starts[1:]), len(text)]
    return [(start, text[start:end]) for start, end in zip(starts, ends, strict=True)]


def _number_fault(line: int, column: int, digits: str, index: int, fields: int) -> Fault | None:
    if _NUMBER.fullmatch(digits):
        value = float(digits)
        if abs(value) <= MAX_COORDINATE:
            return None
        message = f"coordinate {index + 1} is {digits[:20]}; no image is that large"
        return Fault(line, column + 1, "huge-coordinate", message, fatal=True)
    if digits.lower().lstrip("+-") in {"nan", "inf", "infinity"}:
        message = f"coordinate {index + 1} is {digits}; a finite number is needed"
        return Fault(line, column + 1, "not-finite", message, fatal=True)
    if index == fields - 1 and "\t" not in digits and " " not in digits:
        message = f"only {index} numbers; 8 must come first, then a comma and the text"
        return Fault(line, column + 1, "too-few-numbers", message, fatal=True)
    hidden = next((c for c in digits if invisible(c)), None)
    naming = f" and holds {name_of(hidden)}" if hidden is not None else ""
    message = f"coordinate {index + 1} is {digits[:20]!r}{naming}, not a plain ASCII number"
    kind = "tab" if hidden == "\t" else "not-a-number"
    return Fault(line, column + 1, kind, message, fatal=True)


def _note_hidden(line: int, column: int, content: str, faults: list[Fault]) -> None:
    """Blanks between words are text; other characters that nobody sees are slips."""
    for index, character in enumerate(content):
        if character != " " and character not in _JOINERS and invisible(character):
            kind = "tab" if character == "\t" else "invisible"
            message = f"{name_of(character)} inside the text; delete it"
            faults.append(Fault(line, column + index + 1, kind, message))
            return


def _list_line(line: int, text: str, split: str, faults: list[Fault]) -> Entry | None:
    column, rest = strip(line, 0, text, "the paths", faults)
    gap = _separator(rest, split)
    if gap is None:
        count = len(rest.split())
        message = (
            f"{count} {'field' if count == 1 else 'fields'} in the line; it needs two paths "
            f"and one blank: {split}_images/1.jpg {split}_gts/1.txt"
        )
        faults.append(Fault(line, column + 1, "wrong-field-count", message, fatal=True))
        return None
    blanks, at = gap.group(), column + gap.start() + 1
    if "\t" in blanks:
        faults.append(Fault(line, at, "tab", "a tab between the paths; write one blank"))
    elif blanks != " ":
        message = f"{len(blanks)} blanks between the paths; write one plain blank"
        faults.append(Fault(line, at, "extra-blank", message))
    paths = (
        _path(line, column, rest[: gap.start()], f"{split}_images/", faults),
        _path(line, column + gap.end(), rest[gap.end() :], f"{split}_gts/", faults),
    )
    return None if paths[0] is None or paths[1] is None else Entry(line, paths[0], paths[1])


def _separator(text: str, split: str) -> re.Match[str] | None:
    """The blanks between the two paths; a path may itself hold blanks when its prefix helps."""
    gaps = list(re.finditer(r"\s+", text))
    if len(gaps) == 1:
        return gaps[0]
    return next((gap for gap in gaps if text.startswith(f"{split}_gts/", gap.end())), None)


def _path(line: int, column: int, path: str, prefix: str, faults: list[Fault]) -> str | None:
    def note(kind: str, message: str, at: int = 0, *, fatal: bool = False) -> None:
        faults.append(Fault(line, column + at + 1, kind, message, fatal))

    if "\\" in path:
        note("backslash", r"a backslash in the path; write /", path.index("\\"))
        path = path.replace("\\", "/")
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        note("absolute-path", f"{path} is absolute; write {prefix}<name>", fatal=True)
        return None
    if ".." in path.split("/"):
        note("path-outside", f"{path} leaves the folder; write {prefix}<name>", fatal=True)
        return None
    hidden = next((index for index, c in enumerate(path) if invisible(c)), None)
    if hidden is not None:
        note("blank-in-path", f"{name_of(path[hidden])} inside the path; rename the file", hidden)
    if not path.startswith(prefix):
        note("missing-prefix", f"{path} does not begin with {prefix}")
    return path
