"""List files: their lines, whether what they name is there, and whether all of it is named."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path, PurePosixPath

from analyzer.dataset.foreign import foreign
from analyzer.dataset.found import Found
from analyzer.dataset.layout import IMAGE_SUFFIXES, OTHER_IMAGE_SUFFIXES, Layout, split_name
from analyzer.dataset.records import Pair
from analyzer.formats.icdar import Entry, parse_list
from analyzer.formats.icdar_folder import MAX_TEXT_BYTES, not_there

SHOWN_LINES = 3


def read_text(path: Path) -> bytes:
    """The bytes of a list or label file. Raises OSError, also for one too large to be a text."""
    if path.stat().st_size > MAX_TEXT_BYTES:
        raise OSError(0, f"larger than {MAX_TEXT_BYTES >> 20} MB, so hardly a text file")
    return path.read_bytes()


def read_list(layout: Layout, split: str, found: Found) -> tuple[list[Pair], tuple[str, ...]]:
    """The pairs of one list, and its first lines as they are. Notes what is wrong with it."""
    file = f"{split}_list.txt"
    if split not in layout.lists:
        return [], ()
    try:
        data = read_text(layout.path(file))
    except OSError as error:
        found.add("unreadable", file, f"the list cannot be read: {error.strerror}")
        return [], ()
    if told := foreign(data):
        text = f"{told}; write {split}_images/1.jpg {split}_gts/1.txt on each line"
        found.add("foreign-list", file, text, line=1)
        return [], ()
    parsed = parse_list(data, split)
    found.add_list_faults(file, parsed.faults)
    if split == "train" and not parsed.entries and not any(f.fatal for f in parsed.faults):
        found.add("empty-list", file, "the list names no image, so there is nothing to train on")
    first = data[:4096].decode("utf-8", "replace").split("\n")[:SHOWN_LINES]
    blanks = {fault.line for fault in parsed.faults if fault.kind == "blank-in-path"}
    pairs = [_pair(layout, split, entry, found, blanks) for entry in parsed.entries]
    _note_twice(pairs, file, found)
    return pairs, tuple(line.strip("\r\ufeff") for line in first if line.strip())


def _pair(layout: Layout, split: str, entry: Entry, found: Found, blanks: Container[int]) -> Pair:
    """The files of a line; one that is not there is noted, unless a blank in it is to blame."""
    file = f"{split}_list.txt"
    names = []
    for folder, path in ((f"{split}_images", entry.image), (f"{split}_gts", entry.label)):
        names.append(name := resolve(layout, folder, path))
        if name is None and folder in layout.folders and entry.line not in blanks:
            found.add("not-there", file, not_there(layout.of(split), path), line=entry.line)
    name, suffix = split_name(entry.image)
    if suffix not in IMAGE_SUFFIXES:
        _note_suffix(suffix, file, entry, found)
    if PurePosixPath(name).name != PurePosixPath(entry.label).stem:
        text = f"{entry.image} stands beside {entry.label}; both need the same name"
        found.add("names-differ", file, text, line=entry.line)
    return Pair(split, entry.line, *names)


def _note_suffix(suffix: str, file: str, entry: Entry, found: Found) -> None:
    lower = suffix.lower()
    if lower in IMAGE_SUFFIXES:
        step = f"write {lower} in the list and rename the file: many file systems tell them apart"
    elif lower in (".jpeg", ".jpe"):
        step = "rename the file to .jpg"
    elif lower in OTHER_IMAGE_SUFFIXES:
        step = "convert the file to .jpg or .png"
    else:
        step = "an image ends in .jpg, .png or .bmp"
    found.add("suffix", file, f"{entry.image}: {step}", line=entry.line)


def resolve(layout: Layout, folder: str, path: str) -> str | None:
    """The file that a path of a list means, None where it is not there.

    A path without its folder, which the parser notes, means the file in that folder.
    """
    return next((name for name in (path, f"{folder}/{path}") if layout.holds(name)), None)


def _note_twice(pairs: Iterable[Pair], file: str, found: Found) -> None:
    seen: dict[str, int] = {}
    for pair in pairs:
        for name in (pair.image, pair.label):
            if name is None:
                continue
            if name in seen:
                text = f"{name} is listed in line {seen[name]} already"
                found.add("listed-twice", file, text, line=pair.line)
                break
            seen[name] = pair.line


def note_counts(layout: Layout, split: str, pairs: Iterable[Pair], found: Found) -> None:
    """Note images without a label file and the reverse, other numbers of them, unlisted images."""
    folders = (f"{split}_images", f"{split}_gts")
    if not all(folder in layout.folders for folder in folders):
        return
    images, labels = layout.images(split), layout.labels(split)
    if len(images) != len(labels):
        text = f"{folders[0]} holds {len(images)} images, {folders[1]} {len(labels)} label files"
        found.add("count-differs", folders[0], text)
    mine = [pair for pair in pairs if pair.split == split]
    listed = {name for pair in mine for name in (pair.image, pair.label)}
    whole = {name for pair in mine if pair.image and pair.label for name in pair[2:]}
    stems = {split_name(name)[0] for name in labels}
    for name in images:
        path = f"{folders[0]}/{name}"
        if path not in whole and split_name(name)[0] not in stems:
            found.add("no-label", path, f"{folders[1]} holds no label file of this name")
        elif path not in listed and split in layout.lists:
            found.add("not-listed", path, f"{split}_list.txt does not name it, so it is not used")
    stems = {split_name(name)[0] for name in images}
    for name in labels:
        path = f"{folders[1]}/{name}"
        if path not in whole and split_name(name)[0] not in stems:
            found.add("no-image", path, f"{folders[0]} holds no image of this name")
