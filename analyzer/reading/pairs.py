"""``name: value`` pairs of one log line, and the lines of a log that match a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from analyzer.reading.text import Block, lines_at

NUMBER = rb"[-+]?(?:(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?|(?i:nan|inf(?:inity)?)\b)"
"""A printed number; a time such as 1:02:03 is none, see ``pairs``.

Nothing is tried twice in it (``++``): a line may be a million digits long.
"""

_UNIT = rb"(?:s|sec|secs|ms|MB|M|GB|%)?"
_PAIR = re.compile(
    rb"(?<![\w./@-])([A-Za-z_][\w./@-]*+)\s?[:=]\s*+("
    + NUMBER
    + rb")"
    + _UNIT
    + rb"(?![\w:/]|\.\d)"
)

Pair = tuple[bytes, bytes]


def pairs(text: bytes) -> list[Pair]:
    """(name, digits as printed) of all ``name: value`` and ``name=value`` in a line.

    >>> pairs(b"loss: 0.5, lr=1e-3 batch_cost: 2.1s eta: 1:02:03")
    [(b'loss', b'0.5'), (b'lr', b'1e-3'), (b'batch_cost', b'2.1')]
    """
    return _PAIR.findall(text)


def matches(block: Block, pattern: re.Pattern[bytes]) -> Iterator[tuple[re.Match[bytes], int]]:
    """(match, 1-based line on which it begins) of all that ``pattern`` finds in a block."""
    found = list(pattern.finditer(block.data))
    lines = lines_at(block, np.array([match.start() for match in found], dtype=np.int64))
    return zip(found, lines.tolist(), strict=True)


def in_order(
    block: Block, patterns: Sequence[tuple[bytes, re.Pattern[bytes]]]
) -> Iterator[tuple[int, re.Match[bytes], int]]:
    """(which pattern, match, its line) of all that several patterns find, in the file's order.

    Each pattern comes with a word that its lines hold: most patterns are passed over by it.
    """
    found = [
        (match.start(), which, match, line)
        for which, (word, pattern) in enumerate(patterns)
        if word in block.data
        for match, line in matches(block, pattern)
    ]
    for _, which, match, line in sorted(found, key=lambda row: row[:2]):
        yield which, match, line
