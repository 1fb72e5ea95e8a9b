"""Is it the environment or the training? ``python -m trainer.golden RUN FOLDER`` tells."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trainer.door import SETTINGS, as_json, enter, shown

if TYPE_CHECKING:
    from trainer.inference.goldenset import Checked, ImageCheck
    from trainer.inference.verdicts import Verdict

VERSION = 1
"""Of the JSON."""


@click.command(context_settings=SETTINGS)
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN_OR_CHECKPOINT")
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
@click.option("--record", is_flag=True, help="Keep what this detector finds as the known boxes.")
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.1, show_default=True,
              help="How sure a box must be.")  # fmt: skip
@click.option("--pass", "least", type=click.FloatRange(0, 1), default=0.5, show_default=True,
              metavar="F1", help="What an image must reach.")  # fmt: skip
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def cli(run: Path, folder: Path, threshold: float, least: float, **options: Any) -> None:
    """Check a detector on a few images whose boxes are known: is it the environment, or the data?

    RUN_OR_CHECKPOINT is a run folder, whose best weights are taken, or a weight file. FOLDER holds
    a few images (three will do: a clean one, a difficult one, one of the rarest kind), each with
    its boxes in a file such as 1.txt beside 1.jpg, as in ICDAR2015; or it is an ICDAR2015 folder
    with a test list.

    \b
      python -m trainer.golden good_run golden --record      # once: a detector known to be good
      python -m trainer.golden good_run golden               # does the chain still work?
      python -m trainer.golden workdirs/latest golden        # and the newest training?
      python -m trainer.synth golden --train 1 --test 3      # drawn words, to begin with

    All fail: the chain (weights, PyTorch, OpenCV, driver) is broken, unless the weights were poor
    in their own validation, too. Some fail: the detector is
    weak on that kind of image. All pass: the chain is fine, so what goes wrong elsewhere is the
    data or the settings. Weights that a set was recorded with must give the same boxes again.
    Images that cannot be read are told, and the others judged; where images or boxes are no longer
    those that were recorded, record again.

    Exit codes: 0 all pass; 1 some or all fail; 2 it could not be checked; 130 interrupted.
    """
    from trainer.inference import goldenset
    from trainer.inference.loaded import load
    from trainer.inference.verdicts import judge_golden

    loaded = load(run, device=options["device"])
    if options["record"]:
        golden = goldenset.record(loaded, folder)
        count = sum(len(one.quads) for one in golden.images)
        click.echo(
            f"Recorded {count} boxes of {len(golden.images)} images beside them; look at them: "
            f"python -m trainer.predict {run} {folder}"
        )
        return
    found = goldenset.check(loaded, goldenset.read_set(folder), threshold, least, shown)
    verdict = judge_golden(found, loaded.f1, threshold)
    if options["form"] == "json":
        head = {"version": VERSION, "checkpoint": str(loaded.file), "epoch": loaded.epoch}
        about = {"threshold": threshold, "pass": least, "verdict": vars(verdict)}
        more = {
            "repeats": found.repeats,
            "set_changed": found.changed,
            "packages_changed": list(found.packages),
        }
        click.echo(as_json({**head, **about, **more, "images": [vars(i) for i in found.images]}))
    else:
        _tell(found, verdict)
    if verdict.kind != "chain fine":
        raise click.exceptions.Exit(1)


def _tell(found: Checked, verdict: Verdict) -> None:
    click.echo(f"{verdict.kind}: {verdict.says}")
    click.echo(f"  next: {verdict.next}")
    for one in found.images:
        click.echo(f"  {'pass' if one.passed else 'FAIL'}  {_told(one)}  {one.file}")
    for package in found.packages:
        click.echo(f"  since the record: {package}")


def _told(one: ImageCheck) -> str:
    if one.error is not None:
        return one.error
    return f"F1 {one.f1:.3f}, {one.matched} of {one.expected} boxes found, {one.found} in all"


def main(arguments: Sequence[str]) -> int:
    """Check as asked; returns the exit code."""
    return enter(cli, "python -m trainer.golden", arguments, "Checking")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
