"""The folders and lists of a data set: what is there under which name, and what is missing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from analyzer.dataset.found import Found
from analyzer.errors import FormatError
from analyzer.formats.icdar_folder import SPLITS, near_miss

IMAGE_SUFFIXES = (".jpg", ".png", ".bmp")
OTHER_IMAGE_SUFFIXES = (".jpeg", ".jpe", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".jp2", ".heic")
_BACKUPS = ("~", ".bak", ".orig", ".old", ".swp")


@dataclass(frozen=True)
class Layout:
    """What the folder holds: for each expected folder that is there the files in it, by name.

    The test set may lie in a folder of its own, ``test_root``.
    ``lists`` are the splits whose list file is there. Names are those on disk; links are followed,
    as a training follows them, and only regular files count.
    """

    root: Path
    test_root: Path
    folders: Mapping[str, frozenset[str]]
    lists: frozenset[str]

    def of(self, split: str) -> Path:
        """The folder that holds a split."""
        return self.test_root if split == "test" else self.root

    def path(self, name: str) -> Path:
        """Where a file is; its name begins with its split."""
        return self.of(name.partition("_")[0]) / name

    def holds(self, relative: str) -> bool:
        """Whether a regular file is there; ``relative`` does not leave the folder."""
        folder, _, name = relative.partition("/")
        if folder in self.folders and "/" not in name:
            return name in self.folders[folder]
        try:
            return self.path(relative).is_file()
        except (OSError, ValueError):  # a name too long, or one with a NUL
            return False

    def images(self, split: str) -> list[str]:
        """Names of the images of a split, whatever their suffix looks like."""
        names = self.folders.get(f"{split}_images", frozenset())
        return sorted(name for name in names if is_image_name(name))

    def labels(self, split: str) -> list[str]:
        """Names of the label files of a split."""
        names = self.folders.get(f"{split}_gts", frozenset())
        return sorted(n for n in names if n.endswith(".txt") and not n.startswith("."))


def split_name(name: str) -> tuple[str, str]:
    """A file name without its suffix, and the suffix with its dot; "" for none."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, f".{suffix}") if dot and "/" not in suffix else (name, "")


def is_image_name(name: str) -> bool:
    """Whether a name has the suffix of an image, in capitals or not."""
    suffix = split_name(name)[1].lower()
    return suffix in (*IMAGE_SUFFIXES, *OTHER_IMAGE_SUFFIXES) and not name.startswith(".")


def read_layout(root: Path, found: Found, test_root: Path | None = None) -> Layout:
    """List the folders and note what is missing, with the name that may be meant.

    Raises FormatError where ``root`` itself cannot be listed.
    """
    folders: dict[str, frozenset[str]] = {}
    lists = set()
    layout = Layout(root, test_root or root, folders, frozenset())
    for split in SPLITS:
        root = layout.of(split)
        entries = _entries(root)
        name = f"{split}_list.txt"
        if (root / name).is_file():
            lists.add(split)
        else:
            _note_missing(root, name, "file", found)
        _note_backups(name, entries, found)
        for name in (f"{split}_images", f"{split}_gts"):
            files = _files(root / name, name, found)
            if files is not None:
                folders[name] = files
    return replace(layout, lists=frozenset(lists))


def _entries(root: Path) -> list[str]:
    try:
        return sorted(path.name for path in root.iterdir())
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", file=str(root)) from None


def _files(folder: Path, name: str, found: Found) -> frozenset[str] | None:
    if not folder.is_dir():
        _note_missing(folder.parent, name, "folder", found)
        return None
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if entry.is_file())
    except OSError as error:
        found.add("unreadable", name, f"the folder cannot be read: {error.strerror}")
        return None


def _note_missing(root: Path, name: str, kind: str, found: Found) -> None:
    text = f"there is no {kind} {name}"
    inner = next((p.name for p in sorted(root.iterdir()) if _has(p, name)), None)
    near = near_miss(root, name)
    backup = next((name + end for end in _BACKUPS if (root / (name + end)).exists()), None)
    if inner is not None:
        text += f"; {inner}/ has one: give that folder instead"
    elif backup is not None:
        text += f"; {backup} is a copy that an editor left: rename it to {name}"
    elif near is not None:
        text += f"; rename {near} to {name}"
    elif name == "test_list.txt":
        text += "; without test images make an empty one"
    elif name.startswith("test_"):
        text += "; it has to be there even without test images: make an empty one"
    found.add("missing", name, text)


def _has(folder: Path, name: str) -> bool:
    try:
        return folder.is_dir() and (folder / name).exists()
    except OSError:
        return False


def _note_backups(name: str, entries: list[str], found: Found) -> None:
    if name not in entries:
        return
    for entry in entries:
        if entry in {name + end for end in _BACKUPS} | {f".{name}.swp", f"#{name}#"}:
            text = (
                f"a copy of {name} that an editor left; delete it, or it may be taken for the list"
            )
            found.add("backup-list", entry, text)
