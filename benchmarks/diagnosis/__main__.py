"""The figures of both inputs, as tables on the terminal."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import click

from analyzer.diagnosis import installed_rules
from benchmarks.diagnosis import corpus as real
from benchmarks.diagnosis import folds as folding
from benchmarks.diagnosis import injected, speed
from benchmarks.diagnosis.scoring import Counts, table, total

WIDTH = 96


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--corpus",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="TRAINLINT_CORPUS",
    help="Folder that holds labels.csv and runs/<id>/.",
)
@click.option(
    "--seeds",
    type=click.Choice(["odd", "even", "all"]),
    default="odd",
    show_default=True,
    help="Which injected runs; limits may be chosen on even seeds only.",
)
@click.option("--folds", is_flag=True, help="Cross-validate the limits over repositories.")
@click.option("--wrong", is_flag=True, help="List the wrong runs of matters of degree, too.")
def main(corpus: Path | None, seeds: str, folds: bool, wrong: bool) -> None:
    """Say how often the diagnosis is right, and what it costs."""
    rules = installed_rules()
    click.echo(
        f"{len(rules)} rules on {len(speed.NAMES)} curves of {speed.POINTS} points: "
        f"{speed.milliseconds(rules):.1f} CPU ms (goal {speed.GOAL_MS:.0f})"
    )
    click.echo()
    _injected(cast(injected.Seeds, seeds))
    click.echo()
    if corpus is None:
        click.echo("real runs: skipped; give --corpus DIR or set TRAINLINT_CORPUS")
        return
    _corpus(corpus, folds=folds, wrong=wrong)


def _injected(seeds: injected.Seeds) -> None:
    if not (injected.HERE / "labels.csv").is_file():
        click.echo("injected faults: skipped; there is no labels.csv")
        return
    rules = installed_rules()
    families = {rule.id: rule.family for rule in rules}
    rows = [row for row in injected.load(injected.HERE) if row.of(seeds)]
    scored = list(injected.score(rows, rules, injected.HERE))
    twins = sum(not one.row.fault for one in scored)
    click.echo(f"Injected faults: {len(rows)} runs, {twins} of them healthy twins, seeds: {seeds}")
    click.echo()
    by_family = injected.by_family(scored, families)
    click.echo(table("family", {**by_family, "together": total(by_family.values())}))
    click.echo()
    click.echo(table("rule", injected.by_rule(scored)))
    click.echo()
    alarmed = injected.alarmed_twins(scored)
    click.echo(f"healthy twins with anything above info: {len(alarmed)} of {twins}")
    for one in scored:
        if one.wrong:
            said = f"said: {', '.join(one.said) or 'nothing'}; outcome: {one.row.outcome}"
            _entry(f"{one.row.run}: {one.wrong}", said)


def _corpus(corpus: Path, *, folds: bool, wrong: bool) -> None:
    rules = installed_rules()
    rows = real.load(corpus)
    runs = real.read(corpus, rows)
    judged = [real.Judged(row, real.said_of(runs[row.id], rules)) for row in rows]
    repositories = Counter(one.row.repo for one in judged)
    click.echo(f"Real runs: {len(rows)} folders of {len(repositories)} repositories")
    click.echo("Contested labels count for nothing.")
    _by_label(judged)
    click.echo()
    click.echo(table("family", real.by_family(judged)))
    click.echo()
    click.echo(table("rule", real.by_rule(judged)))
    _healthy(judged, {rule.id: rule.family for rule in rules})
    for strict in (True, False) if wrong else (True,):
        _wrong(judged, strict=strict)
    if folds:
        _folds(folding.validate(rows, runs, rules), judged)


def _by_label(judged: Sequence[real.Judged]) -> None:
    scores = real.by_label(judged)
    for strict, title in ((True, "facts (strict)"), (False, "matters of degree (lenient)")):
        rows = {label.name: scores[label.name] for label in real.LABELS if label.strict is strict}
        pooled = real.pooled(judged, strict=strict)
        rows["together"] = pooled
        rows["each repository once"] = real.per_repository(judged, strict=strict)
        click.echo()
        click.echo(table(title, rows))
        click.echo(f"F1 {pooled.f1:.3f}")


def _healthy(judged: Sequence[real.Judged], families: dict[str, str]) -> None:
    sure = sum(one.row.surely_healthy for one in judged)
    alarms = list(real.alarms(judged, families))
    click.echo()
    click.echo(f"surely healthy runs with anything above info: {len(alarms)} of {sure}")
    for alarm in alarms:
        click.echo(f"  {alarm}")


def _wrong(judged: Sequence[real.Judged], *, strict: bool) -> None:
    entries = list(real.wrong(judged, strict=strict))
    click.echo()
    click.echo(f"still wrong, {'facts' if strict else 'matters of degree'}: {len(entries)}")
    for name, what, reason in entries:
        _entry(f"{name}: {what}", reason)


def _entry(what: str, reason: str) -> None:
    click.echo(f"  {what}")
    click.echo(textwrap.fill(reason, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6))


def _folds(folded: folding.Folded, judged: Sequence[real.Judged]) -> None:
    shipped = real.by_label(judged)
    for strict, title in ((True, "facts (strict)"), (False, "matters of degree (lenient)")):
        names = [label.name for label in real.LABELS if label.strict is strict]
        click.echo()
        click.echo(
            table(
                f"{title}, limits",
                {
                    "as shipped": _sum(shipped, names),
                    "chosen on all runs": _sum(folded.in_sample, names),
                    f"chosen on other repositories ({folding.FOLDS} folds)": _sum(
                        folded.held_out, names
                    ),
                },
            )
        )


def _sum(scores: Mapping[str, Counts], names: Sequence[str]) -> Counts:
    return total(scores[name] for name in names)


if __name__ == "__main__":
    main()
