"""Render a text-detection data set in the ICDAR2015 layout: ``python -m trainer.synth OUT``.

render_dataset(out, *, train, test, size, seed, progress) -> Summary

The set follows from its parameters alone. Image i of a split depends on seed, split, size and i,
so a larger set begins with the smaller one, and training and test images never share a draw.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from analyzer.errors import MissingExtra, TrainlintError, UsageError
from analyzer.formats.icdar import IGNORE, format_label, format_list_line

if TYPE_CHECKING:
    from trainer.synth_words import Word

FORMAT = 1
"""Raise it when the same parameters give other images."""
MARK = "synth.json"


@dataclass(frozen=True)
class Summary:
    """How hard the set is. Triples are the 5th percentile, median and 95th of the readable words:
    box height in pixels, grey levels between ink and ground, degrees off the level.
    """

    images: int
    words: int
    ignored: int
    height: tuple[float, float, float]
    contrast: tuple[float, float, float]
    rotation: tuple[float, float, float]


def render_dataset(
    out: Path,
    *,
    train: int = 200,
    test: int = 50,
    size: int = 320,
    seed: int = 0,
    progress: bool = False,
) -> Summary:
    """Render ``train`` and ``test`` square images of ``size`` pixels into the folder ``out``.

    Returns at once when ``out`` holds this very set. The folder appears whole or not at all.
    Raises UsageError when ``out`` holds anything else, MissingExtra without OpenCV.
    """
    parameters = {"format": FORMAT, "train": train, "test": test, "size": size, "seed": seed}
    _refuse_absurd(parameters)
    there = _already(out, parameters)
    if there is not None:
        return there
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as folder:
            made = Path(folder) / "set"
            words: list[Word] = []
            for split, count in (("train", train), ("test", test)):
                words += _render_split(made, split, count, size=size, seed=seed, show=progress)
            summary = _summarise(train + test, words)
            mark = {"parameters": parameters, "summary": asdict(summary)}
            (made / MARK).write_text(json.dumps(mark, indent=1) + "\n", encoding="utf-8")
            return _move(made, out, parameters, summary)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror or error}") from None


def _refuse_absurd(parameters: dict[str, int]) -> None:
    limits = {"train": (1, 1_000_000), "test": (0, 1_000_000), "size": (64, 4096)}
    for name, (low, high) in {**limits, "seed": (0, 2**63 - 1)}.items():
        if not low <= parameters[name] <= high:
            value = parameters[name]
            raise UsageError(f"{name} is {value}; it must lie in {low} to {high}")


def _already(out: Path, parameters: dict[str, int]) -> Summary | None:
    """The summary of the set in ``out`` when it is the wanted one; None when ``out`` is free."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    try:
        mark: dict[str, Any] = json.loads((out / MARK).read_text(encoding="utf-8"))
        found = {name: mark["parameters"].get(name) for name in parameters}
        if found == parameters:
            return _read_summary(mark["summary"])
        differing = (f"{name} {found[name]}" for name in found if found[name] != parameters[name])
        what = f"holds another rendered set ({', '.join(differing)})"
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        what = "exists and is not a set of this renderer"
    raise UsageError(f"{out} {what}; give a new folder, or delete this one first")


def _read_summary(values: dict[str, Any]) -> Summary:
    read: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return Summary(**read)


def _render_split(
    root: Path, split: str, count: int, *, size: int, seed: int, show: bool
) -> list[Word]:
    try:
        import cv2
    except ModuleNotFoundError:
        raise MissingExtra("rendering images", "train") from None
    from trainer.synth_words import scene

    images, labels = root / f"{split}_images", root / f"{split}_gts"
    images.mkdir(parents=True)
    labels.mkdir()
    words: list[Word] = []
    lines = []
    for number in _counted(range(1, count + 1), split, show):
        rng = np.random.default_rng((seed, int(split == "test"), size, number))
        made = scene(size, rng)
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 96))]
        encoded = cv2.imencode(".jpg", cv2.cvtColor(made.image, cv2.COLOR_RGB2BGR), quality)[1]
        (images / f"{number}.jpg").write_bytes(encoded.tobytes())
        text = "".join(f"{_label(word)}\n" for word in made.words)
        (labels / f"{number}.txt").write_text(text, encoding="utf-8")
        lines.append(format_list_line(split, f"{number}.jpg", f"{number}.txt") + "\n")
        words += made.words
    (root / f"{split}_list.txt").write_text("".join(lines), encoding="utf-8")
    return words


def _label(word: Word) -> str:
    return format_label(word.quad.ravel().tolist(), IGNORE if word.ignored else word.text)


def _counted(numbers: Iterable[int], split: str, show: bool) -> Iterable[int]:
    if not show:
        return numbers
    return track(list(numbers), f"Rendering {split}", console=Console(stderr=True))


def _move(made: Path, out: Path, parameters: dict[str, int], summary: Summary) -> Summary:
    """Put the finished set in place; another process may have made the same one meanwhile."""
    try:
        made.chmod(0o755)
        if out.exists():
            out.rmdir()  # fails unless it is empty
        made.replace(out)
    except OSError:
        there = _already(out, parameters)
        if there is None:
            raise
        return there
    return summary


def _summarise(images: int, words: list[Word]) -> Summary:
    readable = [word for word in words if not word.ignored]

    def spread(values: list[float]) -> tuple[float, float, float]:
        low, middle, high = np.percentile(values or [0.0], [5, 50, 95]).round(1).tolist()
        return low, middle, high

    return Summary(
        images=images,
        words=len(words),
        ignored=len(words) - len(readable),
        height=spread([word.height for word in readable]),
        contrast=spread([word.contrast for word in readable]),
        rotation=spread([abs(word.angle) for word in readable]),
    )


def summary_table(summary: Summary) -> Table:
    """The summary as a table of three columns."""
    table = Table("readable words", "5 %", "median", "95 %", title="How hard it is")
    rows: dict[str, Any] = {
        "box height, px": summary.height,
        "contrast, grey levels": summary.contrast,
        "rotation, degrees": summary.rotation,
    }
    for name, values in rows.items():
        table.add_row(name, *(f"{value:.1f}" for value in values))
    return table


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--train", default=200, show_default=True, help="Training images.")
@click.option("--test", default=50, show_default=True, help="Test images.")
@click.option("--size", default=320, show_default=True, help="Side of the images in pixels.")
@click.option("--seed", default=0, show_default=True, help="Another seed, another set.")
def cli(out: Path, train: int, test: int, size: int, seed: int) -> None:
    """Render a text-detection data set into the new folder OUT.

    The images hold rotated words of several sizes and contrasts on textured grounds. Tiny and
    blurred words are labelled ###, which a trainer must ignore. Nothing is downloaded, and the
    same options give the same set.

    \b
    Layout (ICDAR2015):
      OUT/train_list.txt    train_images/1.jpg train_gts/1.txt
      OUT/train_gts/1.txt   x1,y1,x2,y2,x3,y3,x4,y4,text
      ... and the same with test_

    \b
    Example:
      python -m trainer.synth data/synth --train 200 --test 50
      python -m trainer.train --config trainer/configs/det_tiny.yaml --train_data_dir data/synth
    """
    summary = render_dataset(out, train=train, test=test, size=size, seed=seed, progress=True)
    share = summary.ignored / max(summary.words, 1)
    click.echo(
        f"{out}: {summary.images} images, {summary.words} words, "
        f"{summary.ignored} of them ignored ({share:.0%})"
    )
    Console().print(summary_table(summary))


def main(arguments: Sequence[str]) -> int:
    """The door: expected trouble becomes one sentence and an exit code."""
    try:
        cli.main(list(arguments), prog_name="python -m trainer.synth", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except TrainlintError as error:
        click.echo(f"Error: {error}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted", err=True)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
