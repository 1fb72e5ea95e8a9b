"""The JSON Schema of rule files, for editors: made from the models, with the names filled in."""

from __future__ import annotations

from typing import Any

from analyzer.diagnosis.rule import Rule
from analyzer.diagnosis.runchecks import EVERY_CHECK
from analyzer.diagnosis.window import EVENTS
from analyzer.facts import FACTS
from analyzer.signals import SIGNALS

NAMES = {"signal": SIGNALS, "fact": FACTS, "check": EVERY_CHECK, "event": EVENTS}


def rule_schema() -> dict[str, Any]:
    """The schema of one rule file. ``id`` and ``family`` are left out: the path gives them."""
    schema = Rule.model_json_schema(by_alias=True)
    for key in ("id", "family"):
        schema["properties"].pop(key)
    schema["required"].remove("id")
    conditions = schema["$defs"]["Condition"]["properties"]
    for key, table in NAMES.items():
        first = conditions[key]["anyOf"][0]
        first["enum"] = sorted(table)
    schema["title"] = "trainlint rule"
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema
