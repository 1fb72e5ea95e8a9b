"""An ICDAR2015 data folder on disk: from ``<split>_list.txt`` to samples with their labels.

read_split(root, split) -> list[Sample]

A folder that does not have the layout is refused with one sentence: what was expected, what
stands there instead, what to do. Faulty label lines are not refused but kept as faults.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from analyzer.errors import FormatError, UsageError
from analyzer.formats.icdar import Label, parse_labels, parse_list
from analyzer.formats.textlines import Fault

SPLITS = ("train", "test")
_VARIANTS = {"images": ("img", "image"), "gts": ("gt", "anno", "label"), "list.txt": ("list",)}
MAX_TEXT_BYTES = 64 << 20
"""No list or label file is larger; a wrong file given as one must not fill the memory."""


@dataclass(frozen=True)
class Sample:
    """One listed image, the readable lines of its label file, and that file's faults."""

    image: Path
    label_file: Path
    labels: tuple[Label, ...]
    faults: tuple[Fault, ...]


def read_split(root: Path, split: str) -> list[Sample]:
    """Read the list and all label files of one split; images are only looked for, not opened.

    An empty list gives an empty result. Raises FormatError for a missing folder, list or file
    and for a list line that names no pair of files, with file, line and the next step.
    """
    if split not in SPLITS:
        raise UsageError(f"no split {split!r}; there are: {', '.join(SPLITS)}")
    try:
        _check_layout(root, split)
        return _read_samples(root, split)
    except OSError as error:  # no permission, a name too long, a disk that fails
        reason = error.strerror or type(error).__name__
        place = str(error.filename or root)
        raise FormatError(f"cannot be read: {reason}", file=place) from None


def _read_samples(root: Path, split: str) -> list[Sample]:
    list_file = root / f"{split}_list.txt"
    parsed = parse_list(_read(list_file), split)
    fatal = next((fault for fault in parsed.faults if fault.fatal), None)
    if fatal is not None:
        raise FormatError(fatal.message, file=str(list_file), line=fatal.line)
    samples = []
    for entry in parsed.entries:
        image, label_file = root / entry.image, root / entry.label
        for relative in (entry.image, entry.label):
            if not (root / relative).is_file():
                message = not_there(root, relative)
                raise FormatError(message, file=str(list_file), line=entry.line)
        read = parse_labels(_read(label_file))
        samples.append(Sample(image, label_file, read.labels, read.faults))
    return samples


def _read(file: Path) -> bytes:
    if file.stat().st_size > MAX_TEXT_BYTES:
        limit = f"{MAX_TEXT_BYTES >> 20} MB"
        raise FormatError(f"larger than {limit}, so hardly a text file", file=str(file))
    return file.read_bytes()


def _check_layout(root: Path, split: str) -> None:
    expected = f"{split}_list.txt, {split}_images/ and {split}_gts/"
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise FormatError(f"the data folder {what}; it must hold {expected}", file=str(root))
    for name in (f"{split}_list.txt", f"{split}_images", f"{split}_gts"):
        is_list = name.endswith(".txt")
        if (root / name).is_file() if is_list else (root / name).is_dir():
            continue
        inner = next((p for p in sorted(root.iterdir()) if (p / name).exists()), None)
        near = near_miss(root, name)
        if inner is not None:
            step = f"{inner.name}/ has one: give that folder as the data folder"
        elif near:
            step = f"rename {near} to {name}"
        else:
            step = "a data set to try: python -m trainer.synth FOLDER"
        kind = "file" if is_list else "folder"
        raise FormatError(
            f"has no {kind} {name} (the layout is {expected}); {step}", file=str(root)
        )


def near_miss(root: Path, name: str) -> str | None:
    """An entry of ``root`` that was probably meant to be ``name``, such as ``images``."""
    split, _, kind = name.partition("_")
    taken = {f"{either}_{ending}" for either in SPLITS for ending in _VARIANTS}
    other = "test" if split == "train" else "train"
    there = [
        entry.name
        for entry in sorted(root.iterdir())
        if entry.is_dir() == (kind != "list.txt")
        and entry.name not in taken
        and not entry.name.startswith(other)
    ]
    likely = [n for n in there if any(word in n.lower() for word in _VARIANTS[kind])]
    return next(iter(likely + difflib.get_close_matches(name, there, n=1)), None)


def not_there(root: Path, relative: str) -> str:
    """The sentence for a listed file that does not exist, with the file that may be meant."""
    wanted = root / relative
    if wanted.parent.is_dir():
        stem = wanted.stem.lower()
        for entry in wanted.parent.iterdir():
            if entry.stem.lower() == stem and entry.name != wanted.name:
                return f"{relative} does not exist, {entry.name} does; make the two names equal"
    return f"{relative} does not exist in the data folder; correct the line or add the file"
