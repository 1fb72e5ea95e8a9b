"""Records in JSON: strict JSON on disk, yet NaN and inf survive the way there and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analyzer.errors import UsageError


def encode_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Make a record fit for JSON: a non-finite value is null and named under ``nonfinite``.

    Records are flat and ``nonfinite`` is no key of theirs.
    """
    encoded: dict[str, Any] = {}
    nonfinite: dict[str, str] = {}
    for key, value in record.items():
        if isinstance(value, float) and not math.isfinite(value):
            encoded[key] = None
            nonfinite[key] = "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
        else:
            encoded[key] = value
    if nonfinite:
        encoded["nonfinite"] = nonfinite
    return encoded


def decode_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Undo ``encode_record``: the values named under ``nonfinite`` become NaN or inf again."""
    decoded = {key: value for key, value in record.items() if key != "nonfinite"}
    nonfinite = record.get("nonfinite")
    if isinstance(nonfinite, Mapping):
        for key, word in nonfinite.items():
            if word in ("nan", "inf", "-inf"):
                decoded[key] = float(word)
    return decoded


def read_json(path: Path, *, default: Any) -> Any:
    """A JSON file that a resumed run goes on from; ``default`` where it is missing.

    Raises UsageError where it is damaged or holds another type than ``default``.
    """
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return default
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"is not valid JSON ({error})") from error
    if not isinstance(value, type(default)):
        kind = "list" if isinstance(default, list) else "object"
        raise _damaged(path, f"holds no {kind}")
    return value


def read_records(path: Path) -> list[dict[str, Any]]:
    """The records of a JSON array that a resumed run adds to, decoded; none where it is missing.

    Raises UsageError where the file is damaged.
    """
    values = read_json(path, default=[])
    for number, value in enumerate(values, 1):
        if not isinstance(value, dict):
            raise _damaged(path, f"holds something else than an object as entry {number}")
    return [decode_record(value) for value in values]


def _damaged(path: Path, what: str) -> UsageError:
    return UsageError(
        f"{path} {what}, so the run cannot be resumed without losing it; repair it or move it away"
    )


def followed_by(records: Sequence[dict[str, Any]], new: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of epochs and a new one, in place of those from its epoch on.

    There are such where a training is resumed from an earlier epoch than it had come to.
    """
    epoch = new["epoch"]
    return [*(one for one in records if not _is_from(one.get("epoch"), epoch)), new]


def _is_from(epoch: object, first: int) -> bool:
    return isinstance(epoch, int) and epoch >= first
