"""Label the runs: ``python -m benchmarks.diagnosis.outcome`` writes ``labels.csv``.

A label says what the fault did, before any diagnosis. Whoever made the run knows the fault and has
its healthy twin (same base, same seed, same data), so plain comparisons suffice; the rules have
neither. No fault is tried on a seed whose twin did not learn. Each fault lists the outcomes that
it may have; the first one that was measured counts. ``OUTCOMES`` says what holds by its numbers. A
fault without visible effect is ``no-effect``, and a twin that did not learn is not called healthy.
"""

from __future__ import annotations

import csv
import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import click

from benchmarks.diagnosis import effects
from benchmarks.diagnosis.fault import Fault
from benchmarks.diagnosis.faults import FAULTS, HEALTHY
from benchmarks.diagnosis.measures import Measures, measure

HERE = Path(__file__).parent
RUNS = HERE / "runs"
LABELS = HERE / "labels.csv"
HEAD = ("run", "base", "fault", "seed", "outcome", "family", "expects", "allows")


@dataclass(frozen=True)
class Twins:
    """What a run is held against: its own twin, and how the twins of its base differ by seed."""

    own: Measures
    all: Sequence[Measures]

    @property
    def margin(self) -> float:
        """F1 that is more than the luck of a seed: two deviations of the twins, at least 0.05.

        0.05 is the sampling error of a rate of 0.7 from the 110 words of the test images.
        """
        return max(0.05, 2 * statistics.stdev(twin.f1 for twin in self.all))

    @property
    def swing(self) -> float:
        """A swing that no twin reaches, and at least twice that of the middle one."""
        swings = [twin.swing for twin in self.all]
        return max(*swings, 2 * statistics.median(swings))


OUTCOMES: Mapping[str, tuple[str, Callable[[Measures, Twins], bool]]] = {
    "nonfinite": (
        "a loss or a metric became NaN or infinite",
        lambda run, _: run.nonfinite,
    ),
    "crashed": (
        "the trainer ended with an error, and nothing was NaN",
        lambda run, _: run.failed and not run.nonfinite,
    ),
    "cut-off": (
        "fewer epochs than planned, and no error",
        lambda run, _: run.epochs < run.planned and not run.failed,
    ),
    "unvalidated": (
        "no evaluation at all",
        lambda run, _: math.isnan(run.f1),
    ),
    "no-weights": (
        "finished, and no weights were saved",
        lambda run, _: run.finished and not run.saves,
    ),
    "not-learnt": (
        "the best F1 is below a quarter of the twin's",
        lambda run, twins: run.f1_best < 0.25 * twins.own.f1,
    ),
    "worse": (
        "the final F1 is below three quarters of the twin's: visible without the twin",
        lambda run, twins: run.f1 < 0.75 * twins.own.f1,
    ),
    "weaker": (
        "the final F1 is below the twin's by more than the luck of a seed, or the training loss "
        "fell by a fifth less: visible only beside the twin",
        lambda run, twins: (
            run.f1 < twins.own.f1 - twins.margin
            or 1 - run.loss_fall < 0.8 * (1 - twins.own.loss_fall)
        ),
    ),
    "lost": (
        "F1 fell from its best by more than the luck of a seed and 0.15, or the training loss by "
        "more than half of its fall rose again",
        lambda run, twins: run.f1_best - run.f1 > max(0.15, twins.margin) or run.loss_kept < 0.5,
    ),
    "late": (
        "nothing was found for more than a third of the run",
        lambda run, _: run.late > 1 / 3,
    ),
    "unsteady": (
        "F1 falls back further than in any twin, and twice as far as in the middle one",
        lambda run, twins: run.swing > twins.swing,
    ),
    "overfits": (
        "the validation loss ends 10 % above its minimum, while the training loss fell by 10 %",
        lambda run, _: run.val_rise > 0.1 and run.fall_since > 0.1,
    ),
    "gap": (
        "the validation loss ends above twice the training loss, the twin's far below",
        lambda run, twins: run.gap > 2 > 1.3 * twins.own.gap,
    ),
    "leaks": (
        "F1 reaches 0.95, or the validation loss ends a fifth below the training loss",
        lambda run, _: run.f1 > 0.95 or run.gap < 0.8,
    ),
    "unfinished": (
        "all planned epochs, the final F1 below the twin's best by more than the luck of a seed, "
        "and the last epoch still took 3 % off the training loss",
        lambda run, twins: (
            run.epochs >= run.planned
            and run.f1 < twins.own.f1_best - twins.margin
            and run.loss_slope > 0.03
        ),
    ),
    "stale-best": (
        "the epoch in best.pth lies 0.05 of F1 below the best one",
        lambda run, _: run.f1_best - run.f1_saved > 0.05,
    ),
    "one-part": (
        "one part makes nine tenths of the final training loss, in the twin not",
        lambda run, twins: run.part > 0.9 > twins.own.part,
    ),
    "skewed": (
        "precision and recall lie 0.25 apart at the best F1, in the twin less than 0.15",
        lambda run, twins: run.skew > 0.25 and twins.own.skew < 0.15,
    ),
    "clipped": (
        "nine tenths of the steps were clipped, in the twin less than half",
        lambda run, twins: run.clipped > 0.9 and twins.own.clipped < 0.5,
    ),
    "starved": (
        "waiting for data took a fifth more of the steps' time than in the twin",
        lambda run, twins: run.data_share > twins.own.data_share + 0.2,
    ),
    "slowing": (
        "steps took one and a half times as long at the end as at the start",
        lambda run, _: run.slowing > 1.5,
    ),
    "resumed": (
        "the run was gone on with",
        lambda run, _: run.resumed,
    ),
    "jump": (
        "resumed, and 15 % of what the training loss had fallen by was lost",
        lambda run, _: run.jump > 0.15,
    ),
}
"""Outcome -> what it means, and its test. Comparisons with NaN do not hold."""

NO_EFFECT = "no-effect"
UNHEALTHY = ("nonfinite", "crashed", "cut-off", "lost", "late", "overfits")
"""Outcomes that a twin must not have; nor may its final F1 lie below ``HEALTHY_F1``."""
HEALTHY_F1 = 0.5

SIDE_EFFECTS: Mapping[str, tuple[str, ...]] = {
    "late": effects.LOOSE,
    "slowing": ("throughput-drops", "slow-steps"),
    "starved": ("data-loading-bound",),
    "overfits": ("overfitting", "loss-metric-split"),
    "gap": ("generalization-gap", "overfitting"),
    "unsteady": ("metric-oscillates",),
    "skewed": ("precision-recall-skew",),
    "stale-best": ("best-checkpoint-stale", "best-checkpoint-not-best"),
    "clipped": ("clipping-always",),
    "one-part": ("loss-part-dominates",),
    "unfinished": ("still-improving",),
}
"""What was measured beside the outcome is no false alarm either. Of a twin, only ``late`` and
``slowing`` count: other programs on the machine may slow a training down while it runs.
"""


@dataclass(frozen=True)
class Labelled:
    """One row of ``labels.csv``."""

    run: Path
    base: str
    fault: Fault | None
    seed: int
    outcome: str
    expects: tuple[str, ...]
    allows: tuple[str, ...]
    measures: Measures

    def cells(self) -> list[str]:
        """As text; a fault is empty for a twin, and numbers have four digits."""
        numbers = [_number(value) for value in astuple(self.measures)]
        fault, family = (self.fault.name, self.fault.family) if self.fault else ("", "")
        ids = ("|".join(self.expects), "|".join(self.allows))
        head = [self.run.as_posix(), self.base, fault, str(self.seed), self.outcome, family]
        return [*head, *ids, *numbers]


def _number(value: float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if math.isnan(value) else f"{value:.4g}"


def label_all(runs: Path = RUNS) -> Iterator[Labelled]:
    """A row for each run in the folder, in the order of their paths."""
    found = sorted(runs.glob("*/*/seed_*/exp_*"))
    measured = {path.relative_to(runs): measure(path) for path in found}
    healthy: dict[str, dict[int, Measures]] = {}
    for run, values in measured.items():
        base, name, seed = _place(run)
        if name == HEALTHY:
            healthy.setdefault(base, {})[seed] = values
    by_name = {fault.name: fault for fault in FAULTS}
    for run, values in measured.items():
        base, name, seed = _place(run)
        twins = Twins(
            healthy[base][seed], [t for t in healthy[base].values() if t.f1 > HEALTHY_F1]
        )
        fault = by_name[name] if name != HEALTHY else None
        outcome, expects, allows = _judge(values, fault, twins)
        yield Labelled(run, base, fault, seed, outcome, expects, allows, values)


def _place(run: Path) -> tuple[str, str, int]:
    base, name, seed = run.parts[:3]
    return base, name, int(seed.removeprefix("seed_"))


def _judge(
    run: Measures, fault: Fault | None, twins: Twins
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The outcome, what is expected, and what is allowed."""
    holds = [word for word, (_, test) in OUTCOMES.items() if test(run, twins)]
    if fault is None:
        allows = tuple(
            r for word in ("late", "slowing") if word in holds for r in SIDE_EFFECTS[word]
        )
        if run.f1 < HEALTHY_F1:
            return "not-learnt", effects.FROZEN[0].expects, (*effects.FROZEN[0].allows, *allows)
        return next((word for word in holds if word in UNHEALTHY), HEALTHY), (), allows
    side = [rule for word in holds for rule in SIDE_EFFECTS.get(word, ())]
    for effect in fault.effects:
        if effect.outcome in holds:
            known = dict.fromkeys([*effect.allows, *fault.facts, *side])
            rest = tuple(rule for rule in known if rule not in effect.expects)
            return effect.outcome, effect.expects, rest
    return NO_EFFECT, (), tuple(dict.fromkeys([*fault.facts, *side]))


def write_labels(rows: Sequence[Labelled], file: Path) -> None:
    """Write the table."""
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow([*HEAD, *(field.name for field in fields(Measures))])
        table.writerows(row.cells() for row in rows)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--runs", type=click.Path(path_type=Path, exists=True), default=RUNS)
@click.option("--out", type=click.Path(path_type=Path), default=LABELS)
def cli(runs: Path, out: Path) -> None:
    """Label the runs in a folder, and say how often each outcome was found."""
    rows = list(label_all(runs))
    write_labels(rows, out)
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.fault.name if row.fault else HEALTHY, row.outcome)
        counts[key] = counts.get(key, 0) + 1
    for (name, outcome), count in sorted(counts.items()):
        click.echo(f"{name:24} {outcome:12} {count:3}")
    click.echo(f"{len(rows)} runs in {out}")


if __name__ == "__main__":
    cli()
