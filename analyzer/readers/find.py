"""Finding runs below any path: bounded, no link is followed, nothing is counted twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analyzer.errors import UsageError
from analyzer.formats.folders import LATEST
from analyzer.formats.workdir import ARGS, LOG, METRICS
from analyzer.run import Note

MAX_FOLDERS = 200_000
MAX_DEPTH = 16
NOT_SEARCHED = frozenset({"checkpoints", "logs", "node_modules", "__pycache__", "site-packages"})

Claims = Callable[[Path], bool]


@dataclass
class Found:
    """The runs below some paths, in the order of the paths and of their names."""

    runs: list[Path] = field(default_factory=list)
    skipped: list[Note] = field(default_factory=list)
    folders: int = 0


def find_runs(paths: Iterable[Path], claims: Claims) -> Found:
    """Find every run that ``claims`` knows below ``paths``.

    Raises UsageError for a path that does not exist.
    """
    found = Found()
    seen: set[Path] = set()
    for path in paths:
        for run in _below(_existing(path), claims, found):
            real = run.resolve()
            if real not in seen:
                seen.add(real)
                found.runs.append(run)
    return found


def _existing(path: Path) -> Path:
    """``path``, where ``latest`` also works without a link: then it is the newest folder."""
    if path.exists():
        return path.resolve() if path.name == LATEST else path
    if path.name == LATEST and path.parent.is_dir():
        newest = newest_run(path.parent)
        if newest is not None:
            return newest
    hint = "check the spelling" if path.parent.is_dir() else f"{path.parent} does not exist either"
    raise UsageError(f"{path} does not exist; {hint}, or name a folder that holds runs")


def newest_run(root: Path) -> Path | None:
    """The most recently changed ``exp_*`` folder below ``root``; by name where times are equal."""
    folders = [folder for folder in root.glob("exp_*") if folder.is_dir()]
    return max(folders, key=lambda folder: (folder.stat().st_mtime, folder.name), default=None)


def _below(path: Path, claims: Claims, found: Found) -> Iterator[Path]:
    if path.is_file():
        if claims(path):
            yield path
        else:
            found.skipped.append(
                Note(
                    f"{path} is no file that a reader knows; name a run folder, or its train.log "
                    "or metrics.json",
                    str(path),
                )
            )
        return
    for folder, names in _walk(path, found):
        if not claims(folder):
            continue
        twin = _copied_latest(folder, names) if folder != path else None
        if twin is None:
            yield folder
        else:
            found.skipped.append(Note(f"{folder} is a copy of {twin}; counted once", str(folder)))


def _walk(root: Path, found: Found) -> Iterator[tuple[Path, Sequence[str]]]:
    """(folder, names of its siblings) for ``root`` and all folders below it, by name."""
    stack: list[tuple[Path, int, Sequence[str]]] = [(root, 0, ())]
    while stack:
        folder, depth, siblings = stack.pop()
        found.folders += 1
        if found.folders > MAX_FOLDERS:
            found.skipped.append(
                Note(
                    f"the search stopped after {MAX_FOLDERS:,} folders; name a folder further down"
                )
            )
            return
        yield folder, siblings
        if depth == MAX_DEPTH:
            found.skipped.append(Note(f"{folder} lies too deep; not searched", str(folder)))
            continue
        names = _subfolders(folder, found)
        stack += [(folder / name, depth + 1, names) for name in reversed(names)]


def _subfolders(folder: Path, found: Found) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry.name
                for entry in entries
                if entry.is_dir(follow_symlinks=False)
                and not entry.name.startswith(".")
                and entry.name not in NOT_SEARCHED
            )
    except OSError as error:
        found.skipped.append(Note(f"{folder} cannot be read: {error.strerror}", str(folder)))
        return []


def _copied_latest(folder: Path, siblings: Sequence[str]) -> str | None:
    """The sibling whose copy ``latest`` is: copying tools may turn the link into a folder."""
    if folder.name != LATEST:
        return None
    for name in siblings:
        twin = folder.with_name(name)
        if name != LATEST and _same_files(folder, twin):
            return name
    return None


def _same_files(one: Path, other: Path) -> bool:
    names = [name for name in (ARGS, METRICS, LOG) if (one / name).is_file()]
    return bool(names) and all(
        (other / name).is_file() and (one / name).read_bytes() == (other / name).read_bytes()
        for name in names
    )
