"""Test images that are training images: the same bytes, or the same picture saved otherwise."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyzer.dataset.pixels import THUMB
from analyzer.dataset.records import Look
from analyzer.run import IntArray

ALIKE = 0.995
"""Thumbnails that agree to this correlation show the same picture, saved or scaled otherwise."""

FLAT = 4.0
"""A thumbnail with less contrast than this, in grey levels, shows nothing that could agree."""

BLOCK = 512


def same_files(
    path: Callable[[str], Path], train: Mapping[str, int], test: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    """(test image, training image) with the same bytes; both map names to sizes in bytes.

    ``path`` says where a name is. Only files that have the size of one on the other
    side are read.
    """
    sizes = set(train.values()) & set(test.values()) - {0}
    known: dict[bytes, str] = {}
    for name, size in train.items():
        if size in sizes and (digest := _digest(path(name))) is not None:
            known.setdefault(digest, name)
    for name, size in test.items():
        if size in sizes and (digest := _digest(path(name))) in known:
            yield name, known[digest or b""]


def _digest(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, hashlib.blake2b).digest()
    except OSError:
        return None


def same_pictures(train: Sequence[Look], test: Sequence[Look]) -> Iterator[tuple[int, int, float]]:
    """(test, training, correlation) of the most alike training image of each test image."""
    known, known_at = _standardised(train)
    asked, asked_at = _standardised(test)
    if not len(known):
        return
    for start in range(0, len(asked), BLOCK):
        alike = asked[start : start + BLOCK] @ known.T
        best = alike.argmax(1)
        value = alike[np.arange(len(best)), best]
        for i in np.flatnonzero(value > ALIKE).tolist():
            yield int(asked_at[start + i]), int(known_at[best[i]]), float(value[i])


def _standardised(looks: Sequence[Look]) -> tuple[NDArray[np.float32], IntArray]:
    """Thumbnails (n, THUMB^2) float32 of mean 0 and length 1, and which looks they are of."""
    pixels = np.frombuffer(b"".join(look.thumb for look in looks), np.uint8)
    rows = pixels.reshape(-1, THUMB * THUMB).astype(np.float32)
    rows -= rows.mean(1, keepdims=True)
    keep = np.flatnonzero(rows.std(1) > FLAT)
    rows = rows[keep]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows, keep
