"""The settings of a run: ``config.yaml`` first, ``args.txt`` where that says nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from analyzer.errors import FormatError
from analyzer.formats import yaml12
from analyzer.formats.workdir import ARGS, CONFIG
from analyzer.readers.workdir.files import read_file
from analyzer.run import Config, Note, flatten

MAX_CONFIG_BYTES = 1 << 20
MAX_ARGS_BYTES = 1 << 16

FLAG_KEYS: Mapping[str, str] = {
    "train_data_dir": "data.train_dir",
    "batch_size": "data.batch_size",
    "epochs": "train.epochs",
    "lr": "optimizer.lr",
    "output_dir": "output.dir",
}
"""The documented flags of the training script and the config keys they stand for."""


def read_settings(run: Path) -> tuple[Config, list[Note]]:
    """The config of the run directory ``run`` under canonical keys."""
    values, lines, notes = _read_config(run)
    own_key: dict[str, str] = {}
    for flag, value in _read_flags(run, notes).items():
        key = FLAG_KEYS[flag]
        if key not in values:
            values[key] = value
            own_key[key] = f"--{flag}"
        elif flag != "output_dir" and values[key] != value:
            notes.append(
                Note(f"{ARGS} says --{flag} {value}, {CONFIG} says {key}: {values[key]}", ARGS, 1)
            )
    file = CONFIG if lines else ARGS if own_key else None
    return Config(values, own_key, file, lines), notes


def _read_config(run: Path) -> tuple[dict[str, Any], dict[str, int], list[Note]]:
    notes: list[Note] = []
    data = read_file(run, CONFIG, notes, limit=MAX_CONFIG_BYTES)
    if data is None:
        return {}, {}, notes
    text = data.decode("utf-8", "replace")
    try:
        document = yaml12.parse(text, file=CONFIG)
    except FormatError as error:
        return {}, {}, [*notes, Note(str(error), CONFIG, error.line)]
    if not isinstance(document.value, Mapping):
        return {}, {}, [*notes, Note(f"{CONFIG} holds no keys", CONFIG, 1)]
    for key, line in document.duplicates:
        notes.append(
            Note(f"{CONFIG}:{line}: {key} is given twice; the last one counts", CONFIG, line)
        )
    values = dict(flatten(document.value))
    return values, {key: document.lines[key] for key in values if key in document.lines}, notes


def _read_flags(run: Path, notes: list[Note]) -> dict[str, Any]:
    """The documented flags on the first line of ``args.txt``."""
    data = read_file(run, ARGS, notes, limit=MAX_ARGS_BYTES) or b""
    line = data.decode("utf-8", "replace").lstrip().partition("\n")[0]
    try:
        words = shlex.split(line)
    except ValueError as error:
        notes.append(Note(f"{ARGS}:1: not a command line: {error}", ARGS, 1))
        return {}
    flags: dict[str, Any] = {}
    for word, following in pairwise([*words, "--"]):
        name, equals, value = word.removeprefix("--").partition("=")
        if word.startswith("--") and name in FLAG_KEYS:
            text = value if equals else following
            if equals or not following.startswith("--"):
                flags[name] = _number_or_text(text)
    return flags


def _number_or_text(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
