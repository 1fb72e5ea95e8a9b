"""Judge a trained detector on a labelled split: ``python -m trainer.evaluate RUN``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trainer.door import SETTINGS, as_json, enter, shown

if TYPE_CHECKING:
    from trainer.inference.evaluation import Evaluation
    from trainer.inference.loaded import Loaded
    from trainer.inference.verdicts import Verdict

VERSION = 1
"""Of the JSON."""


@click.command(context_settings=SETTINGS)
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN_OR_CHECKPOINT")
@click.option(
    "--split",
    type=click.Choice(["test", "train"]),
    default="test",
    show_default=True,
    help="Which list to judge; train asks whether it knows the images it was trained on.",
)
@click.option(
    "--data_dir",
    type=click.Path(path_type=Path),
    help="An ICDAR2015 folder; without it the one the run was trained or tested on.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="How sure a box must be; without it as in the run's own validation.",
)
@click.option("--sweep", is_flag=True, help="Show what each of many thresholds would give.")
@click.option("--worst", type=click.IntRange(0), default=5, show_default=True,
              help="How many of the worst images to name.")  # fmt: skip
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def cli(
    run: Path,
    split: str,
    data_dir: Path | None,
    threshold: float | None,
    **options: Any,
) -> None:
    """Judge a trained detector on labelled images, with a verdict in words.

    RUN_OR_CHECKPOINT is a run folder, whose best weights are taken, or a weight file.

    \b
      python -m trainer.evaluate workdirs/latest                  # on its test images
      python -m trainer.evaluate workdirs/latest --split train    # fails here too? data or labels
      python -m trainer.evaluate workdirs/latest --sweep          # is only the threshold wrong?
      python -m trainer.evaluate workdirs/latest/checkpoints/epoch_3.pth --data_dir other_data

    Precision, recall and F1 are those of ICDAR2015 (IoU above 0.5, ### is left out), AP that of
    PASCAL VOC. Two thresholds make boxes: a pixel belongs to text above the first, a box counts if
    it is at least as sure as the second; --threshold sets the second, and lowers the first to it
    where that is higher.

    Exit codes: 0 judged, however well; 2 it could not be; 130 interrupted.
    """
    from trainer.detection.sweep import MANY_PIXELS, PIXELS
    from trainer.inference.evaluation import as_plain, evaluate
    from trainer.inference.loaded import load
    from trainer.inference.verdicts import judge

    loaded = load(run, device=options["device"])
    sweep: bool = options["sweep"]
    data = loaded.config.data
    folder = data_dir or Path(data.train_dir if split == "train" else data.test_dir)
    found = evaluate(
        loaded,
        folder,
        split,
        loaded.decoding(threshold),
        pixels=MANY_PIXELS if sweep else PIXELS,
        shown=shown,
    )
    verdict = judge(found, split, loaded.epoch, str(run), str(folder))
    if options["form"] == "text":
        where = f"{folder}, {split} split"
        _tell(loaded, found, verdict, where, sweep=sweep, worst=options["worst"])
        return
    head = {"version": VERSION, "checkpoint": str(loaded.file), "epoch": loaded.epoch}
    about = {"data_dir": str(folder), "split": split, "verdict": vars(verdict)}
    click.echo(as_json(head | about | as_plain(found, sweep=sweep)))


def _tell(
    loaded: Loaded, found: Evaluation, verdict: Verdict, where: str, *, sweep: bool, worst: int
) -> None:
    scores, best = found.scores, found.best
    click.echo(f"{loaded.file}, after epoch {loaded.epoch}, on {where}")
    click.echo(f"{verdict.kind}: {verdict.says}")
    click.echo(f"  next: {verdict.next}")
    rows: list[tuple[str, Any]] = [
        ("images", scores.images),
        ("words that count", scores.expected),
        ("boxes found", f"{scores.predicted}, {scores.matched} of them right"),
        ("precision", f"{scores.precision:.3f}"),
        ("recall", f"{scores.recall:.3f}"),
        ("F1", f"{scores.hmean:.3f} at {_pair(found.decoding)}"),
        ("best F1", f"{best.scores.hmean:.3f} at {_pair(best)}"),
        ("average precision", f"{found.average_precision:.3f}"),
    ]
    for name, value in rows:
        click.echo(f"  {name:<18} {value}")
    if sweep:
        _tell_sweep(found)
    listed = [one for one in found.images[:worst] if one.f1 < 1]
    if listed:
        click.echo("worst images        F1  missed  false")
    for one in listed:
        click.echo(f"  {one.f1:>18.2f} {one.missed:>7} {one.false:>6}  {one.file}")
    for fault in found.faults[:worst]:
        click.echo(f"label left out: {fault}", err=True)


def _pair(thresholds: Any) -> str:
    return f"pixel {thresholds.threshold:g}, box {thresholds.box_threshold:g}"


def _tell_sweep(found: Evaluation) -> None:
    """The best box threshold for each pixel threshold, and all for the one that is set."""
    click.echo("  pixel    box  precision  recall     F1  boxes")
    for pixel in sorted({row.threshold for row in found.table}):
        rows = [row for row in found.table if row.threshold == pixel]
        top = max(rows, key=lambda row: row.scores.hmean)
        for row in rows if pixel == found.decoding.threshold else [top]:
            scores = row.scores
            mark = " <- set" if _pair(row) == _pair(found.decoding) else ""
            mark = " <- best" if row == found.best else mark
            click.echo(
                f"  {row.threshold:>5g}  {row.box_threshold:>5g}  {scores.precision:>9.3f}  "
                f"{scores.recall:>6.3f}  {scores.hmean:>5.3f}  {scores.predicted:>5}{mark}"
            )


def main(arguments: Sequence[str]) -> int:
    """Judge as asked; returns the exit code."""
    return enter(cli, "python -m trainer.evaluate", arguments, "Evaluating")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
