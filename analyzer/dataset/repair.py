"""A repaired copy of a data set: what can be put right without knowing what was meant.

repair(root, out, track) -> list[Change]

Encoding (BOM, UTF-16), line ends, blanks, commas, backslashes, missing folders before names, and
suffixes that do not fit the content. The original is only read; the copy appears whole or not at
all.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from analyzer.dataset.examine import Track
from analyzer.dataset.found import Found
from analyzer.dataset.headers import read_header
from analyzer.dataset.layout import Layout, read_layout, split_name
from analyzer.dataset.lists import read_text, resolve
from analyzer.errors import FormatError, UsageError
from analyzer.formats.icdar import parse_labels, parse_list, tidy_label
from analyzer.formats.icdar_folder import SPLITS
from analyzer.formats.textlines import Fault, lines

_SUFFIX_OF = {"JPEG": ".jpg", "PNG": ".png", "BMP": ".bmp"}
_NAMED = {
    "bom": "the BOM taken off",
    "crlf": "CR LF made LF",
    "lone-cr": "CR made LF",
    "not-utf8": "UTF-16 made UTF-8",
    "blank-line": "blank lines deleted",
    "blank-around": "blanks around fields deleted",
    "tab": "tabs between fields replaced or deleted",
    "extra-blank": "blanks between the paths made one",
    "full-width-comma": "full-width commas made ASCII",
    "backslash": "backslashes made /",
    "missing-prefix": "the folder put before names",
}


class Change(NamedTuple):
    """What was changed about one file; ``what`` is one line."""

    file: str
    what: str


def repair(root: Path, out: Path, track: Track | None = None) -> list[Change]:
    """Write a repaired copy of the data set in ``root`` to the new folder ``out``.

    Raises UsageError where ``out`` holds anything, or one folder lies inside the other.
    """
    _refuse(root, out)
    layout = read_layout(root, Found())
    renamed = dict(_renames(layout))
    changes = [Change(old, f"renamed to {new}") for old, new in renamed.items()]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as folder:
            made = Path(folder) / "copy"
            made.mkdir()
            files = list(_files(root))
            for name in track(files, len(files), "Copying") if track else files:
                changes += _copy(layout, name, made, renamed)
            if out.exists():
                out.rmdir()
            made.rename(out)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror or error}") from None
    return changes


def _refuse(root: Path, out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} holds something already; give a new folder for the copy")
    inside, outside = out.resolve(), root.resolve()
    if inside == outside or outside in inside.parents or inside in outside.parents:
        raise UsageError(f"{out} and {root} lie inside each other; give a folder beside it")


def _files(root: Path) -> Iterator[str]:
    """All regular files, relative with ``/``; linked folders are gone through once."""
    seen: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file():
                yield path.relative_to(root).as_posix()


def _renames(layout: Layout) -> Iterator[tuple[str, str]]:
    """(old path, new path) of images whose suffix does not fit; none that would meet another."""
    for split in SPLITS:
        names = set(layout.images(split))
        for name in sorted(names):
            path = f"{split}_images/{name}"
            try:
                kind = read_header(layout.root / path).kind
            except OSError:
                continue
            stem, suffix = split_name(name)
            wanted = stem + _SUFFIX_OF.get(kind, suffix.lower())
            if wanted != name and wanted not in names:
                names.add(wanted)
                yield path, f"{split}_images/{wanted}"


def _copy(layout: Layout, name: str, out: Path, renamed: Mapping[str, str]) -> Iterator[Change]:
    """Copy one file, repaired where it is a list or a label file."""
    target = out / renamed.get(name, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder, _, rest = name.partition("/")
    split = next((split for split in SPLITS if folder.startswith(f"{split}_")), "")
    is_label = folder == f"{split}_gts" and rest.endswith(".txt")
    if split and (is_label or name == f"{split}_list.txt"):
        try:
            data = read_text(layout.root / name)
        except OSError as error:
            raise FormatError(f"cannot be read: {error.strerror}", file=name) from None
        mended = mend_labels(data) if is_label else mend_list(data, split, layout, renamed)
        target.write_bytes(mended)
        if mended != data:
            yield Change(name, _difference(data, mended, "" if is_label else split))
    else:
        shutil.copyfile(layout.root / name, target)


def mend_labels(data: bytes) -> bytes:
    """A label file in plain UTF-8 lines with ASCII commas; as it is where it cannot be decoded."""
    if not _decodes(data):
        return data
    nothing: list[Fault] = []
    return "".join(f"{tidy_label(text)}\n" for _, text in lines(data, nothing)).encode()


def mend_list(data: bytes, split: str, layout: Layout, renamed: Mapping[str, str]) -> bytes:
    """A list in plain UTF-8 lines, each two paths with their folders; others stay as they are."""
    if not _decodes(data):
        return data
    nothing: list[Fault] = []
    made = []
    for _, text in lines(data, nothing):
        parsed = parse_list(text.encode("utf-8", "surrogatepass"), split)
        if parsed.entries:
            entry = parsed.entries[0]
            image = resolve(layout, f"{split}_images", entry.image) or entry.image
            label = resolve(layout, f"{split}_gts", entry.label) or entry.label
            made.append(f"{renamed.get(image, image)} {label}\n")
        else:
            made.append(f"{text.strip()}\n")
    return "".join(made).encode("utf-8", "surrogatepass")


def _decodes(data: bytes) -> bool:
    """Whether it is UTF-8, or UTF-16 that says so."""
    try:
        data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _difference(before: bytes, after: bytes, split: str) -> str:
    """What was repaired, by the faults that are gone."""

    def kinds(data: bytes) -> Counter[str]:
        faults = parse_list(data, split).faults if split else parse_labels(data).faults
        return Counter(fault.kind for fault in faults)

    gone = kinds(before) - kinds(after)
    return ", ".join(_NAMED[kind] for kind in gone if kind in _NAMED) or "paths written anew"
