"""The JSON Schemas of our JSON outputs, made from their types, for whoever reads them."""

from __future__ import annotations

from typing import Any

from analyzer.render.comparisonschema import ComparisonReportJson
from analyzer.render.datasetschema import DatasetReportJson
from analyzer.render.json import TOOL
from analyzer.render.schema import VERSION, ReportJson

SHAPES: dict[str, Any] = {
    "report": ReportJson,
    "comparison": ComparisonReportJson,
    "dataset": DatasetReportJson,
}
"""What is written by ``report`` and ``check``, by ``compare``, by ``dataset``."""


def json_schema(name: str = "report") -> dict[str, Any]:
    """The JSON Schema of one of ``SHAPES``."""
    from pydantic import TypeAdapter

    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TypeAdapter(SHAPES[name]).json_schema(),
        "title": f"{TOOL} {name}, version {VERSION}",
    }
