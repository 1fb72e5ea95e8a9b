"""Python tracebacks in a log, each folded to the line that says what went wrong."""

from __future__ import annotations

import itertools
import re
from typing import NamedTuple

MOST_LINES = 600
"""A traceback longer than this (deep recursion is folded by Python itself) is given up."""

MOST_OTHERS = 40
"""Lines of other processes that may stand between the frames and the last line."""

HEADER = b"Traceback (most recent call last)"

PREFIX = re.compile(
    rb"(?:\[rank\d+\]:|\[\d+,\d+\]<std(?:err|out)>:|std(?:err|out): |\d{1,4}: "
    rb"|\([\w.]+ pid=\d+[^)]{0,40}\)|[EWIF]\d{4} [\d:.]{8,15} +\d+ [^\]\n]{1,120}\]"
    rb"|\[?\d{4}[-/]\d\d[-/]\d\d[ T][\d:.,]{5,15}\]?[^\n]{0,60}?"
    rb"\b(?:ERROR|INFO|CRITICAL|WARNING)\b[\]:|-]*(?: -)?"
    rb"|(?:ERROR|CRITICAL|INFO):[\w.]*:| {0,4}\|(?= ))[ ]?"
)
"""What ranks, launchers and loggers put before a line; one blank belongs to it."""

_FRAME = re.compile(rb"\s|$|File \"|> File |\xe2|\+-|\.\.\.|\^")
_EXCEPTION = re.compile(
    rb"(?:[A-Za-z_]\w*\.)*(?:[A-Za-z_]\w*(?:Error|Exception|Interrupt|Exit|Timeout|Expired|Killed"
    rb"|Failed|Failure|Fault|Warning|Stop\w*|Abort\w*|NotFound|Mismatch|Violation|Cancelled)"
    rb"|(?<=\.)(?:error|timeout|Empty))(?=:|$| *\()"
)
_OTHER_EXCEPTION = re.compile(rb"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?=:|$)")
_NO_NAME = re.compile(rb"(?:INFO|WARNING|WARN|ERROR|DEBUG|CRITICAL|NOTE|HINT|Epoch|Step)\b")
_DECORATION = re.compile(rb"[\s=_*#-]*$")
_EXIT_CODE = re.compile(rb"exitcode\s*: (-?\d+)")
_REPORT = re.compile(rb"\n[^\n]{0,120}?={20,}[^\S\n]*(?=\n|\Z)")
"""The launcher's report of a failed process stands between two such lines."""

_CPP = b"C++ Traceback"
_SUMMARY = re.compile(rb"Error Message Summary:\s*\n[-\s]*\n?([^\n]+)(?:\n\s*([^\n]+))?")
_NEAR = 20_000
"""So many bytes after an exception line its report or its summary is looked for."""


class Traceback(NamedTuple):
    """``start`` and ``end`` are byte offsets of its lines; ``text`` is its exception line.

    ``end`` is None where the text ends before the exception line; ``at`` is an offset in that
    line, ``rank`` what every line of its process bears.
    """

    start: int
    end: int | None
    text: bytes
    at: int
    rank: bytes = b""
    ignored: bool = False


def single_tracebacks(data: bytes) -> list[Traceback]:
    """All tracebacks in a text, in order; one inside the message of another counts too."""
    found: list[Traceback] = []
    at = data.find(HEADER)
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        reported = found and b"ChildFailedError" in found[-1].text and at < (found[-1].end or 0)
        if not data[start:at].endswith(b"C++ ") and not reported:
            found.append(_fold(data, start, at))
        following = data.find(b"\n", at)
        at = data.find(HEADER, following) if following >= 0 else -1
    return found


def body(line: bytes) -> bytes:
    """A line without what a rank, a launcher or a logger put before it."""
    match = PREFIX.match(line)
    return line[match.end() :] if match else line


def _fold(data: bytes, start: int, header: int) -> Traceback:
    ignored = b"Exception ignored in" in data[max(0, start - 400) : start].rpartition(b"\n\n")[2]
    own = _rank(data[start:header])
    at = _next_line(data, header)
    spare, others, last = Traceback(start, None, b"", start, own, ignored), 0, at
    for _ in range(MOST_LINES):
        if at >= len(data):
            return spare
        begin, end = at, _next_line(data, at)
        line, at = data[at:end].rstrip(), end
        if own and not line.startswith(own):
            continue
        text = body(line)
        if HEADER in text:
            break
        if _FRAME.match(text):
            last = end
            continue
        if _EXCEPTION.match(text):
            message = _whole_message(data, end, text)
            if b"ChildFailedError" in text:
                lines = list(itertools.islice(_REPORT.finditer(data, end - 1, end + _NEAR), 2))
                end = lines[-1].end() if lines else end
            return Traceback(start, end, message, begin, own, ignored)
        if not spare.text and _OTHER_EXCEPTION.match(text) and not _NO_NAME.match(text):
            spare = spare._replace(text=text, at=begin)
        others += 1
        if others > MOST_OTHERS:
            break
    return spare._replace(end=last)


def _rank(before: bytes) -> bytes:
    """The prefix that all lines of this process bear; empty where it changes or is none."""
    match = PREFIX.match(before)
    if match is None or re.search(rb"\d\d:\d\d", match[0]):
        return b""
    return match[0].rstrip() if match[0].strip() and match[0][:1] in b"[(" else b""


def _whole_message(data: bytes, at: int, text: bytes) -> bytes:
    """The exception line, with the line after it where the message starts only there."""
    if not text.endswith(b":"):
        return text
    following = data[at : at + 2000]
    if b"ChildFailedError" in text:
        code = _EXIT_CODE.search(following)
        return text + (b" exitcode " + code[1] if code else b" a process failed")
    for line in following.split(b"\n")[:4]:
        words = body(line).strip()
        if words.startswith(_CPP):
            return _paddle_summary(data[at : at + _NEAR]) or text
        if words and not _DECORATION.match(words):
            return text + b" " + words
    return text


def _paddle_summary(following: bytes) -> bytes:
    """Paddle tells the error itself only after the frames of its C++ side."""
    found = _SUMMARY.search(following)
    if found is None:
        return b""
    first, second = found[1].strip(), (found[2] or b"").strip()
    return first + b" " + second if first.endswith(b":") else first


def _next_line(data: bytes, at: int) -> int:
    end = data.find(b"\n", at)
    return len(data) if end < 0 else end + 1
