"""What a renderer of the dataset doctor is given, in the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import Any, cast

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analyzer.dataset.repair import Change
from analyzer.dataset.statistics import Histogram, Numbers, SplitNumbers, Spread
from analyzer.render.datasetschema import DatasetReportJson
from analyzer.render.json import (
    baseline_json,
    finding_json,
    finite,
    heading,
    suppressed_json,
    verdict_json,
)
from analyzer.render.known import Baselined
from analyzer.render.report import RunReport
from analyzer.render.terminal import findings_grid, folded_lines, headline, indent, show
from analyzer.render.text import count, number, plain, share

SHOWN_CHANGES = 10
SHOWN_SCRIPTS = 5


@dataclass(frozen=True)
class Overlay:
    """A picture with its boxes: the image's name, what is wrong on it, and the JPEG itself."""

    name: str
    problems: tuple[str, ...]
    jpeg: bytes


@dataclass(frozen=True)
class DatasetReport:
    """All that a renderer of a data set gets. ``changes`` is None unless a copy was repaired."""

    item: RunReport
    numbers: Numbers
    created: datetime
    version: str
    overlays: tuple[Overlay, ...] = ()
    changes: tuple[Change, ...] | None = None
    copy: str = ""
    baseline: Baselined | None = None

    @property
    def name(self) -> str:
        """The folder's name."""
        return plain(self.item.run.name, 80)

    @property
    def title(self) -> str:
        """The heading of a page."""
        return f"Data set {self.name}"

    @property
    def created_text(self) -> str:
        """When the report was made, to the minute."""
        return self.created.isoformat(sep=" ", timespec="minutes")

    @cached_property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The statistics: what, then one cell for each split."""
        made = [list(_cells(split, self.numbers)) for split in self.numbers.splits.values()]
        return tuple(
            (name, *(cells[i][1] for cells in made)) for i, (name, _) in enumerate(made[0])
        )

    @cached_property
    def bars(self) -> tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]:
        """(title, rows) of the distributions: what range, then how many in each split."""
        splits = self.numbers.splits.values()
        return (
            ("Boxes on an image", _bars([split.per_image_bars for split in splits], whole=True)),
            (
                f"Height of a word in pixels at {self.numbers.input_size} pixels input",
                _bars([split.height_bars for split in splits], whole=False),
            ),
        )

    @property
    def splits(self) -> tuple[str, ...]:
        """The heads of the columns."""
        return tuple(self.numbers.splits)

    @cached_property
    def begins(self) -> tuple[str, ...]:
        """The first lines of the lists and of the first label file, as they are."""
        first = [line for split in self.numbers.splits.values() for line in split.first]
        return tuple(plain(line, 200) for line in (*first, self.numbers.first_label) if line)


def _cells(split: SplitNumbers, numbers: Numbers) -> Iterator[tuple[str, str]]:
    yield "images with labels", number(split.images)
    yield "boxes that count", number(split.boxes)
    yield "boxes ignored (###)", share(split.ignored, split.boxes + split.ignored)
    yield "boxes on an image", _spread(split.per_image)
    yield "image width, pixels", _spread(split.width_px)
    yield "image height, pixels", _spread(split.height_px)
    yield f"word height at {numbers.input_size} pixels input", _spread(split.height)
    yield f"words below {number(numbers.min_side)} pixels there", share(split.small, split.boxes)
    yield "width over height of a word", _spread(split.aspect)
    yield "characters of a text", _spread(split.length)
    yield "different characters", number(len(split.characters))
    yield "scripts", _scripts(split.scripts)
    yield "most frequent", plain(split.common)


def _spread(found: Spread | None) -> str:
    """``4 (1 to 12)``: the median, and where nine in ten lie."""
    if found is None:
        return "-"
    if found.low == found.high:
        return number(found.median)
    return f"{number(found.median)} ({number(found.low)} to {number(found.high)})"


def _scripts(found: Mapping[str, int]) -> str:
    whole = sum(found.values())
    named = list(found.items())[:SHOWN_SCRIPTS]
    return ", ".join(f"{name} {n / whole:.0%}" for name, n in named) or "-"


def _bars(found: Sequence[Histogram], *, whole: bool) -> tuple[tuple[str, ...], ...]:
    """Rows of a table of counts by range; ``whole`` for numbers of things."""
    edges = found[0].edges
    names = [_range(low, high - whole) for low, high in pairwise(edges)]
    names[-1] = f"{edges[-2]:.0f} and more"
    return tuple((name, *(str(one.counts[i]) for one in found)) for i, name in enumerate(names))


def _range(low: float, high: float) -> str:
    return f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"


def print_dataset(report: DatasetReport, console: Console) -> None:
    """Print the verdict, the findings, the numbers, and how the lists begin."""
    item = report.item
    show(console, headline(report.name, item.diagnosis.verdict))
    if item.findings:
        show(console, indent(findings_grid(item.findings)))
    for line in folded_lines(item):
        show(console, indent(Text(line, style="dim")))
    show(console, "")
    show(console, _table(report))
    for line in report.begins:
        show(console, indent(Text(line, style="dim")))
    if report.changes is not None:
        show(console, "")
        _print_changes(report, console)
    show(console, "")
    print_counts(report, console)


def print_counts(report: DatasetReport, console: Console) -> None:
    """The last line: how much was found."""
    show(console, Text(f"{report.name}: {report.item.counts} found.", style="bold"))


def _table(report: DatasetReport) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for head in ("median (5 % to 95 %)", *report.splits):
        table.add_column(Text(head), overflow="fold")
    for row in report.rows:
        table.add_row(*map(Text, row))
    return table


def _print_changes(report: DatasetReport, console: Console) -> None:
    changes = report.changes or ()
    show(console, Text(f"{plain(report.copy)}: {changes_text(changes)}", style="bold"))
    for change in changes[:SHOWN_CHANGES]:
        show(console, indent(Text(f"{plain(change.file)}: {plain(change.what)}")))
    if len(changes) > SHOWN_CHANGES:
        rest = len(changes) - SHOWN_CHANGES
        show(console, indent(Text(f"and {rest} more; --format json lists all", style="dim")))


def changes_text(changes: Sequence[Change]) -> str:
    """What a repair came to."""
    if not changes:
        return "a copy; there was nothing that can be repaired safely"
    return f"a repaired copy, {count(len(changes), 'file')} changed"


def dataset_to_json(report: DatasetReport) -> DatasetReportJson:
    """The report as values that ``json.dumps(..., allow_nan=False)`` takes."""
    item = report.item
    made: dict[str, Any] = {
        "name": item.run.name,
        "path": item.run.path.as_posix(),
        "verdict": verdict_json(item.diagnosis.verdict),
        "findings": [finding_json(finding) for finding in item.diagnosis.findings],
        "suppressed": [suppressed_json(one) for one in item.diagnosis.suppressed],
        "not_evaluated": [
            {"rule": one.rule, "reason": one.reason} for one in item.diagnosis.not_evaluated
        ],
        "numbers": _numbers_json(report.numbers),
    }
    if report.changes is not None:
        changes = [{"file": change.file, "what": change.what} for change in report.changes]
        made["repaired"] = {"path": report.copy, "changes": changes}
    whole = {
        **heading(report.version, report.created),
        "title": report.title,
        "datasets": [made],
        "baseline": baseline_json(report.baseline),
    }
    return cast(DatasetReportJson, finite(whole))


def _numbers_json(numbers: Numbers) -> dict[str, Any]:
    made = asdict(numbers)
    for name, split in numbers.splits.items():
        for key, value in vars(split).items():
            if isinstance(value, Spread):
                made["splits"][name][key] = value._asdict()
        made["splits"][name]["scripts"] = split.scripts
    return made
