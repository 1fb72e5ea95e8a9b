"""A printed line without what stands in the way of its numbers."""

from __future__ import annotations

import re

_CLOCK = re.compile(rb"\d:\d|maxDets=")
_STAMPS = re.compile(
    rb"(?=\d)(?:\d{4}[-/.]\d\d?[-/.]\d\d?(?:[ T]+\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?)?"
    rb"|\d\d?/\d\d?(?:/\d\d(?:\d\d)?)?[ ,]+\d\d?:\d\d(?::\d\d)?"
    rb"|(?<![\d.])\d+:\d\d(?::\d\d)?(?:[.,]\d+)?(?![\d.]))"
)
_LOGGER = re.compile(
    rb"^[^\n{(]{0,100}?\b(?:INFO|DEBUG)\b\]?(?::[\w.]*:)?[\s:|\])-]*(?:[\w./]+\.py:\d+\]?[\s:|\])-]*)?"
)
_LOGURU = re.compile(rb"^[^\n{(]{0,60}\| [\w.<>]{1,100}:[\w.<>]{1,60}:\d+ - ")
_GLOG = re.compile(rb"^[IWEF]\d{4,8} [\d:.]+ +\d+ [\w./-]+:\d+\] ?")
_ALIGNED = re.compile(rb"(?<=[^ ]) {2,}(?=[-\d])")
_ARROWS = re.compile(rb"\[[=>.]{8,}\]")
_RANGES = re.compile(rb"(?i)(mAP\w*)@?[_ ]?\[?(?:IoU=)?0?\.50?[:-]0?\.95\]?|(mAP50)-95")
_COCO = re.compile(
    rb" *Average Precision +\(AP\) @\[ IoU=0\.50(:0\.95)? +\| area= +all \| maxDets=100 \] ="
)


def plain_line(line: bytes) -> bytes:
    """A line without its logger's prefix, clocks, arrows, and digits that belong to names."""
    if b"INFO" in line or b"DEBUG" in line:
        line = _LOGGER.sub(b"", _LOGURU.sub(b"", line))
    elif line[:1] in b"IWEF" and line[1:5].isdigit():
        line = _GLOG.sub(b"", line)
    if _CLOCK.search(line):
        line = _STAMPS.sub(b" ", line)
        if b"maxDets=" in line:
            line = _COCO.sub(lambda m: b" val mAP_range:" if m[1] else b" val mAP_half:", line)
    if b"95" in line:
        line = _RANGES.sub(b"mAP_range", line)
    if b"  " in line:
        line = _ALIGNED.sub(b" ", line)
    return _ARROWS.sub(b"[=]", line) if b"]" in line else line
