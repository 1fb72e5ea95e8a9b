"""The text log of detectron2: progress lines, the config, evaluations as ``copypaste`` lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzer.errors import FormatError
from analyzer.formats import yaml12
from analyzer.readers.detectron2.names import MAIN, all_series, factor_of, series_of
from analyzer.readers.detectron2.settings import SPELLINGS
from analyzer.reading.events import EventScan
from analyzer.reading.folder import Folder
from analyzer.reading.pairs import matches
from analyzer.reading.settings import MAX_CONFIG, canonical
from analyzer.reading.tables import Table
from analyzer.reading.text import blocks, decode
from analyzer.run import Config, LogEvent, Note, flatten

_STAMP = rb"^\[\d\d/\d\d \d\d:\d\d:\d\d"
PROGRESS = re.compile(
    _STAMP
    + rb"(?:@[\w.:]+| [\w.]+)?\]:?[^\n]*?(?:\bd2\.|detectron2|fvcore|iter: \d+  total_loss: )",
    re.MULTILINE,
)
LINES = re.compile(
    rb"(?P<iter>\biter: (\d{1,15})  ([^\n]*))"
    rb"|(?P<copy>copypaste: ([^\n]*))"
    rb"|(?P<saved>Saving checkpoint to [^\n]*?model_(\d{7})\.pth)"
    rb"|(?P<start>Starting training from iteration (\d{1,15}))"
    rb"|(?P<images>Loaded (\d{1,15}) images in COCO format)"
    rb"|(?P<batches>Start inference on (\d{1,15})[^\n]*)"
)
"""What kinds of lines there are."""

_CONFIG = re.compile(
    rb"Running with full config:[ \t]*\n(.*?)(?=" + _STAMP + rb"|\Z)", re.MULTILINE | re.DOTALL
)
_STARTING = "Starting training from iteration"


class Line(NamedTuple):
    """A line of one kind: the number it is about, the text after it, where it stands."""

    kind: str
    number: int
    text: bytes
    line: int


@dataclass
class TextLog:
    """What a log says."""

    file: str
    lines: list[Line] = field(default_factory=list)
    events: list[LogEvent] = field(default_factory=list)
    config: Config | None = None
    samples: dict[str, int] = field(default_factory=dict)

    def starts(self) -> list[LogEvent]:
        """The starts of the program, for a run whose curves stand elsewhere."""
        return [
            LogEvent("started", self.file, line.line, f"{_STARTING} {line.number}")
            for line in self.lines
            if line.kind == "start"
        ]


def read_textlog(folder: Folder, name: str, notes: list[Note]) -> TextLog:
    """Read one log."""
    log = TextLog(name)
    scan = EventScan(name)
    text, line = b"", 1
    for block in blocks(folder, name, notes):
        scan.add(block)
        for match, at in matches(block, LINES):
            log.lines.append(_line(match, at))
        for match, at in matches(block, _CONFIG):
            text, line = match[1][:MAX_CONFIG], at
    log.events = [event for event in scan.finish() if event.kind != "started"]
    log.config = _config(text, name, line, notes)
    log.samples = _samples(log.lines)
    return log


def _line(match: re.Match[bytes], line: int) -> Line:
    kind = match.lastgroup or ""
    groups = [group for group in match.groups()[1:] if group is not None and group != match[0]]
    if kind == "copy":
        return Line(kind, 0, groups[0] if groups else b"", line)
    rest = groups[1] if len(groups) > 1 else b""
    return Line(kind, int(groups[0]), rest, line)


def _config(text: bytes, name: str, line: int, notes: list[Note]) -> Config | None:
    if not text:
        return None
    try:
        document = yaml12.parse(decode(text), file=name, lenient=True)
    except FormatError as error:
        notes.append(Note(f"the config printed in {name} is damaged: {error}", name, line))
        return None
    value = document.value
    if not isinstance(value, dict):
        return None
    lines = {key: line + place for key, place in document.lines.items()}
    return canonical(dict(flatten(value)), SPELLINGS, file=name, lines=lines)


def _samples(lines: list[Line]) -> dict[str, int]:
    """The images that were loaded last before an evaluation of at most so many batches."""
    images = 0
    for line in lines:
        if line.kind == "images":
            images = line.number
        elif line.kind == "batches" and images >= line.number > 0:
            return {"val": images}
    return {}


def log_tables(log: TextLog, period: int) -> list[Table]:
    """The training by iteration, and the evaluations.

    An evaluation does not say where it stands: at the next multiple of ``period``, which is
    logged as one less, else at the last iteration that was logged or saved.
    """
    train = Table("step", log.file)
    val = Table("step", log.file, repeats=True)
    names: dict[bytes, str | None] = {}
    header: list[bytes] = []
    last, kind = 0, b""
    for line in log.lines:
        if line.kind == "start":
            train.start(line.line, f"{_STARTING} {line.number}")
            last = max(0, line.number - 1)
        elif line.kind == "saved":
            last = max(last, line.number)
        elif line.kind == "iter":
            last = line.number
            train.add(last, _values(line.text, names), line.line)
        elif line.kind == "copy":
            if line.text.startswith(b"Task:"):
                kind, header = line.text.removeprefix(b"Task:").strip(), []
            elif not header:
                header = line.text.strip().split(b",")
            else:
                values = _evaluated(kind, header, line.text.strip().split(b","))
                val.add(_evaluated_at(last, period), values, line.line)
                header = []
    val.factors = {name: factor_of(name) for name in val.rows().columns}
    return [table for table in (train, val) if len(table)]


def _values(text: bytes, names: dict[bytes, str | None]) -> Iterator[tuple[str, bytes]]:
    for part in text.split(b"  "):
        own, _, value = part.partition(b": ")
        if own not in names:
            names[own] = series_of(decode(own.strip()))
        series = names[own]
        if series is not None and value and b":" not in value:
            yield series, value.rstrip(b"M ")


def _evaluated(task: bytes, header: list[bytes], cells: list[bytes]) -> list[tuple[str, bytes]]:
    own = [f"{decode(task)}/{decode(name)}" for name in header]
    series = all_series(own)
    return [
        (series[name], cell)
        for name, cell in zip(own, cells, strict=False)
        if name in series and (cell != b"nan" or series[name] in MAIN)
    ]


def _evaluated_at(last: int, period: int) -> int:
    return last if period <= 0 else -(-(last + 1) // period) * period - 1
