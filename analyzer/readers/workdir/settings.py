"""The settings of a run: ``config.yaml`` first, ``args.txt`` where that says nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from analyzer.formats.workdir import ARGS, CONFIG
from analyzer.reading.folder import Folder
from analyzer.reading.settings import yaml_settings
from analyzer.reading.text import decode, read_text
from analyzer.run import Config, Note

MAX_ARGS = 1 << 16
QUOTES = frozenset("'\"\\")
RESUME = "--resume"
_SET_EPOCHS = re.compile(r"(?:--set=)?train\.epochs=(?P<value>.+)")
"""The word after ``--set``, or both in one."""

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
    for flag, (value, line) in _read_flags(folder, notes).items():
        key = FLAG_KEYS[flag]
        if key not in values:
            values[key] = value
            own_key[key] = f"--{flag}"
        elif flag != "output_dir" and values[key] != value:
            notes.append(
                Note(
                    f"{ARGS} says --{flag} {value}, {CONFIG} says {key}: {values[key]}",
                    *(ARGS, line),
                    clash=True,
                )
            )
    file = config.file or (ARGS if own_key else None)
    return Config(values, own_key, file, config.lines)


def _read_flags(folder: Folder, notes: list[Note]) -> dict[str, tuple[Any, int]]:
    """The documented flags of ``args.txt``, each with its line.

    They stand on the first line. Below it are the commands as they were typed, where each resume
    added its own; a resume may change the epochs and nothing else, and the last one counts.
    """
    data = read_text(folder, ARGS, notes, limit=MAX_ARGS) or b""
    first, *commands = decode(data).lstrip().split("\n")
    try:
        flags = {name: (value, 1) for name, value in _flags(_words(first)).items()}
    except ValueError as error:
        notes.append(Note(f"{ARGS}:1: not a command line: {error}", ARGS, 1))
        return {}
    for line, command in enumerate(commands, start=2):
        if RESUME in command and (epochs := _resumed_to(command)) is not None:
            flags["epochs"] = epochs, line
    return flags


def _resumed_to(command: str) -> Any:
    """The epochs that a command resumes with; None where it is no such command.

    What is set by the config's key wins over the flag, as in the trainer.
    """
    try:
        words = _words(command)
    except ValueError:
        return None
    if not any(word.partition("=")[0] == RESUME for word in words):
        return None
    own = [found["value"] for word in words if (found := _SET_EPOCHS.match(word))]
    return _number_or_text(own[-1]) if own else _flags(words).get("epochs")


def _words(line: str) -> list[str]:
    return shlex.split(line) if set(line) & QUOTES else line.split()


def _flags(words: Sequence[str]) -> dict[str, Any]:
    """The documented flags among words; a flag without a value is none."""
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
