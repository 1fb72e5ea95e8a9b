"""``python -m benchmarks.trainer [cost|accuracy]``: the figures as tables on the terminal."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean, median

import click

from benchmarks.trainer import accuracy as learning
from benchmarks.trainer import cost as spending
from benchmarks.trainer.recipes import PLAIN, Recipe, default, recipes

GOAL_RATIO = 4.0
"""So many times less CPU than the plain recipe, where the processor has bf16."""

ONLY = click.option(
    "--only",
    multiple=True,
    help="A recipe to set beside plain, as 'bf16 64 NHWC'; may be repeated.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """What a training costs, and how well it learns for that, beside the plain way."""
    if context.invoked_subcommand is None:
        context.invoke(cost)


@main.command()
@click.option("--side", default=320, show_default=True, help="Side of the images in pixels.")
@click.option("--batch", default=8, show_default=True, help="Images in a batch.")
@click.option("--steps", default=3, show_default=True, help="Batches measured in a round.")
@click.option("--rounds", default=5, show_default=True, help="Rounds of every recipe.")
@ONLY
@click.option("--json", "as_json", is_flag=True, help="Print the rounds as JSON.")
def cost(
    *, side: int, batch: int, steps: int, rounds: int, only: tuple[str, ...], as_json: bool
) -> None:
    """CPU milliseconds per image by part, and peak memory, on one core."""
    load = spending.Load(side, batch, steps)
    chosen = [PLAIN, *_named(only, recipes()[1:])]
    found = spending.rounds(chosen, load, rounds, lambda line: click.echo(line, err=True))
    if as_json:
        plain = {name: [asdict(one) for one in rounds] for name, rounds in found.items()}
        click.echo(json.dumps({"load": asdict(load), "rounds": plain}))
        return
    click.echo(f"{side} x {side} pixels, batch {batch}, one core, CPU ms per image, median of")
    click.echo(f"{rounds} rounds of {steps} steps; images decoded beforehand")
    click.echo()
    click.echo("\n".join(spending.table(found)))
    click.echo()
    for name in found:
        if name != PLAIN.name:
            low, middle, high = spending.ratio(found, name)
            goal = f", goal {GOAL_RATIO:g}" if name == "default" else ""
            click.echo(
                f"{name}: {middle:.1f} times less than plain ({low:.1f} to {high:.1f}){goal}"
            )


@main.command()
@click.option("--seeds", default="11-15", show_default=True, help="First and last seed.")
@click.option("--side", default=128, show_default=True, help="Side of the images in pixels.")
@click.option("--train", default=300, show_default=True, help="Training images of a seed.")
@click.option("--test", default=600, show_default=True, help="Test images of a seed.")
@click.option("--epochs", default=8, show_default=True)
@ONLY
@click.option(
    "--kept",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of results, which are added as they come; what it holds is not trained again.",
)
def accuracy(
    *,
    seeds: str,
    side: int,
    train: int,
    test: int,
    epochs: int,
    only: tuple[str, ...],
    kept: Path | None,
) -> None:
    """F1 against CPU time, default and plain recipe on the same data, over paired seeds."""
    sides = _named(only, [default()])
    numbers = _numbers(seeds)
    size = learning.Size(side, train, test, epochs)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        file = kept or place / "results.jsonl"
        click.echo("CPU seconds of the training so far, and F1 then:")
        all_sides = [*sides, PLAIN]
        results = learning.compare(
            all_sides, numbers, size, folder=place, kept=file, tell=click.echo
        )
    click.echo()
    for name in (one.name for one in all_sides):
        own = [one for one in results if one.recipe == name]
        f1, seconds = mean(one.f1 for one in own), median(one.seconds for one in own)
        words = sum(one.words for one in own)
        click.echo(f"{name:14} F1 {f1:.3f}, {seconds:.0f} CPU s; {words} test boxes")
    for name in (one.name for one in sides):
        differences = learning.differences(results, name)
        told = " ".join(f"{one:+.3f}" for one in differences)
        click.echo(f"{name} - plain by seed: {told}")
        if len(differences) > 1:
            low, high = learning.interval(differences)
            click.echo(f"90 % interval of the mean: {low:+.3f} to {high:+.3f}, goal above -0.03")


def _numbers(seeds: str) -> range:
    """The seeds of ``FIRST-LAST``; one number stands for itself."""
    first, _, last = seeds.partition("-")
    most = max(learning.T_95)
    if first.isdecimal() and (last or first).isdecimal():
        numbers = range(int(first), int(last or first) + 1)
        if 1 <= len(numbers) <= most:
            return numbers
    raise click.BadParameter(f"--seeds {seeds}: allowed are 1 to {most} of them, such as 11-15")


def _named(names: Sequence[str], usual: Sequence[Recipe]) -> list[Recipe]:
    """The recipes of these names; the usual ones where none is named."""
    known = {one.name: one for one in recipes()}
    for name in names:
        if name not in known:
            raise click.BadParameter(
                f"there is no recipe '{name}'; the recipes are: {', '.join(known)}"
            )
    return [known[name] for name in names if name != PLAIN.name] if names else list(usual)


if __name__ == "__main__":
    main()
