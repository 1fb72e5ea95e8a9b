"""Markdown that fits: GitHub takes comments and descriptions of up to 65,536 characters."""

from __future__ import annotations

from collections.abc import Sequence

LIMIT = 65_536
NOTE = 200
"""Characters kept free for the sentence that says what is missing."""

HEAD = 4
"""The title, the summary and the first picture always stay."""

FOLD = "<details>"


def fitted(blocks: Sequence[str], limit: int = LIMIT) -> list[str]:
    """The blocks, joined by blank lines, in at most ``limit`` characters, and what is missing.

    Left out are whole blocks, from the end: first those behind a line that opens them, then any.
    """
    size = sum(len(block) + 2 for block in blocks)
    if size <= limit:
        return list(blocks)
    gone: set[int] = set()
    for fold in (FOLD, ""):
        for i in range(len(blocks) - 1, HEAD - 1, -1):
            if size > limit - NOTE and i not in gone and blocks[i].startswith(fold):
                gone.add(i)
                size -= len(blocks[i]) + 2
    kept = [block for i, block in enumerate(blocks) if i not in gone]
    parts = "1 part is" if len(gone) == 1 else f"{len(gone)} parts are"
    return [*kept, f"{parts} left out, for this to fit into a comment; report.html has them all."]
