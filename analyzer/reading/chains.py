"""Tracebacks that belong together, folded to their cause.

Python prints an exception that was raised while another one was handled below that one, and a
loader's worker sends its own traceback inside the message of the one that reports it. The first
that is more than a matter of routine is the cause; what came of it is told after it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from analyzer.reading.tracebacks import Traceback, body, single_tracebacks

LINKS = (
    b"During handling of the above exception, another exception occurred",
    b"The above exception was the direct cause of the following exception",
)

GAP = 4000
"""Bytes between two tracebacks in which a link is looked for; other ranks may write there."""

_ORIGINAL = b"Original Traceback (most recent call last)"
_CAUGHT = re.compile(rb"(?:[\w.]+: )?Caught [\w.]+ in ")
_ROUTINE = re.compile(rb"(?:[\w.]+\.)?(?:Empty|Full|StopIteration|StopAsyncIteration)\b")
"""What is raised and handled in every healthy program, such as an empty queue."""


def tracebacks(data: bytes) -> list[Traceback]:
    """All tracebacks in a text, in order, those that belong together as one."""
    chains: list[list[Traceback]] = []
    for trace in single_tracebacks(data):
        chain = _chain_of(trace, chains, data)
        if chain is None:
            chains.append([trace])
        else:
            chain.append(trace)
    return [chain[0] if len(chain) == 1 else _folded(chain) for chain in chains]


def _chain_of(
    trace: Traceback, chains: Sequence[list[Traceback]], data: bytes
) -> list[Traceback] | None:
    """The chain that a traceback goes on with: the last one of its own process."""
    for chain in reversed(chains):
        last = chain[-1]
        if last.rank != trace.rank or last.end is None:
            continue
        gap = data[max(last.at, trace.start - GAP) : trace.start]
        linked = any(link in gap for link in LINKS)
        inside = _ORIGINAL in data[trace.start : trace.start + 200].partition(b"\n")[0]
        return chain if linked or (inside and _CAUGHT.match(last.text)) else None
    return None


def _folded(chain: Sequence[Traceback]) -> Traceback:
    """One traceback for a chain: its cause, and the exception that ended the program."""
    told = [trace for trace in chain if trace.text and not _CAUGHT.match(trace.text)]
    real = [trace for trace in told if not _ROUTINE.match(trace.text)] or told or list(chain)
    cause, last = real[0], real[-1]
    text = cause.text
    if _message(cause.text) not in last.text:
        text = cause.text + b"; then " + last.text
    elif last is not cause:
        cause, text = last, last.text
    whole = chain[-1].end
    return chain[0]._replace(end=whole, text=text, at=cause.at)


def _message(text: bytes) -> bytes:
    return body(text).partition(b": ")[2] or text
