"""The config that a run was started with: printed into its log, or lying beside it as Python."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.readers.openmmlab.names import series_of
from analyzer.reading.folder import Folder
from analyzer.reading.pyconfig import assignments
from analyzer.reading.settings import MAX_CONFIG, Spellings, canonical
from analyzer.reading.text import decode, read_text
from analyzer.run import Config, flatten

MAX_KEYS = 3_000

MMENGINE: Spellings = {
    "optim_wrapper.optimizer.lr": "optimizer.lr",
    "optim_wrapper.optimizer.type": "optimizer.type",
    "optim_wrapper.optimizer.momentum": "optimizer.momentum",
    "optim_wrapper.optimizer.weight_decay": "optimizer.weight_decay",
    "optim_wrapper.clip_grad.max_norm": "train.grad_clip",
    "optim_wrapper.accumulative_counts": "train.accumulate",
    "train_dataloader.batch_size": "data.batch_size",
    "train_dataloader.num_workers": "data.workers",
    "data_root": "data.train_dir",
    "train_cfg.max_epochs": "train.epochs",
    "max_epochs": "train.epochs",
    "train_cfg.max_iters": "train.steps",
    "randomness.seed": "train.seed",
    "model.type": "model.name",
    "load_from": "model.pretrained",
    "default_hooks.checkpoint.save_best": "checkpoint.monitor",
    "default_hooks.checkpoint.rule": "checkpoint.mode",
    "default_hooks.early_stopping.patience": "train.patience",
}

MMCV: Spellings = {
    "optimizer.lr": "optimizer.lr",
    "optimizer.type": "optimizer.type",
    "optimizer.momentum": "optimizer.momentum",
    "optimizer.weight_decay": "optimizer.weight_decay",
    "optimizer_config.grad_clip.max_norm": "train.grad_clip",
    "data.samples_per_gpu": "data.batch_size",
    "data.imgs_per_gpu": "data.batch_size",
    "data.workers_per_gpu": "data.workers",
    "data_root": "data.train_dir",
    "runner.max_epochs": "train.epochs",
    "total_epochs": "train.epochs",
    "runner.max_iters": "train.steps",
    "total_iters": "train.steps",
    "seed": "train.seed",
    "model.type": "model.name",
    "load_from": "model.pretrained",
    "lr_config.policy": "scheduler.type",
    "lr_config.gamma": "scheduler.gamma",
    "evaluation.save_best": "checkpoint.monitor",
    "evaluation.rule": "checkpoint.mode",
}

_FP16 = ("fp16", "optim_wrapper.loss_scale", "fp16.loss_scale")


def config_of(text: str, spellings: Spellings, file: str) -> Config:
    """The settings in the text of a config."""
    values = assignments(text)
    own = dict(_bounded(flatten(values)))
    if own.get("load_from") is None:
        own.pop("load_from", None)
    config = canonical(own, spellings, file=file)
    found, own_key = dict(config.values), dict(config.own_key)
    _add(found, own_key, "train.patience", _hook(values, "EarlyStoppingHook", "patience"))
    _add(found, own_key, "scheduler.type", _schedule(values.get("param_scheduler")))
    weights = next((v for k, v in own.items() if k.endswith("init_cfg.checkpoint") and v), None)
    _add(found, own_key, "model.pretrained", ("init_cfg.checkpoint", weights))
    if any(own.get(key) for key in _FP16) or own.get("optim_wrapper.type") == "AmpOptimWrapper":
        found.setdefault("train.amp", True)
    _follow(found)
    return Config(found, own_key, file)


def _bounded(items: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for count, item in enumerate(items):
        if count == MAX_KEYS:
            return
        yield item


def _add(
    values: dict[str, Any], own_key: dict[str, str], key: str, found: tuple[str, Any]
) -> None:
    spelled, value = found
    if value is not None and key not in values:
        values[key] = value
        own_key[key] = spelled


def _hook(values: Mapping[str, Any], kind: str, name: str) -> tuple[str, Any]:
    hooks = values.get("custom_hooks")
    for place, hook in enumerate(hooks if isinstance(hooks, list) else ()):
        if isinstance(hook, Mapping) and str(hook.get("type", "")).endswith(kind):
            return f"custom_hooks.{place}.{name}", hook.get(name)
    return "", None


def _schedule(schedulers: object) -> tuple[str, Any]:
    """The schedule that rules after the warm-up: the last one."""
    if isinstance(schedulers, Mapping):
        return "param_scheduler.type", schedulers.get("type")
    if isinstance(schedulers, list) and schedulers and isinstance(schedulers[-1], Mapping):
        return f"param_scheduler.{len(schedulers) - 1}.type", schedulers[-1].get("type")
    return "", None


def _follow(values: dict[str, Any]) -> None:
    """The value that chooses the best checkpoint, as a series; ``auto`` says none."""
    monitor = values.get("checkpoint.monitor")
    if isinstance(monitor, list) and monitor:
        monitor = monitor[0]
    series = series_of(monitor, "val") if isinstance(monitor, str) and monitor != "auto" else None
    values.pop("checkpoint.monitor", None)
    if series is not None:
        values["checkpoint.monitor"] = series
    if values.get("checkpoint.mode") in ("greater", "less"):
        values["checkpoint.mode"] = "max" if values["checkpoint.mode"] == "greater" else "min"


def config_beside(folder: Folder, names: list[str], spellings: Spellings) -> Config:
    """The config in the first of some files that holds one."""
    for name in names:
        text = decode(read_text(folder, name, [], limit=MAX_CONFIG) or b"")
        if re.search(
            r"^(?:model|train_cfg|runner|optimizer|optim_wrapper) = ", text, re.MULTILINE
        ):
            return config_of(text, spellings, name)
    return Config()
