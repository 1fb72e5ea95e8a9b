"""From what was read to the numbers about it: facts for the rules, statistics for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from analyzer.dataset import geometry, style
from analyzer.dataset.records import BoolArray, Material
from analyzer.dataset.statistics import Numbers, SplitNumbers, histogram, spread_of
from analyzer.formats.icdar_folder import SPLITS
from analyzer.run import FloatArray

PER_IMAGE_EDGES = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1000.0)
HEIGHT_EDGES = (0.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 64.0, 128.0, 10000.0)


def facts(material: Material, leaked: int) -> dict[str, float]:
    """What rules may ask; what cannot be told is left out. ``leaked`` test images were trained on.

    Four significant digits are kept.
    """
    boxes, options = material.boxes, material.options
    train, test = (_usable(material, split) for split in SPLITS)
    inside = train[boxes.owner]
    learnt = inside & ~boxes.ignored
    heights = _known(_heights(material)[learnt])
    per_image = np.bincount(boxes.owner[learnt], minlength=len(train))
    known: dict[str, float | None] = {
        "data_train_images": float(train.sum()),
        "data_test_images": float(test.sum()),
        "data_boxes": float(learnt.sum()),
        "data_image_side": _median(material.sizes[train].max(1)),
        "data_input_size": float(options.input_size),
        "data_min_side": options.min_side,
        "data_idle_percent": _percent((per_image[train] == 0).sum(), train.sum()),
        "data_leaked_percent": _percent(leaked, test.sum()),
        "data_ignored_percent": _percent(boxes.ignored[inside].sum(), inside.sum()),
        "data_small_percent": _percent((heights < options.min_side).sum(), len(heights)),
        **_style(material, train, test),
    }
    return {name: float(f"{value:.4g}") for name, value in known.items() if value is not None}


def _style(material: Material, train: BoolArray, test: BoolArray) -> dict[str, float | None]:
    """How the decoded images of both splits differ, and how much those of the first one vary."""
    sides = [[i for i in material.looks if mask[i]] for mask in (train, test)]
    known: dict[str, float | None] = {}
    for feature in style.FEATURES:
        ours, theirs = (_feature(feature, side, material) for side in sides)
        shift = known[f"data_{feature}_shift"] = style.distance(ours, theirs)
        if shift:
            known[f"data_{feature}_train"] = _median(ours)
            known[f"data_{feature}_test"] = _median(theirs)
        if feature in ("brightness", "contrast"):
            known[f"data_{feature}_spread"] = style.spread(ours)
    return known


def _usable(material: Material, split: str) -> BoolArray:
    """Which pairs (n,) are of the split and have both files."""
    pairs = material.pairs
    return np.array([bool(p.split == split and p.image and p.label) for p in pairs], bool)


def _heights(material: Material) -> FloatArray:
    """Short sides (n,) at the training resolution; NaN where the image's size is not known."""
    longest = material.sizes.max(1)[material.boxes.owner]
    scale = np.full(len(longest), np.nan)
    np.divide(material.options.input_size, longest, out=scale, where=longest > 0)
    return np.asarray(geometry.short_sides(material.boxes.quads) * scale)


def _known(values: FloatArray) -> FloatArray:
    return values[np.isfinite(values)]


def _percent(part: float, whole: float) -> float | None:
    return float(100 * part / whole) if whole else None


def _median(values: FloatArray) -> float | None:
    return float(np.median(values)) if len(values) else None


def _feature(name: str, chosen: Sequence[int], material: Material) -> FloatArray:
    """One feature of the chosen images; the size is the longer side in pixels."""
    if name == "size":
        return np.asarray(material.sizes[np.array(chosen, int)].max(1))
    if name == "boxes":
        per_image = np.bincount(material.boxes.owner, minlength=len(material.pairs))
        return np.asarray(per_image[np.array(chosen, int)], np.float64)
    return np.array([getattr(material.looks[i], name) for i in chosen], np.float64)


def numbers(material: Material) -> Numbers:
    """The statistics of both splits."""
    heights = _heights(material)
    return Numbers(
        splits={split: _split(material, split, heights) for split in SPLITS},
        input_size=material.options.input_size,
        min_side=material.options.min_side,
        looked_at=len(material.looks),
        first_label=material.boxes.first,
    )


def _split(material: Material, split: str, heights: FloatArray) -> SplitNumbers:
    boxes = material.boxes
    usable = _usable(material, split)
    inside = usable[boxes.owner]
    learnt = inside & ~boxes.ignored
    tall = _known(heights[learnt])
    per_image = np.bincount(boxes.owner[inside], minlength=len(usable))[usable].astype(np.float64)
    sizes = material.sizes[usable & (material.sizes.min(1) > 0)]
    return SplitNumbers(
        images=len(per_image),
        boxes=int(learnt.sum()),
        ignored=int((inside & boxes.ignored).sum()),
        small=int((tall < material.options.min_side).sum()),
        width_px=spread_of(sizes[:, 0]),
        height_px=spread_of(sizes[:, 1]),
        per_image=spread_of(per_image),
        height=spread_of(tall),
        aspect=spread_of(geometry.aspects(boxes.quads[learnt])),
        length=spread_of(boxes.length[learnt].astype(np.float64)),
        per_image_bars=histogram(per_image, PER_IMAGE_EDGES),
        height_bars=histogram(tall, HEIGHT_EDGES),
        characters=dict(boxes.characters.get(split, Counter()).most_common()),
        first=material.first_lines[split],
    )
