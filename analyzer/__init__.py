"""trainlint: the linter for training runs.

The names below are the public API. They are loaded on first use, so that importing the
package, or asking for ``--help``, costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analyzer.diagnosis import diagnose, diagnose_runs
    from analyzer.errors import TrainlintError
    from analyzer.finding import Diagnosis, Finding, Severity, Together, Verdict
    from analyzer.readers import read
    from analyzer.run import Config, Run, Series, Status

__version__ = "0.1.0"

__all__ = [
    "Config",
    "Diagnosis",
    "Finding",
    "Run",
    "Series",
    "Severity",
    "Status",
    "Together",
    "TrainlintError",
    "Verdict",
    "__version__",
    "diagnose",
    "diagnose_runs",
    "read",
]

_WHERE = {
    "analyzer.diagnosis": ("diagnose", "diagnose_runs"),
    "analyzer.errors": ("TrainlintError",),
    "analyzer.finding": ("Diagnosis", "Finding", "Severity", "Together", "Verdict"),
    "analyzer.readers": ("read",),
    "analyzer.run": ("Config", "Run", "Series", "Status"),
}


def __getattr__(name: str) -> Any:
    for module, names in _WHERE.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(
        f"module 'analyzer' has no attribute {name!r}; it has: {', '.join(__all__)}"
    )


def __dir__() -> list[str]:
    return sorted(__all__)
