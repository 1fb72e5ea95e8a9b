"""Cost of the dataset doctor: ``python -m benchmarks.dataset [--images N] [--deep]``.

Makes a data set of 1280 x 960 JPEG images with labels in a temporary folder (``--folder`` names
one with room for 2 GB). The figures are those of fresh processes: CPU seconds, children included,
and the peak of private memory. A few pictures are drawn and each is written many times with
another comment in it, so that no two files are the same; test pictures are none of the training
ones.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from analyzer.formats.icdar import format_label, format_list_line
from benchmarks.analysis import Line, table
from benchmarks.measure import measure, middle

GOAL_IMAGES, GOAL_CPU, GOAL_MB = 10_000, 30.0, 500.0
SIZE = (1280, 960)
PICTURES = 24
WORDS = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=GOAL_IMAGES)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to make the data set")
    parser.add_argument("--deep", action="store_true", help="measure --deep as well")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="trainlint-benchmark-", dir=options.folder) as folder:
        root = Path(folder) / "set"
        size = write_dataset(root, options.images)
        print(f"{options.images} images, {size / 2**20:.0f} MiB, {WORDS} words on each")
        print(table(list(_lines(root, options))))
    return 0


def _lines(root: Path, options: argparse.Namespace) -> list[Line]:
    share = options.images / GOAL_IMAGES
    lines = []
    for extra, goal in (([], GOAL_CPU * share), (["--deep"], None)):
        if extra and not options.deep:
            continue
        command = [sys.executable, "-m", "analyzer", "dataset", str(root), "--format", "json"]
        costs = [measure([*command, "--fail-on", "never", *extra]) for _ in range(options.repeat)]
        cost = middle(costs)
        if cost.code:
            raise SystemExit(f"{' '.join(command)} ended with {cost.code}")
        lines.append(Line(" ".join(["dataset", *extra]), goal, cost, GOAL_MB))
    return lines


def write_dataset(root: Path, images: int) -> int:
    """Write the data set, a fifth of it for the test; returns its size in bytes."""
    chance = np.random.default_rng(0)
    total = 0
    for split, count in (("train", images - images // 5), ("test", images // 5)):
        (root / f"{split}_images").mkdir(parents=True)
        (root / f"{split}_gts").mkdir()
        drawn = [picture(chance) for _ in range(PICTURES)]
        lines = []
        for number in range(1, count + 1):
            data = with_comment(drawn[number % PICTURES], number, chance)
            (root / f"{split}_images/{number}.jpg").write_bytes(data)
            (root / f"{split}_gts/{number}.txt").write_text(labels(chance), encoding="utf-8")
            lines.append(format_list_line(split, f"{number}.jpg", f"{number}.txt"))
            total += len(data)
        (root / f"{split}_list.txt").write_text("\n".join(lines) + "\n")
    return total


def picture(chance: np.random.Generator) -> bytes:
    """A JPEG of soft blocks and grain, about as large as that of a photograph."""
    from PIL import Image

    blocks = chance.uniform(20, 235, (24, 32, 3)).astype(np.uint8)
    smooth = np.asarray(Image.fromarray(blocks).resize(SIZE, Image.Resampling.BICUBIC), np.float32)
    grain = chance.normal(0, 5, smooth.shape)
    target = io.BytesIO()
    pixels = (smooth + grain).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(target, "JPEG", quality=85)
    return target.getvalue()


def with_comment(jpeg: bytes, number: int, chance: np.random.Generator) -> bytes:
    """The same picture with a comment, which makes the file another one of another length."""
    text = f"{number} ".encode() * int(chance.integers(1, 200))
    return jpeg[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + jpeg[2:]


def labels(chance: np.random.Generator) -> str:
    """Words in a grid, so that none lies on another."""
    lines = []
    for place in chance.permutation(60)[:WORDS].tolist():
        left, top = 20 + 200 * (place % 6), 20 + 90 * (place // 6)
        right, bottom = left + int(chance.integers(40, 180)), top + int(chance.integers(15, 60))
        points = (left, top, right, top, right, bottom, left, bottom)
        lines.append(format_label(points, f"word{place}"))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
