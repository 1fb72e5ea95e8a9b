"""Console captures and free text logs: stdout, stderr, slurm and nohup files; the last resort.

A text file is a run where it looks like the log of a training: values that stand at an epoch or a
step, an epoch header, a start, or an error of a program that trains. A ``.err`` beside a ``.out``
of the same name belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.claim import Claim
from analyzer.reading.console import Console, Found, add_console
from analyzer.reading.encoding import guess_encoding
from analyzer.reading.folder import Folder
from analyzer.reading.text import Block, clean_lines
from analyzer.run import Note, Run

FORMAT = "console"

MOST_CANDIDATES = 2000
"""Of more text files in one folder the last by name are looked at."""

HEAD = 1 << 15
MIDDLE = 1 << 14

_CANDIDATE = re.compile(
    r"\.(?:log|out|err|txt|md|stdout|stderr|o\d+|e\d+)$|^(?:stdout|stderr|stdin|nohup)",
    re.IGNORECASE,
)
_CONSOLE = re.compile(
    r"^(?:slurm|nohup|stdout|stderr|stdin|output|console|screenlog|log)\b|stdout|stderr|slurm"
    r"|\.(?:out|err|o\d+|e\d+)$|train\w*\.(?:log|txt)$",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"^(?:readme|license|licence|changelog|changes|contributing|authors|notice|requirements|gt_"
    r"|classes|labels?|vocab|robots|cmakelists|copying|install|todo|env)|requirements.*\.txt$"
    r"|(?:names|classes|labels|list|vocab|dict|chars?)\.txt$",
    re.IGNORECASE,
)
_WORTH = re.compile(
    rb"epoch|loss|\bstep|iter|traceback|killed|cancelled|out of memory|%\||ep \d|fold \d"
    + "|损失|轮次|에폭|エポック".encode(),
    re.IGNORECASE,
)
_TRAINS = re.compile(
    rb"torch|tensorflow|keras|lightning|transformers|paddle|jax|optuna|cuda|dataloader|epoch|it/s\]"
    rb"|s/it\]|training|train\.py|\bfit\(",
    re.IGNORECASE,
)
_LEARNS = re.compile(
    rb"loss|acc|train|\bval|\bf1|auc|\bm?ap\b|iou|dice|\blr\b|learning|perplexity|\bppl|episode"
    rb"|epsilon|polic|objective|\bcost|psnr|\b[wc]er\b|rmse|mse|mae|gradient"
    + "|损失|准确率|精度|손실|정확도|損失".encode(),
    re.IGNORECASE,
)
"""Counters and rates are printed by other programs too; one that learns tells of this."""
_GAVE_UP = re.compile(rb"^error: .*epoch", re.IGNORECASE | re.MULTILINE)
"""The last words of a program may name the epoch in which it gave up; they are no log."""

_NO_TRAINING = re.compile(rb"pip[/._]_?internal|test session starts|Requirement already satisfied")


def claims(folder: Folder) -> Iterable[Claim]:
    """The text files of a folder that look like the log of a training."""
    candidates = _candidates(folder)
    names = candidates[-MOST_CANDIDATES:]
    if len(names) < len(candidates):
        left_out = len(candidates) - len(names)
        text = f"{left_out:,} more text files in {folder.path} were not looked at; name them"
        folder.passed_over.append(Note(text, str(folder.path)))
    known = set(names)
    seconds = {name: second for name in names if (second := _second(name)) in known}
    companions = set(seconds.values())
    for name in names:
        if name in companions:
            continue
        files = (seconds[name],) if name in seconds else ()
        if any(_is_training(folder, file) for file in (name, *files)):
            yield Claim(name, whole=False, files=files)


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    for name in (claim.main, *claim.files):
        add_console(folder, name, parts)
    return assemble(folder, claim, FORMAT, parts)


def _candidates(folder: Folder) -> list[str]:
    return [name for name in folder.files if _CANDIDATE.search(name) and not _NEVER.search(name)]


def _second(name: str) -> str:
    """The name of the error stream beside an output stream; the name itself where it is none."""
    if name.endswith(".out"):
        return f"{name[:-4]}.err"
    if found := re.search(r"\.o(\d+)$", name):
        return f"{name[: found.start()]}.e{found[1]}"
    return name.replace("stdout", "stderr") if "stdout" in name else ""


def _is_training(folder: Folder, name: str) -> bool:
    loose = not name.endswith((".txt", ".md"))
    strong = bool(_CONSOLE.search(name))
    needed = 1 if strong or loose else 2 if name.endswith(".txt") else 3
    beginning = _clean(folder.head(name).rpartition(b"\n")[0])
    if _LEARNS.search(beginning) and _parsed(name, beginning).values >= needed:
        return True  # most logs show it at once, which saves reading on
    text = _excerpt(folder, name)
    if not _WORTH.search(text):
        return False
    found = _parsed(name, text)
    if found.values and not _LEARNS.search(text):
        return False
    if found.values >= needed:
        return True
    if not (strong or loose) or _NO_TRAINING.search(text):
        return False
    trains = bool(_TRAINS.search(text))
    if "error" in found.events and trains:
        return True
    gave_up = found.epochs == 1 and not found.events and _GAVE_UP.search(text)
    return (
        bool(found.epochs and not gave_up)
        or (trains and "started" in found.events)
        or (strong and "fold" in found.events and found.loose > 0)
        or (strong and found.bars and trains)
    )


def _excerpt(folder: Folder, name: str) -> bytes:
    """The beginning, middle and end of a file, as UTF-8."""
    stat, file = folder.stat(name), folder.open(name)
    if stat is None or file is None:
        return b""
    try:
        with file:
            data = file.read(HEAD)
            encoding = guess_encoding(data)
            for offset, length in ((stat.size // 2, MIDDLE), (stat.size - HEAD, HEAD)):
                if offset > len(data) and encoding[:6] != "utf-16":
                    file.seek(offset)
                    data += b"\n" + file.read(length).partition(b"\n")[2]
    except (OSError, ValueError, EOFError):
        return b""
    return _clean(data, encoding)


def _clean(data: bytes, encoding: str = "") -> bytes:
    text = data.decode(encoding or guess_encoding(data), "replace")
    return clean_lines(text.encode("utf-8", "replace"))


def _parsed(name: str, text: bytes) -> Found:
    console = Console(name)
    console.add(Block(text, 1))
    return console.found()
