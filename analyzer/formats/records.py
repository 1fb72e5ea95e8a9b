"""Records in JSON: strict JSON on disk, yet NaN and inf survive the way there and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analyzer.errors import UsageError


def encode_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Make a record fit for JSON: a non-finite value is null and named under ``nonfinite``."""
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
    """A JSON file that a resumed run goes on from; ``default`` where it is missing."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return default
    except ValueError as error:
        raise UsageError(
            f"{path} is not valid JSON ({error}), so the run cannot be resumed without losing it; "
            "repair it or move it away"
        ) from error
    return value if isinstance(value, type(default)) else default
