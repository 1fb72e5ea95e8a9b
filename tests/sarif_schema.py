"""What a text breaks of the published schema of SARIF 2.1.0.

pydantic-sarif holds the whole schema as models, made from the published file and closed to any
property that it does not name. What models of that kind cannot say is checked here: arrays whose
items differ, references that are URIs, and messages that have a text or an id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Log

REFERENCE = re.compile(r"(?:[\w\-.~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*", re.ASCII)
"""The characters of a URI reference, by RFC 3986."""

DIFFERENT = frozenset({"rules", "suppressions", "tags"})
"""Of the arrays we write, those of which the schema wants no item twice."""


def faults(text: str) -> list[str]:
    """A sentence for each fault; none where the text is valid."""
    try:
        Log.model_validate_json(text, strict=True)
    except ValidationError as error:
        found = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    else:
        found = []
    return [*found, *_more(json.loads(text), "$")]


def _more(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from _more(item, f"{at}[{i}]")
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        place = f"{at}.{key}"
        if key in DIFFERENT and len({json.dumps(one, sort_keys=True) for one in item}) < len(item):
            yield f"{place}: an item stands twice"
        if key == "uri" and not REFERENCE.fullmatch(item):
            yield f"{place}: {item!r} is no reference"
        if key in ("message", "shortDescription", "help") and not {"text", "id"} & set(item):
            yield f"{place}: neither text nor id"
        yield from _more(item, place)
