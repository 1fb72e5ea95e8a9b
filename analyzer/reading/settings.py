"""Settings of other frameworks under canonical keys, with the way back to the user's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analyzer.errors import FormatError
from analyzer.formats import yaml12
from analyzer.reading.folder import Folder
from analyzer.reading.text import decode, read_text
from analyzer.run import Config, Note, flatten

MAX_CONFIG = 1 << 20

Spellings = Mapping[str, str]
"""Own dotted key -> canonical key."""


def canonical(
    own: Mapping[str, Any],
    spellings: Spellings,
    *,
    file: str | None = None,
    lines: Mapping[str, int] | None = None,
) -> Config:
    """A Config of settings as the framework spells them; keys without a spelling are kept.

    Where two own keys mean the same, the one that stands first in ``spellings`` counts.
    """
    values: dict[str, Any] = {}
    own_key: dict[str, str] = {}
    for spelled, key in spellings.items():
        if spelled in own and key not in values:
            values[key] = own[spelled]
            own_key[key] = spelled
    values |= {k: v for k, v in own.items() if k not in spellings and k not in values}
    back = {own_key.get(key, key): key for key in values}
    found = {back[name]: line for name, line in (lines or {}).items() if name in back}
    return Config(values, own_key, file, found)


def yaml_settings(folder: Folder, name: str, spellings: Spellings, notes: list[Note]) -> Config:
    """The settings in a YAML file, nested keys dotted; empty, and noted, where it is damaged."""
    data = read_text(folder, name, notes, limit=MAX_CONFIG)
    if data is None:
        return Config()
    try:
        document = yaml12.parse(decode(data), file=name, lenient=True)
    except FormatError as error:
        notes.append(Note(str(error), name, error.line))
        return Config()
    if not isinstance(document.value, Mapping):
        notes.append(Note(f"{name} holds no keys", name, 1))
        return Config()
    own = dict(flatten(document.value))
    lines = {key: document.lines[key] for key in own if key in document.lines}
    return canonical(own, spellings, file=name, lines=lines)


def merged(first: Config, second: Config) -> Config:
    """``first``, and what only ``second`` says."""
    return Config(
        {**second.values, **first.values},
        {**second.own_key, **first.own_key},
        first.file or second.file,
        {**second.lines, **first.lines} if first.file == second.file else first.lines,
    )
