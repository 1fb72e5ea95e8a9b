"""Finding runs below any path: bounded, no link is followed, nothing is counted twice."""

from __future__ import annotations

import filecmp
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from analyzer.errors import UsageError
from analyzer.formats.folders import LATEST
from analyzer.reading.claim import Claim, Reader, place
from analyzer.reading.folder import DiskTree, Folder, LooseFile, OneFile, Tree
from analyzer.reading.paths import expanded
from analyzer.reading.trees import open_tree
from analyzer.run import Note

MAX_FOLDERS = 200_000
MAX_DEPTH = 16
MOST_NAMES = 10_000
"""Names in a folder among which a misspelt one is looked for."""
STDIN = Path("-")


@dataclass(frozen=True)
class Located:
    """Where a run lies: enough to read it, in this process or in another.

    ``root`` is a folder, file or archive on disk, or ``-`` with its ``content``; ``at`` is the
    folder inside it.
    """

    name: str
    format: str
    root: Path
    at: str
    claim: Claim
    content: bytes | None = field(default=None, repr=False)

    def folder(self) -> Folder:
        """The folder it lies in, opened anew."""
        return Folder(open_tree(self.root, self.content), self.at)

    @property
    def path(self) -> Path:
        """What to call the place."""
        return place(Folder(DiskTree(self.root), self.at), self.claim)


@dataclass
class Found:
    """The runs below some paths, in the order of the paths and of their names.

    ``kinds`` counts the files that were seen by suffix, ``lists`` names the folders with the lists
    of a data set: what to tell a person where no run was found.
    """

    runs: list[Located] = field(default_factory=list)
    skipped: list[Note] = field(default_factory=list)
    folders: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    lists: list[Path] = field(default_factory=list)

    def see(self, folder: Folder) -> None:
        """Count one more folder and what lies in it."""
        self.folders += 1
        self.kinds.update(os.path.splitext(name)[1].lower() for name in folder.files)  # noqa: PTH122
        if "train_list.txt" in folder.files:
            self.lists.append(folder.path)


def find_runs(
    paths: Iterable[Path], readers: Sequence[Reader], content: bytes | None = None
) -> Found:
    """Find every run that ``readers`` know below ``paths``; ``content`` is standard input's.

    Raises UsageError for a path that does not exist.
    """
    found = Found()
    seen: set[tuple[str, str]] = set()
    for path in expanded(paths):
        before = len(found.skipped)
        runs = list(_below(path, readers, found, content))
        if not runs and len(found.skipped) == before:
            found.skipped.append(Note(f"no run found in {path}", str(path)))
        for run in runs:
            key = (os.path.realpath(run.path), run.claim.main + run.claim.part)
            if key not in seen:
                seen.add(key)
                found.runs.append(run)
    return found


def _below(
    path: Path, readers: Sequence[Reader], found: Found, content: bytes | None
) -> Iterator[Located]:
    root = path if path == STDIN else _existing(path, readers)
    tree = open_tree(root, (content or b"") if path == STDIN else None)
    found.skipped += tree.notes
    if isinstance(tree, LooseFile):
        yield from _named_file(tree, readers, found, content)
    elif isinstance(tree, DiskTree) and root.is_file():
        yield from _file_in_folder(root, readers, found)
    else:
        inside = content if path == STDIN else None
        yield from (replace(run, content=inside) for run in _walk(tree, readers, found))


def _file_in_folder(path: Path, readers: Sequence[Reader], found: Found) -> Iterator[Located]:
    """The run that a named file shows, in its folder or the one above (``logs/train.log``).

    All of that run counts, its config too. A log beside a run that is not its own stands for
    itself. A link is followed, since a person named it.
    """
    path = path.resolve() if path.is_symlink() else path
    around = (DiskTree(path.parent.parent), DiskTree(path.parent), OneFile(path))
    for tree in around:
        name = path.relative_to(tree.root).as_posix()
        runs = list(claimed(Folder(tree), readers))
        shown = [run for run in runs if name in (run.claim.main, *run.claim.files)]
        if shown:
            yield from (replace(run, name=run.path.resolve().name) for run in shown)
            return
    found.skipped.append(_unknown_file(path))


def _named_file(
    tree: Tree, readers: Sequence[Reader], found: Found, content: bytes | None
) -> Iterator[Located]:
    runs = list(claimed(Folder(tree), readers))
    if not runs:
        found.skipped.append(_unknown_file(tree.root))
    for run in runs:
        yield replace(run, name="stdin", content=content)


def _unknown_file(path: Path) -> Note:
    text = (
        f"{path} is no file that a reader knows; name a run folder, or its log or table of metrics"
    )
    return Note(text, str(path))


def claimed(folder: Folder, readers: Sequence[Reader]) -> Iterator[Located]:
    """The runs in one folder: the most specific reader first, each file belongs to one run."""
    taken: set[str] = set()
    for reader in readers:
        for claim in reader.claims(folder):
            if claim.main in taken:
                continue
            yield Located("", reader.FORMAT, folder.tree.root, folder.at, claim)
            if claim.whole:
                return
            if not claim.part:
                taken |= {claim.main, *claim.files}


def _existing(path: Path, readers: Sequence[Reader]) -> Path:
    """``path``, where ``latest`` also works without a link: then it is the newest run there."""
    if os.path.exists(path):  # noqa: PTH110  Path.exists raises on an overlong name
        if not (os.path.isdir(path) or os.path.isfile(path)):  # noqa: PTH112, PTH113
            raise UsageError(
                f"{path} is no file and no folder; what comes from a pipe is read with -: "
                "PROGRAM | python -m analyzer check -"
            )
        return path.resolve() if path.name == LATEST else path
    above = os.path.isdir(path.parent)  # noqa: PTH112
    newest = newest_run(path.parent, readers) if above and path.name == LATEST else None
    if newest is not None:
        return newest
    hint = _near(path) if above else f"{path.parent} does not exist either"
    raise UsageError(f"{path} does not exist; {hint}, or name a folder that holds runs")


def _near(path: Path) -> str:
    """What may have been meant by a name that is not there."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in islice(entries, MOST_NAMES)]
    except OSError:
        names = []
    near = get_close_matches(path.name, names, n=1)
    return f"did you mean {path.with_name(near[0])}" if near else "check the spelling"


def newest_run(root: Path, readers: Sequence[Reader] = ()) -> Path | None:
    """The most recently changed ``exp_*`` folder in ``root``; by name where times are equal.

    Without such folders the run of any layout, at any depth, whose log was written last; a run
    holds no others.
    """
    times = []
    for folder in root.glob("exp_*"):
        with suppress(OSError):
            if folder.is_dir():
                times.append((folder.stat().st_mtime, folder.name))
    tree = DiskTree(root)
    if not times and not any(claimed(Folder(tree), readers)):
        runs = _walk(tree, readers, Found())
        stats = ((run.at, Folder(tree, run.at).stat(run.claim.main)) for run in runs)
        times = [(stat.modified, at) for at, stat in stats if stat is not None]
    return root / max(times)[-1] if times else None


def _walk(tree: Tree, readers: Sequence[Reader], found: Found) -> Iterator[Located]:
    """The runs in the root of a tree and the folders below it."""
    stack: list[tuple[Folder, int, Folder | None]] = [(Folder(tree), 0, None)]
    while stack:
        folder, depth, above = stack.pop()
        found.see(folder)
        if found.folders > MAX_FOLDERS:
            text = f"the search stopped after {MAX_FOLDERS:,} folders; name a folder further down"
            found.skipped.append(Note(text))
            return
        if folder.listing.trouble:
            text = f"{folder.path} cannot be read: {folder.listing.trouble}"
            found.skipped.append(Note(text, str(folder.path)))
        runs = list(claimed(folder, readers))
        found.skipped += folder.passed_over
        if folder.listing.outside and not runs:
            text = (
                f"{folder.path} holds links that lead out of it, such as {folder.listing.outside}"
            )
            text = f"{text}; they are not followed; name what they lead to"
            found.skipped.append(Note(text, str(folder.path)))
        own = {name for run in runs for name in run.claim.folders}
        twin = _copied_latest(folder, above) if runs and above else None
        if twin is not None:
            text = f"{folder.path} is a copy of {twin}; counted once"
            found.skipped.append(Note(text, str(folder.path)))
        else:
            yield from (replace(run, name=_name(run, tree)) for run in runs)
        below = [name for name in folder.folders if name not in own]
        if depth == MAX_DEPTH and below:
            text = f"{folder.path} lies too deep; what is below it was not searched"
            found.skipped.append(Note(text, str(folder.path)))
            continue
        stack += [(folder.below(name), depth + 1, folder) for name in reversed(below)]


def _name(run: Located, tree: Tree) -> str:
    """A run is called by where it lies below the path that was asked for."""
    if run.path == tree.root:
        return run.path.resolve().name
    return run.path.relative_to(tree.root).as_posix()


def _copied_latest(folder: Folder, above: Folder) -> str | None:
    """The sibling whose copy ``latest`` is: copying tools may turn the link into a folder."""
    if folder.path.name != LATEST or not isinstance(folder.tree, DiskTree):
        return None
    for name in above.folders:
        if name != LATEST and _same_files(folder, above.below(name)):
            return name
    return None


def _same_files(one: Folder, other: Folder) -> bool:
    if not one.files or one.files != other.files:
        return False
    _, differ, missing = filecmp.cmpfiles(one.path, other.path, one.files, shallow=False)
    return not differ and not missing
