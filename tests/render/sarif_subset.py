"""The part of the published SARIF 2.1.0 schema that our output uses, closed to anything else.

After https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json, read by
hand: which properties there are, which are required, their types, ranges and allowed words.
"""

from __future__ import annotations

from typing import Any


def closed(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


TEXT = {"type": "string"}
MESSAGE = closed(("text",), text=TEXT)
BAG = {"type": "object", "properties": {"tags": {"type": "array", "uniqueItems": True}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
PLACE = closed(
    ("artifactLocation",),
    artifactLocation=closed((), uri={"type": "string", "format": "uri-reference"}),
    region=closed((), startLine={"type": "integer", "minimum": 1}),
)
RULE = closed(("id",), id=TEXT, shortDescription=MESSAGE, help=MESSAGE, properties=BAG)
SUPPRESSION = closed(("kind",), kind={"enum": ["inSource", "external"]}, justification=TEXT)
RESULT = closed(
    ("message",),
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": -1},
    level=LEVEL,
    message=MESSAGE,
    locations={"type": "array", "items": closed((), physicalLocation=PLACE)},
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    suppressions={"type": "array", "items": SUPPRESSION, "uniqueItems": True},
    baselineState={"enum": ["new", "unchanged", "updated", "absent"]},
    rank={"type": "number", "minimum": -1, "maximum": 100},
    properties=BAG,
)
DRIVER = closed(
    ("name",),
    name=TEXT,
    semanticVersion=TEXT,
    rules={"type": "array", "items": RULE, "uniqueItems": True},
)
RUN = closed(
    ("tool",),
    tool=closed(("driver",), driver=DRIVER),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": RESULT},
)
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    **closed(
        ("version", "runs"),
        **{"$schema": {"type": "string", "format": "uri"}},
        version={"enum": ["2.1.0"]},
        runs={"type": "array", "items": RUN},
    ),
}
