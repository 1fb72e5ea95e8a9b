"""Text detection as a ``trainer.steps.Task``: data, model, loss, boxes and their score."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from analyzer.errors import UsageError
from analyzer.formats.icdar_folder import Sample
from trainer import distributed
from trainer.config import Config, ValidateConfig
from trainer.detection.dataset import DetectionDataset, collate
from trainer.detection.decode import DecodeConfig
from trainer.detection.loss import Counts, Targets, db_loss
from trainer.detection.model import DBNet, Maps
from trainer.detection.pretrained import load_pretrained
from trainer.detection.sweep import ThresholdSweep
from trainer.order import EpochOrder, cut

Batch = dict[str, Any]


class DetectionTask:
    """Everything the loop needs to train and judge a text detector.

    Raises FormatError or UsageError where the data cannot be read or nothing could be learnt.
    """

    def __init__(self, config: Config, device: torch.device, *, load_weights: bool = True) -> None:
        self.config = config
        self.device = device
        self.train_set = _dataset(config, "train")
        self.test_set = _dataset(config, "test")
        _refuse_empty(config, self.train_set)
        batch, train = config.data.batch_size, config.train
        rank, world = distributed.rank(), distributed.world_size()
        self.largest = batch
        """of the batches that are trained on; smaller than data.batch_size after ``halve``"""
        self._order = EpochOrder(
            len(self.train_set), train.seed, batch, train.accumulate, rank=rank, world=world
        )
        _refuse_fewer(len(self.train_set), world)
        self._train_loader = self._loader(self.train_set, self._order)
        own = cut(range(len(self.test_set)), batch)[rank::world]
        self._test_loader = self._loader(self.test_set, own)
        self.model = DBNet(config.model.fpn_channels)
        self.pretrained_note = ""
        if load_weights:  # a resume brings its own
            self.pretrained_note = load_pretrained(self.model, config.model.pretrained)
        self.model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network: nn.Module = self.model
        self._sweep = ThresholdSweep(decoding(config.validate))

    @property
    def first_weight(self) -> nn.Parameter:
        """See ``DBNet``."""
        return self.model.first_weight

    @property
    def last_weight(self) -> nn.Parameter:
        """See ``DBNet``."""
        return self.model.last_weight

    @property
    def steps_per_epoch(self) -> int:
        """Updates of one epoch, the last one maybe of fewer images."""
        return self._order.updates

    @property
    def faults(self) -> list[str]:
        """Sentences about label lines that were left out."""
        return [*self.train_set.faults, *self.test_set.faults]

    def train_updates(self, epoch: int, skip: int = 0) -> Iterator[list[Batch]]:
        """The shuffled, augmented batches of each update of an epoch, but the first ``skip``."""
        self._order.epoch = epoch
        self._order.skip = skip
        self.train_set.set_epoch(epoch)
        batches = iter(self._train_loader)
        for group in self._order.groups():
            yield self.parts([next(batches) for _ in group])

    def halve(self) -> bool:
        """Train in batches of half the size from now on; False where they hold one image."""
        smaller = -(-self.largest // 2)
        self.largest, before = smaller, self.largest
        return smaller < before

    def parts(self, batches: Sequence[Batch]) -> list[Batch]:
        """The same images in batches of at most ``largest``."""
        return [part for batch in batches for part in _cut(batch, self.largest)]

    def test_batches(self) -> Iterable[Batch]:
        """The test images in order, as they are."""
        return self._test_loader

    def files(self, batch: Batch) -> Sequence[str]:
        """The image of each sample."""
        files: list[str] = batch["file"]
        return files

    def amount(self, batch: Batch) -> Counts:
        """The pixels that the parts of the loss are means over."""
        if "counts" not in batch:
            batch["counts"] = _count(batch)
        counts: Counts = batch["counts"]
        return counts

    def loss(
        self, batch: Batch, whole: Sequence[float] | None = None
    ) -> tuple[dict[str, Tensor], Maps]:
        """The weighted parts of the loss, and the logits they were computed from.

        ``whole`` is the amount of all batches of the update; without it this one is alone.
        """
        counts = self.amount(batch)
        images = batch["image"].to(self.device, non_blocking=True)
        maps = self.network(images, with_threshold=True)
        targets = _targets(batch, self.device, counts, counts if whole is None else Counts(*whole))
        return db_loss(maps, targets, self.config.loss), maps

    def judge(self, batch: Batch, output: Maps) -> None:
        """Turn the maps into boxes and compare them with the labels."""
        probabilities = torch.sigmoid(output.text.float()).cpu().numpy()
        for index, probability in enumerate(probabilities):
            self._sweep.update(
                probability,
                scale=batch["scale"][index],
                source_size=batch["source_size"][index],
                quads=batch["quads"][index],
                ignored=batch["ignored"][index],
            )

    def scores(self) -> dict[str, float]:
        """What the images judged since the last call gave, if there were any.

        Precision, recall, F1 at the thresholds that are set; average precision; the best F1 of a
        sweep and the thresholds, named as in the config, that gave it.
        """
        size = self.config.data.batch_size
        self._sweep.join(lambda own: distributed.interleave(distributed.gather(own), size))
        found, average = self._sweep.set_scores(), self._sweep.metric.average_precision()
        best = self._sweep.best()
        self._sweep.reset()
        if not found.images:
            return {}
        return {
            "val_precision": found.precision,
            "val_recall": found.recall,
            "val_f1": found.hmean,
            "val_ap": average,
            "val_best_f1": best.scores.hmean,
            "val_best_threshold": best.threshold,
            "val_best_box_threshold": best.box_threshold,
        }

    @cached_property
    def data_info(self) -> dict[str, Any]:
        """Counts and digests of both lists, for ``run.json``."""
        info = {}
        for split, dataset in (("train", self.train_set), ("test", self.test_set)):
            summary = dataset.summary
            info[split] = {
                "images": summary.images,
                "boxes": summary.words,
                "ignored": summary.ignored,
                "small": summary.small,
                "left_out": len(dataset.faults),
                "digest": data_digest(dataset.samples),
            }
        return info

    def _loader(self, dataset: DetectionDataset, batches: Iterable[list[int]]) -> DataLoader[Any]:
        workers = self.config.train.num_workers
        return DataLoader(
            dataset,
            batch_sampler=batches,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=self.device.type == "cuda",
            collate_fn=collate,
            worker_init_fn=_begin_work,
            generator=torch.Generator(),  # else an epoch begun twice draws twice
        )


def decoding(settings: ValidateConfig) -> DecodeConfig:
    """How the config wants boxes to be made."""
    return DecodeConfig(
        threshold=settings.threshold,
        box_threshold=settings.box_threshold,
        unclip_ratio=settings.unclip_ratio,
        min_side=settings.min_side,
        max_candidates=settings.max_candidates,
    )


def _begin_work(_: int) -> None:
    """Workers share the cores already, and leave ^C to the training, which ends them."""
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _dataset(config: Config, split: str) -> DetectionDataset:
    train = split == "train"
    return DetectionDataset(
        Path(config.data.train_dir if train else config.data.test_dir),
        split,
        config.data.side,
        augment=config.augment if train else None,
        seed=config.train.seed,
    )


def _refuse_fewer(images: int, world: int) -> None:
    if images < world:
        raise UsageError(
            f"{world} processes are more than the {images} training images; start fewer with "
            "torchrun --nproc_per_node"
        )


def _refuse_empty(config: Config, dataset: DetectionDataset) -> None:
    """Stop before a run that could learn nothing."""
    summary = dataset.summary
    folder = config.data.train_dir
    advice = f"check the data with: python -m analyzer dataset {folder}"
    if not summary.images:
        raise UsageError(
            f"{folder}/train_list.txt names no image, so nothing can be learnt; {advice}"
        )
    if not summary.words:
        raise UsageError(
            f"{folder}: none of the {summary.images} training images has a text box that counts "
            f"({summary.ignored} are marked ###), so nothing can be learnt; {advice}"
        )
    if summary.words == summary.small:
        raise UsageError(
            f"{folder}: all {summary.words} text boxes are too small to learn at an input of "
            f"{config.data.side} pixels; raise data.input_size or cut the images into tiles"
        )


def _cut(batch: Batch, size: int) -> list[Batch]:
    """Batches of at most ``size`` images."""
    images = len(batch["file"])
    if images <= size:
        return [batch]
    columns = {name: value for name, value in batch.items() if name != "counts"}
    return [
        {name: value[at : at + size] for name, value in columns.items()}
        for at in range(0, images, size)
    ]


def _count(batch: Batch) -> Counts:
    inside = int(batch["shrink_mask"].count_nonzero())
    positives = int((batch["shrink"] & batch["shrink_mask"]).count_nonzero())
    return Counts(positives, inside - positives, int(batch["border_mask"].count_nonzero()))


def _targets(batch: Batch, device: torch.device, counts: Counts, whole: Counts) -> Targets:
    """The uint8 maps as floats on the device."""

    def move(name: str) -> Tensor:
        plane: Tensor = batch[name].to(device, non_blocking=True).float()
        return plane

    return Targets(
        text=move("shrink"),
        text_mask=move("shrink_mask"),
        border=move("border") / 255,
        border_mask=move("border_mask"),
        counts=counts,
        whole=whole,
    )


def data_digest(samples: Sequence[Sample]) -> str:
    """A digest of names, image sizes in bytes and label lines: another set has another one."""
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(f"{sample.image.name}\0{sample.image.stat().st_size}\0".encode())
        digest.update(sample.label_file.read_bytes())
    return digest.hexdigest()
