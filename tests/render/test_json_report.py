from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import handmade
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.render.json import finite, to_json
from analyzer.render.known import Baselined, KnownEntry
from analyzer.render.published import json_schema

TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}


def problems(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> list[str]:
    """What ``value`` breaks of the part of JSON Schema that ours uses, undocumented keys too."""
    if "$ref" in schema:
        return problems(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    if "anyOf" in schema:
        tried = [problems(value, option, root, at) for option in schema["anyOf"]]
        return [] if [] in tried else min(tried, key=len)
    kind = schema.get("type")
    if kind and (
        not isinstance(value, TYPES[kind]) or isinstance(value, bool) != (kind == "boolean")
    ):
        return [f"{at}: {value!r} is not {kind}"]
    if isinstance(value, list):
        parts = [
            problems(v, schema.get("items", {}), root, f"{at}[{i}]") for i, v in enumerate(value)
        ]
        return [problem for part in parts for problem in part]
    if not isinstance(value, dict) or not kind:
        return []
    known, rest = schema.get("properties"), schema.get("additionalProperties")
    found = [f"{at}: {key} is missing" for key in schema.get("required", []) if key not in value]
    for key, item in value.items():
        if known and key in known:
            found += problems(item, known[key], root, f"{at}.{key}")
        elif isinstance(rest, dict):
            found += problems(item, rest, root, f"{at}.{key}")
        elif known:
            found.append(f"{at}: {key} is not documented")
    return found


def strict(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False, indent=1)


def test_the_json_is_as_published(gold) -> None:
    made = to_json(handmade.report())
    gold("report.json", strict(made))
    schema = json_schema()
    assert problems(made, schema, schema) == []


def test_the_baseline_that_counted_is_told() -> None:
    stale = (KnownEntry("00ff", "loss-flat", "train_loss", ""),)
    report = handmade.report(baseline=Baselined(Path("a/known.json"), False, 3, stale))
    made: Any = to_json(report)
    assert made["baseline"] == {
        "file": "a/known.json",
        "per_run": False,
        "entries": 3,
        "stale": [
            {"fingerprint": "00ff", "rule": "loss-flat", "subject": "train_loss", "run": None}
        ],
    }
    schema = json_schema()
    assert problems(made, schema, schema) == []


def test_the_schema_check_itself_can_fail() -> None:
    schema = json_schema()
    made: Any = to_json(handmade.report())
    del made["version"]
    made["runs"][0]["extra"] = 1
    made["runs"][1]["epochs"] = "9"
    assert len(problems(made, schema, schema)) == 3


def test_hostile_text_still_gives_valid_json() -> None:
    schema = json_schema()
    made = json.loads(strict(to_json(handmade.hostile())).encode("utf-8"))
    assert problems(made, schema, schema) == []
    assert made["runs"][0]["findings"][1]["explained_by"].startswith("<script>")


def test_what_is_not_finite_is_null_and_named() -> None:
    evidence = to_json(handmade.report(handmade.exploded()))["runs"][0]["findings"][0]["evidence"][
        0
    ]
    assert evidence["value"] is None  # type: ignore[typeddict-item]
    assert evidence["nonfinite"] == {"value": "nan"}  # type: ignore[typeddict-item]
    assert finite({"a": -math.inf, "b": [math.nan, 1.0]}) == {
        "a": None,
        "b": ["nan", 1.0],
        "nonfinite": {"a": "-inf"},
    }


def test_odd_values_of_a_config_become_json() -> None:
    odd = {"path": Path("a/b"), "f": np.float64(0.5), "i": np.int64(2), "t": (1,), 3: b"x"}
    assert finite(odd) == {"path": "a/b", "f": 0.5, "i": 2, "t": [1], "3": "b'x'"}


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_anything_becomes_strict_json(value: Any) -> None:
    strict(finite(value)).encode("utf-8")


def test_terminal_and_json_load_no_drawing_library() -> None:
    code = (
        "import sys, analyzer.render.terminal, analyzer.render.json, analyzer.render.comparison\n"
        "print(*{m.split('.')[0] for m in sys.modules} & {'matplotlib', 'bokeh', 'pandas', 'PIL',"
        " 'jinja2', 'pydantic'})"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == ""
