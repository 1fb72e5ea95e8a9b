"""What is wrong with boxes: outside their image, crossing themselves, tiny, twice, too dense."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from analyzer.dataset import geometry
from analyzer.dataset.found import Found
from analyzer.dataset.records import BoolArray, Boxes, Pair
from analyzer.run import FloatArray


def note_boxes(boxes: Boxes, pairs: Sequence[Pair], sizes: FloatArray, found: Found) -> None:
    """Note what is wrong with the boxes; ``sizes`` (pairs, 2) are w, h, 0 where not known.

    A box is noted for the worst fault only: one that lies outside is not told to be tiny as well.
    Boxes that are ignored are not looked at for what only a learner minds.
    """
    if not len(boxes):
        return
    size = sizes[boxes.owner]
    known = size.min(1) > 0
    done = np.zeros(len(boxes), bool)

    def note(kind: str, mask: BoolArray, says: Callable[[int], str]) -> None:
        nonlocal done
        for i in np.flatnonzero(mask & ~done).tolist():
            found.add(kind, _file(i, boxes, pairs), says(i), line=int(boxes.line[i]))
        done = done | mask

    quads = boxes.quads
    lengths = geometry.short_sides(quads)
    area = np.abs(geometry.areas(quads))
    over = geometry.beyond(quads, size)
    outside = known & geometry.wholly_outside(quads, size)
    crossing = geometry.self_crossing(quads)
    note("wholly-outside", outside, lambda i: f"{_points(quads[i])} {_image(size[i])}")
    note("self-crossing", crossing, lambda i: f"{_points(quads[i])}: the sides cross")
    note("no-area", area < 1, lambda i: f"{_points(quads[i])} has no area")
    note("outside", known & (over > geometry.EDGE), lambda i: _beyond(quads[i], size[i]))
    note("wrong-order", geometry.wrong_order(quads), lambda i: _order(quads[i]))
    note("concave", geometry.concave(quads), lambda i: f"{_points(quads[i])} has a dent")
    learnt = ~boxes.ignored
    tiny = learnt & (lengths < geometry.TINY)
    note("tiny", tiny, lambda i: f"{_points(quads[i])} is {lengths[i]:.1f} pixels high or wide")
    _note_overlaps(boxes, pairs, learnt & ~done, found)


def _note_overlaps(boxes: Boxes, pairs: Sequence[Pair], counts: BoolArray, found: Found) -> None:
    first = geometry.same_as(boxes.quads, boxes.owner)
    same = counts & (first != np.arange(len(boxes)))
    for i in np.flatnonzero(same).tolist():
        text = f"the same box as in line {boxes.line[first[i]]}"
        found.add("same-box", _file(i, boxes, pairs), text, line=int(boxes.line[i]))
    for a, b, share in geometry.overlaps(boxes.quads, boxes.owner, counts & ~same):
        text = f"shares {share:.0%} of its place with line {boxes.line[a]}"
        found.add("overlap", _file(b, boxes, pairs), text, line=int(boxes.line[b]))


def note_nothing_to_learn(boxes: Boxes, pairs: Sequence[Pair], found: Found) -> None:
    """Note training images without a box, and those on which every box is ignored."""
    every = np.bincount(boxes.owner, minlength=len(pairs))
    ignored = np.bincount(boxes.owner[boxes.ignored], minlength=len(pairs))
    for number, pair in enumerate(pairs):
        if pair.split != "train" or pair.label is None or found.by_file[pair.label]:
            continue
        if not every[number]:
            found.add("no-boxes", pair.label, "the file holds no box")
        elif ignored[number] == every[number]:
            count = "the only box is" if every[number] == 1 else f"all {every[number]} boxes are"
            found.add("all-ignored", pair.label, f"{count} ###")


def _file(box: int, boxes: Boxes, pairs: Sequence[Pair]) -> str:
    return pairs[boxes.owner[box]].label or ""


def _points(quad: FloatArray) -> str:
    return " ".join(f"{x:.5g},{y:.5g}" for x, y in quad.tolist())


def _image(size: FloatArray) -> str:
    return f"lies outside the image of {size[0]:.0f} x {size[1]:.0f}"


def _beyond(quad: FloatArray, size: FloatArray) -> str:
    """Names the coordinate that is farthest out: ``x3 is 700; the image is 640 wide``."""
    out = np.maximum(quad - (size - 1), -quad)
    point, axis = np.unravel_index(int(out.argmax()), out.shape)
    name, side = ("x", "wide") if axis == 0 else ("y", "high")
    return f"{name}{point + 1} is {quad[point, axis]:.5g}; the image is {size[axis]:.0f} {side}"


def _order(quad: FloatArray) -> str:
    way = "anticlockwise" if geometry.areas(quad[None])[0] < 0 else "from the bottom right"
    return f"{_points(quad)} goes {way}"
