"""A baseline: the findings that are known already, in a file beside the code.

A finding is known by its rule and its subject. Names of runs are time stamps, so they count only
where the baseline was written with ``--per-run``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from analyzer.errors import FormatError, UsageError
from analyzer.finding import Diagnosis, Finding, Suppressed, Together
from analyzer.formats.files import replace_text

VERSION = 1
MOST_BYTES = 64 << 20


class Entry(NamedTuple):
    """A known finding. ``run`` is empty unless the baseline is one of single runs."""

    fingerprint: str
    rule: str
    subject: str
    run: str = ""

    @property
    def text(self) -> str:
        """The entry in words."""
        of = f" of {self.run}" if self.run else ""
        return f"{self.rule} ({self.subject}){of}" if self.subject else f"{self.rule}{of}"


@dataclass(frozen=True)
class Baseline:
    """What is known, by fingerprint; ``name`` is what to call the file."""

    name: str
    entries: dict[str, Entry]
    per_run: bool = False

    def knows(self, finding: Finding, run: str) -> bool:
        """Whether the finding, in the run of that name, is one of those."""
        return entry(finding, run if self.per_run else "").fingerprint in self.entries

    def stale(self, met: Collection[str], asked: Collection[str]) -> list[Entry]:
        """The entries of rules ``asked`` that no finding ``met`` (fingerprints) any more."""
        return [one for key, one in self.entries.items() if key not in met and one.rule in asked]


def entry(finding: Finding, run: str = "") -> Entry:
    """How a baseline notes a finding; with ``run`` that of this run alone."""
    mark = finding.fingerprint
    if run:
        mark = hashlib.sha256(f"{mark}\0{run}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Entry(mark, finding.rule, finding.subject, run)


def write_baseline(path: Path, entries: Iterable[Entry], *, per_run: bool) -> int:
    """Write the file, one line for each entry and in a stable order; returns how many."""
    kept = sorted(set(entries), key=lambda one: (one.rule, one.subject, one.run))
    lines = [json.dumps(_raw(one), allow_nan=False) for one in kept]
    block = "[\n  " + ",\n  ".join(lines) + "\n ]" if lines else "[]"
    flag = json.dumps(per_run)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(
            path, f'{{\n "version": {VERSION},\n "per_run": {flag},\n "findings": {block}\n}}\n'
        )
    except OSError as error:
        raise UsageError(f"cannot write the baseline {path}: {error.strerror}") from error
    return len(kept)


def _raw(one: Entry) -> dict[str, str]:
    raw = one._asdict()
    return raw if one.run else {key: raw[key] for key in ("fingerprint", "rule", "subject")}


def read_baseline(path: Path) -> Baseline:
    """Read the file. Raises FormatError where it is none, so that nothing is waved through."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read the baseline {path}: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise FormatError(f"larger than {MOST_BYTES:,} bytes", file=str(path))
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON: {error}; {_AGAIN}", file=str(path)) from None
    if not isinstance(raw, dict) or raw.get("version") != VERSION:
        raise FormatError(f"no baseline of version {VERSION}; {_AGAIN}", file=str(path))
    per_run, listed = raw.get("per_run"), raw.get("findings")
    if not isinstance(per_run, bool) or not isinstance(listed, list):
        raise FormatError(f"per_run or findings is missing; {_AGAIN}", file=str(path))
    entries = [_entry(one, path) for one in listed]
    return Baseline(path.name, {one.fingerprint: one for one in entries}, per_run)


_AGAIN = "write it anew with --write-baseline"


def _entry(raw: Any, path: Path) -> Entry:
    values = [raw.get(key) for key in Entry._fields[:3]] if isinstance(raw, dict) else [None]
    if not all(isinstance(value, str) for value in values):
        told = f"an entry without fingerprint, rule and subject; {_AGAIN}"
        raise FormatError(told, file=str(path))
    return Entry(raw["fingerprint"], raw["rule"], raw["subject"], str(raw.get("run", "")))


def without_known(diagnosis: Diagnosis, run: str, baseline: Baseline) -> Diagnosis:
    """The diagnosis whose known findings are listed as such and decide nothing.

    What follows from a known finding is known as well.
    """
    kept, gone = _split(diagnosis.findings, lambda one: baseline.knows(one, run))
    while lost := {one.rule for one in gone} - {one.rule for one in kept}:
        kept, more = _split(kept, partial(_follows, rules=lost))
        if not more:
            break
        gone = (*gone, *more)
    return replace(
        diagnosis,
        findings=kept,
        suppressed=(*diagnosis.suppressed, *_accepted(gone, baseline)),
    )


def _follows(finding: Finding, rules: Collection[str]) -> bool:
    return finding.explained_by in rules


def without_known_together(told: Together, baseline: Baseline) -> Together:
    """The same for what several runs show together."""
    kept, gone = _split(told.findings, lambda one: baseline.knows(one, runs_of(one)))
    return replace(told, findings=kept, suppressed=(*told.suppressed, *_accepted(gone, baseline)))


def runs_of(finding: Finding) -> str:
    """The runs that a finding about several names, as one name."""
    return " ".join(finding.runs)


def _split(
    findings: Sequence[Finding], known: Callable[[Finding], bool]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    kept = tuple(one for one in findings if not known(one))
    return kept, tuple(one for one in findings if known(one))


def _accepted(findings: Iterable[Finding], baseline: Baseline) -> Iterator[Suppressed]:
    return (Suppressed(one, f"known, in {baseline.name}", None, 0) for one in findings)
