"""Weights & Biases, as it lies on disk: ``wandb/run-<date>_<time>-<id>/``, or its files alone.

The curves are in the ``.wandb`` file; where only the folder ``files`` was kept, they are read from
what the program printed (``output.log``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from analyzer.errors import FormatError
from analyzer.formats import yaml12
from analyzer.readers.wandb.history import MAGIC, History, read_history
from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.claim import Claim
from analyzer.reading.console import add_console
from analyzer.reading.events import told_status
from analyzer.reading.folder import Folder
from analyzer.reading.jsonfile import parse, read_object
from analyzer.reading.scalars import scalar_tables
from analyzer.reading.settings import USUAL, canonical, merged, planned
from analyzer.reading.text import decode, read_text
from analyzer.reading.values import number
from analyzer.run import Config, Note, Run, Status, flatten

FORMAT = "wandb"
OUTPUT, CONFIG = "output.log", "config.yaml"
SUMMARY, METADATA = "wandb-summary.json", "wandb-metadata.json"
FILES = "files"
MAX_CONFIG = 1 << 22
MAX_SUMMARY = 1 << 25

LATEST = "latest-run"

_HISTORY = re.compile(r"run-\w+\.wandb$")
_RUN_FOLDER = re.compile(r"(?:offline-)?run-\d{8}_\d{6}-\w+$")


def claims(folder: Folder) -> Iterable[Claim]:
    """The folder of a run, the files of one copied alone, or loose ``.wandb`` files."""
    if _copied_link(folder):
        return
    histories = [n for n in folder.files if n.endswith(".wandb") and _is_history(folder, n)]
    if FILES in folder.folders and (histories or _RUN_FOLDER.match(folder.path.name)):
        own = tuple(name for name in (FILES, "logs", "tmp") if name in folder.folders)
        kept = [f"{FILES}/{name}" for name in (OUTPUT, CONFIG) if folder.has(f"{FILES}/{name}")]
        found = [*histories[:1], *kept]
        if found:
            yield Claim(found[0], files=tuple(found[1:]), folders=own)
    elif _are_files(folder):
        found = [name for name in (OUTPUT, CONFIG, SUMMARY, METADATA) if folder.has(name)]
        yield Claim(found[0], files=tuple(found[1:]))
    else:
        yield from (Claim(name, whole=False) for name in histories)


def _copied_link(folder: Folder) -> bool:
    """Whether the folder is what copying made of the link to the latest run."""
    if folder.path.name != LATEST or not folder.at:
        return False
    runs = {name[len("run-") : -len(".wandb")] for name in folder.files if _HISTORY.match(name)}
    beside = folder.tree.list(folder.at.rpartition("/")[0]).folders
    return any(name.rpartition("-")[2] in runs for name in beside)


def _is_history(folder: Folder, name: str) -> bool:
    return folder.head(name).startswith(MAGIC)


def _are_files(folder: Folder) -> bool:
    if folder.has(SUMMARY) or folder.has(METADATA):
        return folder.has(OUTPUT) or folder.has(CONFIG)
    return folder.has(OUTPUT) and b"_wandb:" in folder.head(CONFIG)


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    files = folder.below(FILES) if FILES in claim.folders else folder
    prefix = f"{FILES}/" if FILES in claim.folders else ""
    history = _history(folder, claim.main, parts.notes)
    if claim.whole and history.name:
        parts.name = f"{history.name}-{folder.path.name.rpartition('-')[2]}"
    parts.tables = scalar_tables(history.scalars(), claim.main, parts.notes)
    if claim.whole:
        _add_output(folder, f"{prefix}{OUTPUT}", parts)
        parts.config = _settings(files, f"{prefix}{CONFIG}", parts.notes)
        _add_times(files, parts)
    parts.config = merged(parts.config, canonical(history.config, USUAL))
    parts.planned_epochs = planned(parts.config, "train.epochs") or parts.planned_epochs
    parts.planned_steps = planned(parts.config, "train.steps") or parts.planned_steps
    if history.exit_code is not None and told_status(parts.events) is None:
        parts.status = Status.FAILED if history.exit_code else Status.FINISHED
        parts.status_because = f"W&B recorded the exit code {history.exit_code}"
    return assemble(folder, claim, FORMAT, parts)


def _history(folder: Folder, name: str, notes: list[Note]) -> History:
    file = folder.open(name) if name.endswith(".wandb") else None
    if file is None:
        return History()
    try:
        with file:
            return read_history(file, name, notes)
    except (OSError, ValueError, EOFError) as error:
        notes.append(Note(f"{name} cannot be read: {error}", name))
        return History()


def _add_output(folder: Folder, name: str, parts: Parts) -> None:
    """What the program printed: its events, and its values where no history holds them."""
    if not folder.has(name):
        return
    printed = Parts()
    add_console(folder, name, printed)
    parts.events += printed.events
    parts.notes += printed.notes
    parts.config = merged(parts.config, printed.config)
    if not parts.tables:
        parts.tables = printed.tables
        parts.planned_epochs, parts.planned_steps = printed.planned_epochs, printed.planned_steps
        parts.samples = printed.samples


def _settings(files: Folder, file: str, notes: list[Note]) -> Config:
    """config.yaml, where each key holds a ``value``; what W&B adds for itself is left out."""
    data = read_text(files, CONFIG, notes, limit=MAX_CONFIG)
    if data is None:
        return Config()
    try:
        document = yaml12.parse(decode(data), file=file, lenient=True)
    except FormatError as error:
        notes.append(Note(str(error), file, error.line))
        return Config()
    if not isinstance(document.value, Mapping):
        return Config()
    own: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key, entry in document.value.items():
        if key in ("_wandb", "wandb_version") or not isinstance(entry, Mapping):
            continue
        for name, value in flatten({str(key): entry.get("value")}):
            inner = name.removeprefix(str(key))
            own[name] = value
            line = document.lines.get(f"{key}.value{inner}") or document.lines.get(str(key))
            if line is not None:
                lines[name] = line
    return canonical(own, USUAL, file=file, lines=lines)


def _add_times(files: Folder, parts: Parts) -> None:
    """When the program started and, by the seconds in the summary, ended."""
    metadata = read_object(files, METADATA, parts.notes)
    git = metadata.get("git")
    told = {
        "python": metadata.get("python"),
        "gpu": metadata.get("gpu"),
        "git_commit": git.get("commit") if isinstance(git, Mapping) else None,
    }
    parts.environment = {key: value for key, value in told.items() if isinstance(value, str)}
    try:
        parts.started = datetime.fromisoformat(str(metadata.get("startedAt")))
    except ValueError:
        return
    seconds = number(_summary(files).get("_runtime"))
    if seconds and 0 < seconds < 1e8:
        parts.ended = parts.started + timedelta(seconds=seconds)


def _summary(files: Folder) -> Mapping[str, Any]:
    """The last value of everything; it may hold histograms of megabytes, and is then left."""
    data = read_text(files, SUMMARY, [], limit=MAX_SUMMARY)
    try:
        value = parse(data or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, Mapping) else {}
