"""The data set of a training, checked before its first step: the dataset doctor, for a trainer.

check(train, test, input_size, sample, track) -> Checked
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rich.console import Console

from analyzer.commands.choice import choose
from analyzer.commands.dataset import diagnosed
from analyzer.dataset.examine import Track, examine
from analyzer.dataset.records import Options
from analyzer.dataset.statistics import Numbers
from analyzer.finding import Severity
from analyzer.formats.icdar_folder import SPLITS
from analyzer.render.preflight import print_preflight
from analyzer.render.report import RunReport
from analyzer.render.text import plain, share

LABEL_ERRORS = (
    *("too-few-numbers", "not-a-number", "not-finite", "empty-text", "full-width-comma"),
    *("huge-coordinate", "wholly-outside", "self-crossing", "no-area"),
)
"""Problems of label lines and boxes that cannot be right: those the rules call errors."""

LEAKS = ("same-file", "same-picture")


@dataclass(frozen=True)
class Checked:
    """What was found. ``by_split`` counts the problems by (split, kind)."""

    item: RunReport
    numbers: Numbers
    by_split: Counter[tuple[str, str]]

    @cached_property
    def findings(self) -> Mapping[str, str]:
        """Severity by rule, the worst first."""
        return {finding.rule: finding.severity.value for finding in self.item.findings}

    @property
    def errors(self) -> tuple[str, ...]:
        """The findings that are errors, a sentence each."""
        return self._told(Severity.ERROR)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The same of the warnings."""
        return self._told(Severity.WARNING)

    def _told(self, severity: Severity) -> tuple[str, ...]:
        found = (one for one in self.item.findings if one.severity is severity)
        return tuple(f"{one.rule}: {plain(one.message)}" for one in found)

    def counts(self, split: str) -> dict[str, int]:
        """What the check counts in a split besides what a loader does."""
        told = {
            "label_errors": sum(self.by_split[split, kind] for kind in LABEL_ERRORS),
            "tiny": self.by_split[split, "tiny"],
        }
        leaked = {"leaked": sum(self.by_split[split, kind] for kind in LEAKS)}
        return told | (leaked if split == "test" else {})

    def show(self, console: Console) -> None:
        """Print the verdict, the findings and one table."""
        print_preflight(self.item, self._rows(), console)

    def _rows(self) -> list[tuple[str, ...]]:
        found = [(self.numbers.splits[split], self.counts(split)) for split in SPLITS]
        small = f"words below {self.numbers.min_side:g} pixels"
        small += f" at {self.numbers.input_size} pixels input"
        return [
            ("images with labels", *(str(one.images) for one, _ in found)),
            ("boxes that count", *(str(one.boxes) for one, _ in found)),
            (
                "boxes ignored (###)",
                *(share(one.ignored, one.boxes + one.ignored) for one, _ in found),
            ),
            (small, *(share(one.small, one.boxes) for one, _ in found)),
            ("boxes under 3 pixels", *(str(counts["tiny"]) for _, counts in found)),
            ("label errors", *(str(counts["label_errors"]) for _, counts in found)),
        ]


def check(
    train: Path, test: Path, *, input_size: int, sample: int, track: Track | None = None
) -> Checked:
    """Examine the training set in one folder and the test set in the same or another one.

    So many images as ``sample`` says are decoded, in this process; of all others the header and
    the end are read. ``track`` is that of ``examine``. The settings file ``analyzer.yaml`` counts
    as for ``python -m analyzer dataset``. Raises UsageError or FormatError where a folder, or
    that file, cannot be read.
    """
    options = Options(input_size=input_size, sample=sample, processes=1)
    examined = examine(train, options, track, test)
    return Checked(diagnosed(examined, choose((), None)), examined.numbers, examined.by_split)
