"""The settings of a run: ``config.yaml`` first, ``args.txt`` where that says nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from analyzer.formats.workdir import ARGS, CONFIG
from analyzer.reading.folder import Folder
from analyzer.reading.settings import yaml_settings
from analyzer.reading.text import decode, read_text
from analyzer.run import Config, Note

MAX_ARGS = 1 << 16
QUOTES = frozenset("'\"\\")

FLAG_KEYS: Mapping[str, str] = {
    "train_data_dir": "data.train_dir",
    "batch_size": "data.batch_size",
    "epochs": "train.epochs",
    "lr": "optimizer.lr",
    "output_dir": "output.dir",
}
"""The documented flags of the training script and the config keys they stand for."""


def read_settings(folder: Folder, notes: list[Note]) -> Config:
    """The config of a run under canonical keys."""
    config = yaml_settings(folder, CONFIG, {}, notes)
    values = dict(config.values)
    own_key: dict[str, str] = {}
    for flag, value in _read_flags(folder, notes).items():
        key = FLAG_KEYS[flag]
        if key not in values:
            values[key] = value
            own_key[key] = f"--{flag}"
        elif flag != "output_dir" and values[key] != value:
            notes.append(
                Note(
                    f"{ARGS} says --{flag} {value}, {CONFIG} says {key}: {values[key]}",
                    *(ARGS, 1),
                    clash=True,
                )
            )
    file = config.file or (ARGS if own_key else None)
    return Config(values, own_key, file, config.lines)


def _read_flags(folder: Folder, notes: list[Note]) -> dict[str, Any]:
    """The documented flags on the first line of ``args.txt``."""
    data = read_text(folder, ARGS, notes, limit=MAX_ARGS) or b""
    line = decode(data).lstrip().partition("\n")[0]
    try:
        words = shlex.split(line) if set(line) & QUOTES else line.split()
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
