"""Export a trained detector to ONNX, checked against PyTorch: ``python -m trainer.export RUN``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.errors import FormatError, TrainlintError, UsageError
from trainer.door import SETTINGS, enter

if TYPE_CHECKING:
    from trainer.images import Image
    from trainer.inference.loaded import Loaded

TOLERANCE = 1e-3
"""Probabilities that differ by more are another network."""

CHECKED = 4
"""Images that are looked at; one network, so few tell."""


class NotTheSame(TrainlintError):
    """The exported file gives other results than the network."""

    exit_code = 1


@click.command(context_settings=SETTINGS)
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN_OR_CHECKPOINT")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="The file to write; without it model.onnx beside the weights.")  # fmt: skip
@click.option("--size", type=click.IntRange(64, 4096), metavar="PIXELS",
              help="Side of the square that images are scaled into for the check, a multiple "
              "of 32; without it that of the training. The file takes any size.")  # fmt: skip
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="IMAGE_OR_FOLDER",
    help="Check with these; without it with images of the run's own data set.",
)
def cli(run: Path, out: Path | None, size: int | None, images: tuple[str, ...]) -> None:
    """Export a trained detector to an ONNX file that takes images of any size.

    RUN_OR_CHECKPOINT is a run folder, whose best weights are taken, or a weight file.

    \b
      python -m trainer.export workdirs/latest
      python -m trainer.export workdirs/latest --out detector.onnx --size 800
      python -m trainer.export best.pth --image photos/

    Input: images, uint8 (batch, height, width, 3), RGB, both sides multiples of 32; mean and
    standard deviation are in the graph. Output: probabilities, float32 (batch, height, width).
    The metadata of the file holds input, output, thresholds and the class.

    The file is run with onnxruntime on real images, at two sizes and as a batch, and compared with
    PyTorch; where a probability differs by more than 0.001 it is not kept. Images that cannot be
    read are told and left out.

    Exit codes: 0 exported; 1 the file gives other results and was not kept; 2 it could not be
    done; 130 interrupted.
    """
    from analyzer.formats.files import replace_file
    from trainer.inference.loaded import load
    from trainer.inference.onnxfile import difference, write

    if size is not None and size % 32:
        raise UsageError(f"--size {size}: it must be a multiple of 32, such as {size // 32 * 32}")
    loaded = load(run, device="cpu")
    checked = _readable(_check_images(loaded, images))
    side = size or loaded.config.data.side
    target = out or loaded.file.with_name("model.onnx")
    worst = 0.0

    def write_checked(path: Path) -> None:
        nonlocal worst
        write(loaded, path)
        worst = difference(loaded, path, _inputs(checked, side))
        if worst > TOLERANCE:
            raise NotTheSame(
                f"the exported network differs from PyTorch by {worst:.2g} in a probability, more "
                f"than {TOLERANCE:g}, so {target} was not written; try another version of torch, "
                "onnx or onnxruntime"
            )

    try:
        replace_file(target, write_checked)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot write {target}: {reason}") from None
    megabytes = target.stat().st_size / 2**20
    click.echo(
        f"Checked on {len(checked)} images at {side} pixels, and smaller: differs from PyTorch by "
        f"{worst:.1e} at most, allowed {TOLERANCE:g}"
    )
    click.echo(f"{target} ({megabytes:.1f} MB)")


def _check_images(loaded: Loaded, given: Sequence[str]) -> list[Path]:
    """Those that are given, else some of the run's test images, else of its training images."""
    from analyzer.formats.icdar_folder import read_split
    from trainer.inference.prediction import image_files

    if given:
        return image_files(given)
    data = loaded.config.data
    for folder, split in ((data.test_dir, "test"), (data.train_dir, "train")):
        try:
            samples = read_split(Path(folder), split)
        except FormatError:
            continue
        if samples:
            return [sample.image for sample in samples]
    raise UsageError(
        f"the run's data set ({data.train_dir}) is not here to check the file with; name an image "
        "or a folder of images with --image"
    )


def _readable(files: Sequence[Path]) -> list[Image]:
    """The first few that can be read; those that cannot be are told and left out."""
    from trainer.images import read_image

    images: list[Image] = []
    for file in files:
        try:
            images.append(read_image(file))
        except FormatError as error:
            click.echo(f"Left out: {error}", err=True)
        if len(images) == CHECKED:
            break
    if not images:
        raise UsageError(
            "none of the images can be read, so the file cannot be checked; name others with "
            "--image"
        )
    return images


def _inputs(images: Sequence[Image], side: int) -> Iterator[Any]:
    """Each image by itself, then one that is not square, then all as a batch of half the size."""
    import numpy as np

    from trainer.images import fit

    for image in images:
        yield fit(image, side)[0][None]
    yield fit(images[0], side)[0][None, : max(32, side // 64 * 32)]
    half = max(32, side // 64 * 32)
    yield np.stack([fit(image, half)[0] for image in images])


def main(arguments: Sequence[str]) -> int:
    """Export as asked; returns the exit code."""
    return enter(cli, "python -m trainer.export", arguments, "Exporting")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
