"""What any text log may say besides numbers: errors, kills, saves, starts and ends.

Kinds: ``error`` (tracebacks folded to the line of their cause, a kill, a full disk),
``interrupted`` (the user stopped it), ``stopped`` (early stopping), ``ended`` (the program says
that training is over), ``started``, ``fold``, ``saved``, ``best``, and ``weights`` (how much of a
weight file was loaded).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from analyzer.reading.chains import tracebacks
from analyzer.reading.phrases import PHRASES
from analyzer.reading.text import Block, decode, lines_at
from analyzer.reading.tracebacks import Traceback, body
from analyzer.run import LogEvent, Status

MOST = 5_000
"""Events of one file that are kept; what comes later is left out."""

MOST_TEXT = 500
NEAR = 500
"""The same error again within so many lines is another rank's, or the launcher's report."""

CARRIED = 1 << 18


_NOT_AN_ERROR = re.compile(r"warn|\bretry|\b(?:if|avoid|prevent) ", re.IGNORECASE)
_SEQUEL = re.compile(
    r"^what\(\): |ChildFailedError|CalledProcessError|^srun: error|ProcessRaisedException"
    r"|DataLoader worker \(pid|^terminate called|core dumped",
    re.IGNORECASE,
)
"""What a launcher or a parent says of an error that was told before."""

_BEST = re.compile(r"\bbest\b|improved|最佳|最优|最好|최고|최적", re.IGNORECASE)
KILLED = re.compile(
    r"(?<!by signal: )\bkilled\b(?! by signal)|cancelled|oom[-_]kill|memory limit|job killed"
    r"|exitcode -(?:9|15)\b|TERM_",
    re.IGNORECASE,
)
_COMPILED = tuple((p.kind, p.words, re.compile(p.pattern, re.IGNORECASE)) for p in PHRASES)


@dataclass
class EventScan:
    """Collects the events of one file, block by block; a traceback may span two blocks."""

    file: str
    events: list[LogEvent] = field(default_factory=list)
    _carried: bytes = b""

    def add(self, block: Block) -> None:
        """Scan the next block of the file."""
        if self._carried:
            lines = self._carried.count(b"\n")
            block = Block(self._carried + block.data, block.line - lines)
            self._carried = b""
        found = tracebacks(block.data)
        if found and found[-1].end is None and len(block.data) - found[-1].start < CARRIED:
            start = found.pop().start
            self._carried = block.data[start:]
            block = Block(block.data[:start], block.line)
        self._take(block, found)

    def finish(self) -> list[LogEvent]:
        """All events in the order of the lines."""
        if self._carried:
            line = self._line
            carried, self._carried = self._carried, b""
            self._take(Block(carried, line), tracebacks(carried))
        return self.events[:MOST]

    _line: int = 1

    def _take(self, block: Block, found: Sequence[Traceback]) -> None:
        self._line = block.line + block.data.count(b"\n")
        places = np.array([trace.at for trace in found], dtype=np.int64)
        lines = lines_at(block, places)
        events = [
            event
            for trace, line in zip(found, lines, strict=True)
            if (event := _error(trace, self.file, int(line))) is not None
        ]
        events += _phrases(block, self.file, found)
        events.sort(key=lambda event: event.line)
        for event in events:
            if len(self.events) < MOST and not _told_before(event, self.events):
                self.events.append(event)


def scan_events(block: Block, file: str) -> list[LogEvent]:
    """The events in a whole small text; for a log in several blocks use ``EventScan``."""
    scan = EventScan(file)
    scan.add(block)
    return scan.finish()


def told_status(events: Iterable[LogEvent]) -> tuple[Status, str] | None:
    """What the last event that tells of an end says of the status; None where none does.

    What stands before the last start in the same file is of an earlier one.
    """
    last: LogEvent | None = None
    for event in events:
        if event.kind in ("started", "restarted", "resumed"):
            last = None if last is not None and last.file == event.file else last
        elif event.kind in _STATUS:
            last = event
    if last is None:
        return None
    status = _STATUS[last.kind]
    if last.kind == "error" and KILLED.search(last.text):
        status = Status.KILLED
    return status, f"{last.file}:{last.line} says {last.text[:200]}"


_STATUS = {
    "error": Status.FAILED,
    "interrupted": Status.INTERRUPTED,
    "stopped": Status.STOPPED_EARLY,
    "ended": Status.FINISHED,
}


def _error(trace: Traceback, file: str, line: int) -> LogEvent | None:
    text = decode(trace.text).strip()[:MOST_TEXT] or "a traceback that was cut off"
    if trace.ignored or text.startswith(("SystemExit: 0", "GeneratorExit")):
        return None
    kind = "interrupted" if text.startswith("KeyboardInterrupt") else "error"
    return LogEvent(kind, file, line, text)


def _phrases(block: Block, file: str, found: Sequence[Traceback]) -> list[LogEvent]:
    """The events that a line shows by its words, outside of tracebacks."""
    data = block.data
    lower = data.lower()
    taken: dict[int, LogEvent] = {}
    longest = cache(lambda part: part.encode() in lower)

    def known(word: str) -> bool:
        return longest(max(word.split(), key=len))

    for kind, words, pattern in _COMPILED:
        for start, end in _lines_with(lower, words, known):
            if start in taken or _inside(start, found):
                continue
            text = decode(body(data[start:end])).strip()[:MOST_TEXT]
            if pattern.search(text) and not (kind == "error" and _NOT_AN_ERROR.search(text)):
                named = "best" if kind == "saved" and _BEST.search(text) else kind
                taken[start] = LogEvent(named, file, 0, text)
                if len(taken) >= MOST:
                    break
    starts = np.array(list(taken), dtype=np.int64)
    return [
        LogEvent(event.kind, file, int(line), event.text)
        for event, line in zip(taken.values(), lines_at(block, starts), strict=True)
    ]


def _lines_with(
    lower: bytes, words: tuple[str, ...], known: Callable[[str], bool]
) -> Iterable[tuple[int, int]]:
    """(start, end) of every line that holds one of ``words``, unless ``known`` rules them out."""
    for word in words:
        needle = word.encode()
        at = lower.find(needle) if known(word) else -1
        while at >= 0:
            start = lower.rfind(b"\n", 0, at) + 1
            end = lower.find(b"\n", at)
            end = len(lower) if end < 0 else end
            if end - start < 4 * MOST_TEXT:
                yield start, end
            at = lower.find(needle, end)


def _inside(offset: int, found: Sequence[Traceback]) -> bool:
    at = bisect_right(found, offset, key=lambda trace: trace.start) - 1
    return at >= 0 and offset < (found[at].end or 0)


def _told_before(event: LogEvent, before: Sequence[LogEvent]) -> bool:
    """Whether an error repeats one just told: of another rank, or reported by the launcher.

    After a start it is told again, since what stands before that is of an earlier program.
    """
    if event.kind != "error":
        return False
    for other in reversed(before):
        if event.line - other.line > NEAR or other.kind == "started":
            return False
        if other.kind in ("error", "interrupted") and (
            _SEQUEL.search(event.text) or _shape(other.text) == _shape(event.text)
        ):
            return True
    return False


def _shape(text: str) -> str:
    return re.sub(r"[\d.]+", "0", text)
