"""What is wrong in the data file that a log names, or that broke a training without being named.

A log is a stranger's text: a file is opened only below the folder of ``--data`` or a data folder
below the paths given, links out of it are not followed, and what is read is bounded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from analyzer.finding import Diagnosis, FileEvidence, Finding
from analyzer.formats.icdar import parse_labels, parse_list
from analyzer.formats.textlines import Fault
from analyzer.run import Run

RULES = ("file-not-found", "label-not-a-number", "label-too-short", "charset-too-small", "crashed")
"""Rules whose findings may come from the data."""

MOST_BYTES = 1 << 20
"""Of a larger label or list file the beginning is read."""

MOST_LABELS = 5_000
"""So many label files are looked through where the log names none."""

MOST_NAMES = 100_000
DEPTH = 2
"""So deep below the paths given a data folder is looked for."""

_PATH = re.compile(
    r"((?:[A-Za-z]:)?[\w./\\-]*[\w-]\.(?:txt|jpe?g|png|bmp|tiff?|webp|gif))"
    r"(?:[:,]? ?(?:line )?(\d+))?",
    re.IGNORECASE,
)
_KINDS = {
    "label-not-a-number": ("not-a-number", "tab", "not-finite", "full-width-comma", "bom"),
    "label-too-short": ("too-few-numbers", "empty-text", "blank-line"),
}


class Place(NamedTuple):
    """A line of a data file, or the whole file, and what is wrong there."""

    file: Path
    line: int | None
    text: str


def data_folders(paths: Iterable[Path], given: Path | None) -> list[Path]:
    """The folders that data files may be read from: the one given, else those below ``paths``."""
    if given is not None:
        return [given]
    return [folder for path in paths if path.is_dir() for folder in _with_lists(path, DEPTH)]


def _with_lists(folder: Path, depth: int) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            listed = list(islice(entries, MOST_NAMES))
    except OSError:
        return
    if any(entry.name in ("train_list.txt", "test_list.txt") for entry in listed):
        yield folder
    elif depth:
        for entry in listed:
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                yield from _with_lists(Path(entry.path), depth - 1)


def with_data(run: Run, diagnosis: Diagnosis, folders: Sequence[Path]) -> Diagnosis:
    """The diagnosis, whose findings about data say what is wrong in the file itself."""
    if not folders or not any(finding.rule in RULES for finding in diagnosis.findings):
        return diagnosis
    findings = tuple(_looked_up(finding, run, folders) for finding in diagnosis.findings)
    return replace(diagnosis, findings=findings)


def _looked_up(finding: Finding, run: Run, folders: Sequence[Path]) -> Finding:
    if finding.rule not in RULES:
        return finding
    texts = [item.text for item in finding.evidence if isinstance(item, FileEvidence)]
    texts += [e.text for e in run.events if e.kind == "error" and e.text not in texts][:5]
    for folder in folders:
        place = _named(texts, folder) or _unnamed(finding.rule, texts, folder)
        if place is not None:
            where = f"{place.file}:{place.line}" if place.line else str(place.file)
            evidence = FileEvidence(str(place.file), place.line, place.text)
            return replace(
                finding,
                message=f"{finding.message}; {where}: {place.text}",
                evidence=(*finding.evidence, evidence),
            )
    return finding


def _named(texts: Sequence[str], folder: Path) -> Place | None:
    """What is wrong with the first file below ``folder`` that a text names."""
    for text in texts:
        for found in islice(_PATH.finditer(text), 10):
            line = int(found[2]) if found[2] and len(found[2]) < 9 else None
            place = _examined(folder, found[1].replace("\\", "/"), line)
            if place is not None:
                return place
    return None


def _examined(folder: Path, named: str, line: int | None) -> Place | None:
    parts = [part for part in named.split("/") if part not in ("", ".")]
    if ".." in parts:
        return None
    for start in range(len(parts)):  # another machine had other folders above
        inside = "/".join(parts[start:])
        path = folder / inside
        if _is_inside(path, folder):
            fault = _fault(path, line) if path.suffix == ".txt" else None
            if fault is not None:
                return Place(path, fault.line, fault.message)
            empty = path.stat().st_size == 0
            return Place(path, None, "the file is there, but empty") if empty else None
        beside = path.parent
        if start < len(parts) - 1 and beside.is_dir() and _is_below(beside, folder):
            return Place(path, None, _not_there(path))
    return None


def _not_there(path: Path) -> str:
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in islice(entries, MOST_NAMES)]
    alike = [name for name in names if Path(name).stem.lower() == path.stem.lower()]
    near = f"; {alike[0]} is there: make the two names equal" if alike else ""
    return f"there is no such file among the {len(names):,} in its folder{near}"


def _fault(path: Path, line: int | None = None, kinds: Sequence[str] = ()) -> Fault | None:
    """The fault of a line, or the worst of a file; with ``kinds`` only one of those."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES)
    except OSError:
        return None
    is_list = path.name.endswith("_list.txt")
    split = "test" if path.name.startswith("test") else "train"
    faults = list((parse_list(data, split) if is_list else parse_labels(data)).faults)
    if kinds:
        faults = [fault for fault in faults if fault.kind in kinds]
    here = [fault for fault in faults if fault.line == line]
    return next(iter(here or sorted(faults, key=lambda fault: not fault.fatal)), None)


def _unnamed(rule: str, texts: Sequence[str], folder: Path) -> Place | None:
    """The first label line below ``folder`` that breaks such a program."""
    if rule not in _KINDS:
        return None
    token = next((found[1] for text in texts if (found := _TOKEN.search(text))), None)
    first: Place | None = None
    for path in _labels(folder):
        fault = _fault(path, kinds=_KINDS[rule])
        if fault is None:
            continue
        place = Place(path, fault.line, fault.message)
        if token is None or token in fault.message or fault.kind == "bom":
            return place
        first = first or place
    return first


_TOKEN = re.compile(r"(?:to float|with base 10): '([^']{1,40})'")


def _labels(folder: Path) -> Iterator[Path]:
    left = MOST_LABELS
    for name in ("train_gts", "test_gts"):
        try:
            with os.scandir(folder / name) as entries:
                files = sorted(e.name for e in islice(entries, left) if e.name.endswith(".txt"))
        except OSError:
            continue
        left -= len(files)
        yield from (p for file in files if _is_inside(p := folder / name / file, folder))


def _is_inside(path: Path, folder: Path) -> bool:
    """Whether it is a regular file below ``folder``, its links followed."""
    try:
        return S_ISREG(path.stat().st_mode) and _is_below(path, folder)
    except (OSError, ValueError):
        return False


def _is_below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
