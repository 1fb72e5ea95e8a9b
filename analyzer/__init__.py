"""trainlint: the linter for training runs.

The names below are the public API. They are loaded on first use, so that importing the
package, or asking for ``--help``, costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "Run": "analyzer.run",
    "Series": "analyzer.run",
    "Finding": "analyzer.finding",
    "Diagnosis": "analyzer.finding",
    "read": "analyzer.readers",
    "diagnose": "analyzer.diagnosis",
    "TrainlintError": "analyzer.errors",
}

__all__ = ["__version__", *_WHERE]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'analyzer' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
