"""Settings inside event files: the hparams plug-in, and texts that hold JSON or a table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from struct import unpack_from
from typing import Any

from analyzer.reading import jsonfile, literals, wire
from analyzer.run import flatten

SESSION = "_hparams_/session_start_info"
MOST_SETTINGS = 2_000

_PLUGIN, _CONTENT = 1, 2  # SummaryMetadata, PluginData
_SESSION_START, _HPARAMS = 3, 1
_NUMBER, _TEXT, _BOOL = 2, 3, 4  # google.protobuf.Value
_ROW = re.compile(r"^\s*\|\s*([^|\n]{1,200}?)\s*\|\s*([^|\n]{0,500}?)\s*\|\s*$", re.M)


def settings(texts: Iterable[tuple[str, bytes]]) -> dict[str, Any]:
    """All settings in the texts of an event file (tag, content) by their own dotted names."""
    found: dict[str, Any] = {}
    for tag, content in texts:
        if tag == SESSION:
            found |= hparams(content)
        elif not tag.startswith("_hparams_/"):
            found |= in_text(content)
    return dict(list(found.items())[:MOST_SETTINGS])


def hparams(metadata: bytes) -> dict[str, Any]:
    """The hyper-parameters in the metadata of a session's start."""
    found = {}
    for entry in _inside(metadata, _PLUGIN, _CONTENT, _SESSION_START, _HPARAMS):
        key, value = "", None
        for part in wire.fields(metadata, entry.start, entry.end):
            if part.number == 1 and part.kind == wire.BYTES:
                key = wire.text(metadata, part)
            elif part.number == 2 and part.kind == wire.BYTES:
                value = _value(metadata, part)
        if key and value is not None:
            found[key] = value
    return found


def _inside(data: bytes, *numbers: int) -> list[wire.Field]:
    """The messages reached by following field numbers from the outermost one."""
    level = [wire.Field(0, wire.BYTES, 0, len(data))]
    for number in numbers:
        level = [
            part
            for whole in level
            for part in wire.fields(data, whole.start, whole.end)
            if part.number == number and part.kind == wire.BYTES
        ]
    return level


def _value(data: bytes, whole: wire.Field) -> Any:
    for part in wire.fields(data, whole.start, whole.end):
        if part.number == _NUMBER and part.kind == wire.FIXED64:
            number = unpack_from("<d", data, part.start)[0]
            return int(number) if abs(number) < 1e15 and number == int(number) else number
        if part.number == _TEXT and part.kind == wire.BYTES:
            return literals.scalar(wire.text(data, part))
        if part.number == _BOOL and part.kind == wire.VARINT:
            return bool(part.value)
    return None


def in_text(content: bytes) -> dict[str, Any]:
    """Settings in a text summary: a JSON object (Hugging Face), or a table ``|name|value|``."""
    if content.lstrip().startswith(b"{"):
        try:
            found = jsonfile.parse(content)
        except ValueError:
            return {}
        leaves = flatten(found) if isinstance(found, dict) else ()
        return {key: value for key, value in leaves if value is not None}
    rows = _ROW.findall(content.decode("utf-8", "replace"))
    if len(rows) < 3 or set(rows[1][0] + rows[1][1]) - set("-: "):
        return {}  # no line under a header: a text that happens to hold bars
    return {name.strip("*` "): literals.scalar(value) for name, value in rows[2:]}
