"""Captured output beside the files of a run: often the only place that says why it ended."""

from __future__ import annotations

import re

from analyzer.reading.claim import Claim
from analyzer.reading.events import EventScan
from analyzer.reading.folder import Folder
from analyzer.reading.text import blocks
from analyzer.run import LogEvent, Note

MOST_FILES = 4
"""Of more captures in one place the last by name are read."""

MOST_BYTES = 1 << 26
"""A larger one is left alone."""

_CAPTURE = re.compile(
    r"^(?:slurm|nohup|console|screenlog)\b|stdout|stderr|\.(?:err|out|[eo]\d+)$", re.IGNORECASE
)


def told_beside(folder: Folder, claim: Claim) -> list[LogEvent]:
    """Errors and stops that captured output of the same run tells of.

    In a folder that is the run every capture counts, also one in its ``logs``; elsewhere only one
    of the same name.
    """
    found: list[LogEvent] = []
    for name in _captures(folder, claim)[-MOST_FILES:]:
        stat = folder.stat(name)
        if stat is None or stat.size > MOST_BYTES:
            continue
        scan, notes = EventScan(name), list[Note]()
        for block in blocks(folder, name, notes):
            scan.add(block)
        found += [e for e in scan.finish() if e.kind in ("error", "interrupted")]
    return found


def _captures(folder: Folder, claim: Claim) -> list[str]:
    own = {claim.main, *claim.files}
    names = [name for name in folder.files if _CAPTURE.search(name) and name not in own]
    if not claim.whole:
        stem = claim.main.rpartition(".")[0] or claim.main
        return [name for name in names if name.rpartition(".")[0] == stem]
    if "logs" in folder.folders:
        names += [f"logs/{name}" for name in folder.below("logs").files if _CAPTURE.search(name)]
    return [name for name in names if name not in own]
