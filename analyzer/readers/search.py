"""Finding runs below any path: bounded, no link is followed, nothing is counted twice."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analyzer.errors import UsageError
from analyzer.formats.folders import LATEST
from analyzer.formats.workdir import ARGS, LOG, METRICS
from analyzer.readers.files import file_stat
from analyzer.run import Note

MAX_FOLDERS = 200_000
MAX_DEPTH = 16
NOT_SEARCHED = frozenset({"node_modules", "__pycache__", "site-packages"})
PARTS_OF_A_RUN = frozenset({"checkpoints", "logs"})

Claims = Callable[[Path], bool]


@dataclass
class Found:
    """The runs below some paths, in the order of the paths and of their names.

    ``runs`` maps the path of each to its name: where it lies below the path that was asked for.
    """

    runs: dict[Path, str] = field(default_factory=dict)
    skipped: list[Note] = field(default_factory=list)
    folders: int = 0


def find_runs(paths: Iterable[Path], claims: Claims) -> Found:
    """Find every run that ``claims`` knows below ``paths``.

    Raises UsageError for a path that does not exist.
    """
    found = Found()
    seen: set[Path] = set()
    for path in paths:
        root = _existing(path)
        before = len(found.skipped)
        runs = list(_below(root, claims, found))
        if not runs and len(found.skipped) == before:
            found.skipped.append(Note(f"no run found in {path}", str(path)))
        for run in runs:
            real = run.resolve()
            if real not in seen:
                seen.add(real)
                found.runs[run] = real.name if run == root else run.relative_to(root).as_posix()
    return found


def _existing(path: Path) -> Path:
    """``path``, where ``latest`` also works without a link: then it is the newest folder."""
    if os.path.exists(path):  # noqa: PTH110  Path.exists raises on an overlong name
        return path.resolve() if path.name == LATEST else path
    above = os.path.isdir(path.parent)  # noqa: PTH112
    newest = newest_run(path.parent) if above and path.name == LATEST else None
    if newest is not None:
        return newest
    hint = "check the spelling" if above else f"{path.parent} does not exist either"
    raise UsageError(f"{path} does not exist; {hint}, or name a folder that holds runs")


def newest_run(root: Path) -> Path | None:
    """The most recently changed ``exp_*`` folder below ``root``; by name where times are equal."""
    folders = [(folder, file_stat(folder)) for folder in root.glob("exp_*") if folder.is_dir()]
    times = [(stat.st_mtime, folder.name, folder) for folder, stat in folders if stat]
    return max(times)[-1] if times else None


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
    for folder, names in _runs(path, claims, found):
        twin = _copied_latest(folder, names) if folder != path else None
        if twin is None:
            yield folder
        else:
            found.skipped.append(Note(f"{folder} is a copy of {twin}; counted once", str(folder)))


def _runs(root: Path, claims: Claims, found: Found) -> Iterator[tuple[Path, Sequence[str]]]:
    """(folder, names of its siblings) of the runs among ``root`` and the folders below it."""
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
        names = _subfolders(folder, found)
        if claims(folder):
            yield folder, siblings
            names = [name for name in names if name not in PARTS_OF_A_RUN]
        if depth == MAX_DEPTH and names:
            text = f"{folder} lies too deep; what is below it was not searched"
            found.skipped.append(Note(text, str(folder)))
            continue
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
    _, differ, missing = filecmp.cmpfiles(one, other, names, shallow=False)
    return bool(names) and not differ and not missing
