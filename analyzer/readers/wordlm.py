"""Console text of PyTorch's word language model and its heirs (AWD-LSTM, Transformer-XL).

Lines such as ``| epoch   1 |   200/ 2983 batches | lr 20.00 | ms/batch 11.75 | loss 6.1 | ...``
and ``| end of epoch   1 | time: 23.1s | valid loss  5.5 | valid ppl   245.1``. The file has any
name; it may begin with the settings as ``Namespace(...)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.claim import Claim
from analyzer.reading.curves import judged_lines
from analyzer.reading.events import EventScan
from analyzer.reading.folder import Folder
from analyzer.reading.literals import namespace
from analyzer.reading.logs import logs_with
from analyzer.reading.names import Split, plain
from analyzer.reading.pairs import NUMBER, matches
from analyzer.reading.settings import USUAL, canonical
from analyzer.reading.tables import Table
from analyzer.reading.text import blocks, decode
from analyzer.reading.values import whole_number
from analyzer.run import Config, LogEvent, Run

FORMAT = "wordlm"

_STEP = rb"\| epoch +(\d{1,9})(?: step +(\d{1,12}))? \| +(\d{1,12})(?:/ *(\d{1,9}))? batches \|"
_ROW = re.compile(
    rb"^\W{0,3}?(?:" + _STEP + rb"|\| (?:end of epoch|Eval) +(\d{1,9})(?: at step +(\d{1,12}))? \|"
    rb"|(Namespace\()|(\| End of training \||Exiting from training early))([^\n]*)",
    re.MULTILINE,
)
_CLAIM = re.compile(
    rb"^\W{0,3}?" + _STEP + rb"[^\n]*\b(?:loss|accuracy) +\S+|^\| end of epoch +\d+ \| time:",
    re.MULTILINE,
)
_PAIR = re.compile(rb"\| {0,40}([a-zA-Z][\w/ ]{0,40}?):? {1,40}(" + NUMBER + rb")")

NAMES = {"ms/batch": "step_time", "time": "epoch_time"}


def claims(folder: Folder) -> Iterable[Claim]:
    """Any text file with such a line."""
    return [Claim(name, whole=False) for name in logs_with(folder, _CLAIM)]


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    steps = Table("step", claim.main, factors={"step_time": 0.001})
    epochs = Table("epoch", claim.main)
    settings: list[tuple[int, Config]] = []
    for row, line in _rows(folder, claim.main, parts):
        split: Split = "train" if row[3] else "val"
        values = [(_series(name, split), value) for name, value in _PAIR.findall(b"|" + row[9])]
        if row[3]:
            epoch = int(row[1])
            steps.add(_step(row), values, line, epoch)
        elif row[6]:
            steps.add(int(row[6]), values, line)
        elif row[5]:
            epochs.add(int(row[5]), values, line)
        elif row[7]:
            own = namespace(decode(row[0]))
            settings.append((line, canonical(own, USUAL, file=claim.main)))
            steps.start(line, "the settings are printed")
        else:
            _end(parts.events, claim.main, line, decode(row[0]).strip())
    parts.tables += [steps, epochs]
    _, last = judged_lines(parts.tables)
    parts.config = next((c for line, c in reversed(settings) if line <= last), Config())
    parts.planned_epochs = whole_number(parts.config.get("train.epochs"))
    return assemble(folder, claim, FORMAT, parts)


def _rows(folder: Folder, name: str, parts: Parts) -> Iterator[tuple[re.Match[bytes], int]]:
    scan = EventScan(name)
    for block in blocks(folder, name, parts.notes):
        scan.add(block)
        yield from matches(block, _ROW)
    told = ("ended", "interrupted")
    parts.events += [e for e in scan.finish() if e.kind not in told]


def _end(events: list[LogEvent], file: str, line: int, text: str) -> None:
    """Note the end of a training; one that was interrupted is tested too, and stays so."""
    kind = "ended" if text.startswith("|") else "interrupted"
    if not events or events[-1].kind != "interrupted":
        events.append(LogEvent(kind, file, line, text))


def _step(row: re.Match[bytes]) -> int:
    """Updates so far: the rows count the batches of an epoch, or name the step."""
    if row[2]:
        return int(row[2])
    before = (int(row[1]) - 1) * int(row[4]) if row[4] else 0
    return before + int(row[3])


def _series(name: bytes, split: Split) -> str:
    own = decode(name)
    return NAMES.get(own) or plain(own, split).series
