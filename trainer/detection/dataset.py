"""An ICDAR2015 split as training or evaluation inputs.

DetectionDataset(root, split, size, *, augment, min_side, seed, cache_mb)
    len, [index] -> item, set_epoch(epoch), .summary, .samples, .faults
collate(items) -> batch             quads_of(labels) -> quads, ignored

An item holds the uint8 arrays ``image`` (size, size, 3) in RGB and ``shrink``, ``shrink_mask``,
``border``, ``border_mask`` (size, size), see ``labels.LabelMaps``, and the path ``file``. Without
augmentation it also holds what evaluation needs: ``quads`` (n, 4, 2) float32 in pixels of the
source, ``ignored`` (n,), ``scale`` (input over source) and ``source_size`` (h, w).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, default_collate, get_worker_info

from analyzer.formats.icdar import Label
from analyzer.formats.icdar_folder import read_split
from trainer.augment import AugmentConfig, augment
from trainer.detection.labels import make_maps, small
from trainer.images import Image, fit, image_size, read_image, shrink_to

Item = dict[str, Any]
PLANES = ("image", "shrink", "shrink_mask", "border", "border_mask")


@dataclass(frozen=True)
class DatasetSummary:
    """Counts of one split. ``words`` are those that count; ``small`` of them are below the
    minimum side at the input size of their own image and train nothing.
    """

    images: int
    words: int
    ignored: int
    small: int


@dataclass(frozen=True)
class _Loaded:
    """A decoded image, shrunk as far as no zoom can tell; result = source * scale."""

    image: Image
    scale: float
    source_size: tuple[int, int]


class DetectionDataset(Dataset[Item]):
    """Inputs of ``size`` x ``size`` from ``<root>/<split>_list.txt``.

    What is random in an item depends on seed, epoch and index alone, so it is the same for any
    number of workers and after a resume. Decoded images are kept up to ``cache_mb`` megabytes;
    each worker has its part of that and keeps what it decoded itself. Raises FormatError, naming
    the file, where the folder or an image cannot be read; label lines that cannot be read are left
    out and told in ``faults``.
    """

    def __init__(
        self,
        root: Path,
        split: str,
        size: int,
        *,
        augment: AugmentConfig | None,
        min_side: float = 8.0,
        seed: int = 0,
        cache_mb: int = 1024,
    ) -> None:
        self.size = size
        self.augment = augment
        self.min_side = min_side
        self.seed = seed
        self.samples = read_split(root, split)
        self._cache: dict[int, _Loaded] = {}
        self._cache_left = cache_mb << 20
        self._cache_shared = False
        # Workers that outlive an epoch see a new one only through shared memory.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    def __len__(self) -> int:
        return len(self.samples)

    def set_epoch(self, epoch: int) -> None:
        """Choose the random numbers of an epoch; call it before the loader is iterated."""
        self._epoch.fill_(epoch)

    @property
    def faults(self) -> list[str]:
        """One sentence for each label line that was left out, with its place."""
        return [
            f"{sample.label_file}:{fault.line}:{fault.column}: {fault.message}"
            for sample in self.samples
            for fault in sample.faults
            if fault.fatal
        ]

    @cached_property
    def summary(self) -> DatasetSummary:
        """Counts of the words; of the images only the headers are read, once."""
        words = ignored = below = 0
        for sample in self.samples:
            quads, skip = quads_of(sample.labels)
            source = max(1, *image_size(sample.image))
            ignored += int(skip.sum())
            words += int((~skip).sum())
            below += int(small(quads[~skip] * (self.size / source), self.min_side).sum())
        return DatasetSummary(len(self), words, ignored, below)

    def __getitem__(self, index: int) -> Item:
        sample = self.samples[index]
        loaded = self._load(index)
        quads, ignored = quads_of(sample.labels)
        if self.augment is None:
            image, fitted = fit(loaded.image, self.size)
            scale = loaded.scale * fitted
            item = self._maps(image, quads * scale, ignored)
            extra = {"quads": quads, "ignored": ignored, "source_size": loaded.source_size}
            return {**item, **extra, "scale": scale, "file": str(sample.image)}
        rng = np.random.default_rng((self.seed, int(self._epoch), index))
        made = augment(loaded.image, quads * loaded.scale, self.size, self.augment, rng)
        item = self._maps(made.image, made.quads, ignored | made.hidden)
        return {**item, "file": str(sample.image)}

    def _maps(self, image: Image, quads: NDArray[np.float32], ignored: NDArray[np.bool_]) -> Item:
        maps = make_maps(quads, ignored, (self.size, self.size), min_side=self.min_side)
        return {"image": image, **vars(maps)}

    def _load(self, index: int) -> _Loaded:
        if index in self._cache:
            return self._cache[index]
        image = read_image(self.samples[index].image)
        zoom = 1.0 if self.augment is None else max(1.0, self.augment.scale[1])
        shrunk, scale = shrink_to(image, round(self.size * zoom))
        loaded = _Loaded(shrunk, scale, (image.shape[0], image.shape[1]))
        self._share_budget()
        if shrunk.nbytes <= self._cache_left:
            self._cache_left -= shrunk.nbytes
            self._cache[index] = loaded
        return loaded

    def _share_budget(self) -> None:
        """Each worker has a cache of its own, so each gets its part of what is left."""
        worker = get_worker_info()
        if worker is not None and not self._cache_shared:
            self._cache_left //= worker.num_workers
            self._cache_shared = True


def collate(items: Sequence[Item]) -> dict[str, Any]:
    """Stack the planes to uint8 tensors (B, size, size[, 3]); everything else stays a list.

    PyTorch's own stacking writes straight into shared memory where a worker calls it.
    """
    batch: dict[str, Any] = {key: [item[key] for item in items] for key in items[0]}
    for plane in PLANES:
        batch[plane] = default_collate([torch.from_numpy(array) for array in batch[plane]])
    return batch


def quads_of(labels: Sequence[Label]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The words of an image: (n, 4, 2) in its pixels, and (n,) which are don't-care."""
    quads = np.array([label.points for label in labels], np.float32).reshape(-1, 4, 2)
    return quads, np.array([label.ignored for label in labels], bool)
