"""``--require "val_f1>=0.7"``: a value that a run has to reach, whatever else is found in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan
from operator import ge, gt, le, lt

from analyzer.errors import UsageError
from analyzer.finding import CurveEvidence, Diagnosis, Finding, Severity, Verdict
from analyzer.names import label, meant
from analyzer.run import Run, Series

RULE = "requirement-unmet"
"""The id of its finding. It is no rule of a file: what is asked for is not ignored or accepted."""

TITLE = "The run does not reach what is required of it"

HOLDS: Mapping[str, Callable[[float, float], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt}

_FORM = re.compile(
    r"(?:(?P<which>best|last)\((?P<inner>[^()<>=\s]+)\)|(?P<name>[^()<>=\s]+))"
    r"\s*(?P<operator>>=|<=|>|<)\s*(?P<limit>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?P<percent>%?)"
)


@dataclass(frozen=True)
class Requirement:
    """``which`` value of the series ``name`` has to be on the right side of ``limit``.

    The best one is the highest where the limit is a lower one, and the lowest where it is an
    upper one. ``text`` is the requirement as it was written.
    """

    text: str
    which: str
    name: str
    operator: str
    limit: float


def parse_requirement(text: str) -> Requirement:
    """Read ``val_f1>=0.7``, ``last(val_loss) < 0.5`` or ``val_f1 >= 70%``; else UsageError."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"--require '{text}' is no requirement; write a series, one of >=, <=, > and <, and a "
            'number, such as "val_f1>=0.7" for the best value or "last(val_loss)<0.5"'
        )
    limit = float(found["limit"]) / (100 if found["percent"] else 1)
    name = found["inner"] or found["name"]
    return Requirement(text.strip(), found["which"] or "best", name, found["operator"], limit)


def require(run: Run, diagnosis: Diagnosis, wanted: Sequence[Requirement]) -> Diagnosis:
    """The diagnosis with an error for each requirement that the run does not meet.

    A series that was not logged, or that holds no number, meets nothing. A run that misses one
    is not called fit to ship.
    """
    unmet = tuple(one for want in wanted if (one := _unmet(run, want)) is not None)
    if not unmet:
        return diagnosis
    verdict = diagnosis.verdict
    if verdict.action == "ship it":
        verdict = Verdict("cannot tell", unmet[0].message, verdict.price, verdict.patch)
    return replace(diagnosis, findings=(*unmet, *diagnosis.findings), verdict=verdict)


def _unmet(run: Run, want: Requirement) -> Finding | None:
    series = run.get(want.name)
    if series is None or not len(series):
        return _finding(want, f"{want.text} is required, and {_not_logged(run, want.name)}")
    value, at = _value(series, want)
    if HOLDS[want.operator](value, want.limit):
        return None
    called = f"the {want.which} {label(series.name)}"
    if isnan(value):
        said = f"{called} is no number" if want.which == "last" else f"{called} is not known"
    else:
        said = f"{called} is {value:.4g} at {series.axis} {at:g}"
    text = f"{want.text} is required, and {said}"
    measured = (
        f"{want.which} {label(series.name)}: {value:.4g}, required {want.operator} {want.limit:g}"
    )
    where = series.name, series.axis, at, at
    evidence = CurveEvidence(*where, value, want.limit, "", measured, at)
    return replace(_finding(want, text), evidence=(evidence,))


def _value(series: Series, want: Requirement) -> tuple[float, float]:
    """The value that counts and its x; NaN where there is none."""
    x, y = series.x, series.y
    if want.which == "last":
        return float(y[-1]), float(x[-1])
    x, y = x[series.finite], y[series.finite]
    if not len(y):
        return float("nan"), float(series.x[-1])
    index = int(y.argmax() if want.operator.startswith(">") else y.argmin())
    return float(y[index]), float(x[index])


def _not_logged(run: Run, name: str) -> str:
    close = meant(name, run.series)
    if close is not None:
        return f"the run logs no {name}; did you mean '{close}'?"
    if not run.series:
        return f"the run logs no {name}, nor any other value"
    logged = ", ".join(sorted(run.series)[:8])
    return f"the run logs no {name}; it logs {logged}{', ...' if len(run.series) > 8 else ''}"


def _finding(want: Requirement, message: str) -> Finding:
    return Finding(RULE, TITLE, Severity.ERROR, 1.0, message, want.text)
