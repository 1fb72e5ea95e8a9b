"""Find text in images with a trained detector: ``python -m trainer.predict RUN IMAGE...``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.errors import FormatError, TrainlintError, UsageError
from trainer.door import SETTINGS, as_json, enter, shown

if TYPE_CHECKING:
    from trainer.images import Image
    from trainer.inference.prediction import Prediction

VERSION = 1
"""Of the JSON."""

RESULTS = "predictions.json"


@click.command(context_settings=SETTINGS)
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN_OR_CHECKPOINT")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE_OR_FOLDER...")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="How sure a box must be; without it as in the run's own validation.",
)
@click.option("--size", type=click.IntRange(64, 4096), metavar="PIXELS",
              help="Side of the square that images are scaled into, a multiple of 32; "
              "without it that of the training.")  # fmt: skip
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="predictions",
    show_default=True,
    help=f"Folder for {RESULTS} and the drawn images.",
)
@click.option("--overlay/--no-overlay", default=True, help="Whether to draw the boxes.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="What goes to stdout: a line for each image, or the JSON.")  # fmt: skip
def cli(
    run: Path, images: tuple[str, ...], threshold: float | None, size: int | None, **options: Any
) -> None:
    """Find the text in images: JSON with the boxes, and images with the boxes drawn.

    RUN_OR_CHECKPOINT is a run folder, whose best weights are taken, or a weight file. Images are
    files, folders (of which the images are taken) or patterns in quotes.

    \b
      python -m trainer.predict workdirs/latest photo.jpg
      python -m trainer.predict workdirs/latest photos/ --threshold 0.2 --out found
      python -m trainer.predict workdirs/latest 'scans/**/*.png' --no-overlay --format json

    A low threshold (0.2, down to 0.05) shows what an unsure detector would find. The JSON is

    \b
      {"version": 1, "checkpoint": ..., "epoch": ..., "size": ...,
       "thresholds": {"threshold": 0.3, "box_threshold": 0.5},
       "images": [{"file": ..., "width": ..., "height": ..., "highest": 0.97,
                   "boxes": [{"points": [[x, y], 3 more], "score": 0.93}],
                   "overlay": a file or null, "note": why there is no box, or null}],
       "failed": [{"file": ..., "error": ...}]}

    with points in pixels of the image, clockwise from the top left of the word, the surest box
    first, and the highest probability of text of the whole image.

    Exit codes: 0 done; 1 an image could not be read, the others are done; 2 it could not be done
    as asked; 130 interrupted.
    """
    from trainer.images import read_image
    from trainer.inference.loaded import load
    from trainer.inference.prediction import image_files, predict

    if size is not None and size % 32:
        raise UsageError(f"--size {size}: it must be a multiple of 32, such as {size // 32 * 32}")
    files = image_files(images)
    loaded = load(run, device=options["device"])
    decoding = loaded.decoding(threshold)
    report = _Report(options["out"], decoding, overlay=options["overlay"])
    for file in shown(files, len(files), "Looking for text"):
        try:
            image = read_image(file)
        except FormatError as error:
            report.fail(file, error)
            continue
        report.add(file, image, predict(loaded, image, decoding, size))
    head = {
        "version": VERSION,
        "checkpoint": str(loaded.file),
        "epoch": loaded.epoch,
        "size": size or loaded.config.data.side,
        "thresholds": {
            "threshold": decoding.threshold,
            "box_threshold": decoding.box_threshold,
        },
    }
    report.finish(head, as_text=options["form"] == "text")
    if report.failed:
        raise click.exceptions.Exit(1)


class _Report:
    """What was found so far, and the folder it is written into."""

    def __init__(self, folder: Path, decoding: Any, *, overlay: bool) -> None:
        self.folder = folder
        self.decoding = decoding
        self.overlay = overlay
        self.images: list[dict[str, Any]] = []
        self.failed: list[dict[str, str]] = []
        self._names: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot write into {folder}: {error.strerror}; name another folder with --out"
            ) from None

    def add(self, file: Path, image: Image, found: Prediction) -> None:
        """Keep what was found in an image, and draw it."""
        from trainer.inference.prediction import why_nothing

        boxes = [
            {"points": [[round(float(x), 1), round(float(y), 1)] for x, y in quad],
             "score": round(float(score), 4)}
            for quad, score in zip(found.boxes.quads, found.boxes.scores, strict=True)
        ]  # fmt: skip
        self.images.append({
            "file": str(file),
            "width": found.width,
            "height": found.height,
            "highest": round(found.highest, 4),
            "boxes": boxes,
            "overlay": self._draw(file, image, found) if self.overlay else None,
            "note": None if boxes else why_nothing(found, self.decoding),
        })  # fmt: skip

    def fail(self, file: Path, error: TrainlintError) -> None:
        """Tell of an image that could not be read, and go on."""
        click.echo(f"Left out: {error}", err=True)
        self.failed.append({"file": str(file), "error": str(error)})

    def finish(self, head: dict[str, Any], *, as_text: bool) -> None:
        """Write the results, and say what was found."""
        whole = as_json({**head, "images": self.images, "failed": self.failed})
        self._write(self.folder / RESULTS, whole.encode() + b"\n")
        if not as_text:
            click.echo(whole)
            return
        for one in self.images:
            scores = [box["score"] for box in one["boxes"]]
            count = f"{len(scores)} {'box' if len(scores) == 1 else 'boxes'}"
            told = one["note"] or f"{count}, scores {scores[0]:.2f} to {scores[-1]:.2f}"
            click.echo(f"{one['file']}: {told}")
        total = sum(len(one["boxes"]) for one in self.images)
        drawn = " and the drawn images" if self.overlay and self.images else ""
        click.echo(
            f"{total} boxes in {len(self.images)} images; {self.folder / RESULTS}{drawn} written"
        )

    def _draw(self, file: Path, image: Image, found: Prediction) -> str:
        """Write the image with its boxes under a name of its own; returns the path."""
        import cv2

        from trainer.inference.overlay import draw

        name, number = file.stem, 1
        while name.casefold() in self._names:  # some systems take A.png and a.png for one file
            number += 1
            name = f"{file.stem}_{number}"
        self._names.add(name.casefold())
        drawn = draw(image, found.boxes.quads, found.boxes.scores)
        _, data = cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))
        path = self.folder / f"{name}_boxes.png"
        self._write(path, data.tobytes())
        return str(path)

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        try:
            path.write_bytes(data)
        except OSError as error:
            raise UsageError(
                f"cannot write {path}: {error.strerror}; name another folder with --out"
            ) from None


def main(arguments: Sequence[str]) -> int:
    """Predict as asked; returns the exit code."""
    return enter(cli, "python -m trainer.predict", arguments, "Predicting")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
