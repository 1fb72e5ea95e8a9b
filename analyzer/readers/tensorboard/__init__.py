"""TensorBoard event files, decoded without TensorBoard: one folder of them is one run.

Belonging to the run are also the folders that ``add_scalars`` and ``add_hparams`` of PyTorch make
below it, and the folders ``train`` and ``validation`` that Keras and others write side by side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO

import numpy as np

from analyzer.readers.tensorboard.events import Points, Scan
from analyzer.readers.tensorboard.hparams import settings
from analyzer.readers.tensorboard.records import is_record_file, read_records
from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.folder import Folder
from analyzer.reading.scalars import Scalar, by_time, scalar_tables
from analyzer.reading.settings import USUAL, canonical, merged, planned, yaml_settings
from analyzer.run import Config, Note, Run

FORMAT = "tensorboard"
MOST_TAGS = 2_000
MOST_FILES = 1_000
"""Of more event files in one folder the last are read."""

SMALLEST = 100
"""A smaller file holds no value, only the version record and perhaps its writer."""

CONFIGS = ("hparams.yaml", "config.yaml", "args.yaml", "config.yml")
TRAIN = ("train", "training", "Train")
VALIDATION = ("validation", "val", "valid", "eval", "test", "dev", "Validation", "Val", "Test")

_EVENTS = re.compile(r"events\.out\.tfevents\.|\.tfevents\.?|\.tfevents\.\d")
_WRITER = re.compile(r"tfevents\.(\d{9,11})\.(.+?)(?:\.\d+)?(?:\.v2)?$")
_NUMBERED = re.compile(r"\d{9,11}\.\d+$")


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder with event files, or with those of training and validation in folders of it."""
    own = event_files(folder)
    sides = [name for name in (*TRAIN, *VALIDATION) if name in folder.folders]
    if not own and not (sides and any(name in TRAIN for name in sides)):
        return
    sides = [name for name in sides if event_files(folder.below(name))]
    if own:
        sides = [name for name in sides if name not in TRAIN]
    elif not {*sides} & {*TRAIN} or not {*sides} & {*VALIDATION}:
        return
    below = [*sides, *_of_same_writer(folder, own)]
    files = [
        *own,
        *(f"{name}/{file}" for name in below for file in event_files(folder.below(name))),
    ]
    weights = [name for name in ("checkpoints",) if name in folder.folders]
    yield Claim(files[len(own) - 1], files=tuple(files), folders=(*below, *weights))


def event_files(folder: Folder) -> list[str]:
    """The event files in a folder that can hold values, in the order of their names."""
    names = [name for name in folder.files if _EVENTS.search(name)]
    return [
        name
        for name in names[-MOST_FILES:]
        if not name.endswith(".profile-empty")
        and is_record_file(folder.head(name))
        and (stat := folder.stat(name)) is not None
        and stat.size > SMALLEST
    ]


def _of_same_writer(folder: Folder, own: list[str]) -> Iterator[str]:
    """Folders that the writer of the run's own files made: ``<tag>_<series>``, or a time stamp.

    One process may also write several runs, each in its folder, so the name has to fit too.
    """
    writers = {match[2] for name in own if (match := _WRITER.search(name))}
    for name in folder.folders if writers else ():
        below = folder.below(name)
        files = [file for file in below.files if _EVENTS.search(file)]
        if files and all((match := _WRITER.search(f)) and match[2] in writers for f in files):
            stem = name.encode().rpartition(b"_")[0]
            if _NUMBERED.match(name) or (stem and _tag_in(below.head(files[0]), name)):
                yield name


def _tag_in(head: bytes, name: str) -> bool:
    """Whether the name of a file's folder starts with the file's first tag, ``/`` as ``_``."""
    scan = Scan()
    for chunk in read_records(BytesIO(head), "", []):
        scan.add(chunk)
    return any(name.startswith(_folder_of(points.tag)) for points in scan.points)


def _folder_of(tag: bytes) -> str:
    return tag.decode("utf-8", "replace").replace("/", "_") + "_"


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    found: dict[str, list[Points]] = {}
    texts: list[tuple[str, bytes]] = []
    before = 0
    for file in claim.files or (claim.main,):
        scan, records = _scan(folder, file, parts.notes)
        texts += scan.texts
        for points in scan.points:
            name = _own_name(file.rpartition("/")[0], points.tag)
            if name and (name in found or len(found) < MOST_TAGS):
                found.setdefault(name, []).append(points._replace(record=points.record + before))
        before += records
    if len(found) == MOST_TAGS:
        parts.notes.append(Note(f"more than {MOST_TAGS:,} tags; further ones were left out"))
    scalars = [_joined(name, points) for name, points in found.items()]
    if any("/" in file for file in claim.files):
        scalars = by_time(scalars)
    parts.tables = scalar_tables(scalars, claim.main, parts.notes)
    parts.config = _config(folder, settings(texts), parts.notes)
    parts.planned_epochs = planned(parts.config, "train.epochs")
    parts.planned_steps = planned(parts.config, "train.steps")
    parts.checkpoints = (*weight_files(folder), *weight_files(folder, "checkpoints"))
    parts.started, parts.ended = _times(scalars)
    return assemble(folder, claim, FORMAT, parts)


def _scan(folder: Folder, name: str, notes: list[Note]) -> tuple[Scan, int]:
    """What one file holds, and how many records it was."""
    scan, records = Scan(), 0
    file = folder.open(name)
    if file is None:
        return scan, records
    try:
        with file:
            for chunk in read_records(file, name, notes):
                scan.add(chunk)
                records = chunk.first + len(chunk.starts)
    except (OSError, ValueError, EOFError) as error:
        notes.append(Note(f"{name} cannot be read further: {error}", name))
    if scan.damaged:
        text = f"{name} holds {scan.damaged:,} records whose checksum is wrong; they are left out"
        notes.append(Note(text, name))
    return scan, records


def _own_name(below: str, tag: bytes) -> str:
    """The name a value was logged under; ``below`` is the folder in the run that it stands in."""
    own = tag.decode("utf-8", "replace")
    if _NUMBERED.match(below):
        return ""
    stem = own.replace("/", "_") + "_"
    if below.startswith(stem):
        return f"{own}/{below.removeprefix(stem)}"
    return f"{below}/{own}" if below else own


def _joined(name: str, points: list[Points]) -> Scalar:
    """All values of one tag in the order of the records."""
    record = np.concatenate([p.record for p in points])
    order = np.argsort(record, kind="stable")
    return Scalar(
        name,
        np.concatenate([p.step for p in points])[order],
        np.concatenate([p.value for p in points])[order],
        np.concatenate([p.time for p in points])[order],
        record[order],
    )


def _config(folder: Folder, logged: dict[str, object], notes: list[Note]) -> Config:
    """What a config file beside the event files says, and what was logged in them."""
    name = next((name for name in CONFIGS if folder.has(name)), "")
    config = yaml_settings(folder, name, USUAL, notes) if name else Config()
    return merged(config, canonical(logged, USUAL))


def _times(scalars: list[Scalar]) -> tuple[datetime | None, datetime | None]:
    times = [t for s in scalars for t in (*s.time[:1], *s.time[-1:]) if 0 < t < 1e11]
    if not times:
        return None, None
    return datetime.fromtimestamp(min(times)), datetime.fromtimestamp(max(times))
