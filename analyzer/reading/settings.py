"""Settings of other frameworks under canonical keys, with the way back to the user's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analyzer.errors import FormatError
from analyzer.formats import yaml12
from analyzer.reading.folder import Folder
from analyzer.reading.text import decode, read_text
from analyzer.reading.values import whole_number
from analyzer.run import Config, Note, flatten

MAX_CONFIG = 1 << 20

Spellings = Mapping[str, str]
"""Own dotted key -> canonical key."""


USUAL: Spellings = {
    spelling: key
    for key, spellings in {
        "optimizer.lr": (
            *("lr", "learning_rate", "optimizer.lr", "optimizer.learning_rate", "lr0"),
            *("base_lr", "init_lr", "initial_lr", "learningRate", "LR", "LEARNING_RATE"),
            *(
                "train.lr",
                "training.lr",
                "training.learning_rate",
                "optim.lr",
                "opt_learning_rate",
            ),
            *("model.lr", "model.learning_rate", "hparams.lr", "args.lr", "optimizer.params.lr"),
        ),
        "optimizer.type": (
            *("optimizer", "optimizer_name", "opt", "optim", "opt_name", "optimizer.name"),
            *("optimizer.type", "optim.name", "optimizer_type", "training.optimizer"),
        ),
        "optimizer.momentum": ("momentum", "optimizer.momentum", "optim.momentum", "sgd_momentum"),
        "optimizer.weight_decay": (
            *("weight_decay", "wd", "optimizer.weight_decay", "optim.weight_decay"),
            *("weightDecay", "training.weight_decay", "l2_reg"),
        ),
        "scheduler.type": (
            *("scheduler", "lr_scheduler", "lr_scheduler_type", "sched", "scheduler.name"),
            *("scheduler.type", "lr_schedule", "scheduler_name"),
        ),
        "scheduler.warmup_epochs": ("warmup_epochs", "warmup_epoch", "scheduler.warmup_epochs"),
        "scheduler.step_size": ("step_size", "lr_step_size", "scheduler.step_size"),
        "scheduler.gamma": ("gamma", "lr_gamma", "scheduler.gamma"),
        "data.batch_size": (
            *("batch_size", "batchsize", "bs", "bsize", "batch", "train_batch_size", "batchSize"),
            *("BATCH_SIZE", "data.batch_size", "dataset.batch_size", "training.batch_size"),
            *("train.batch_size", "per_device_train_batch_size", "dataloader.batch_size"),
            *("hparams.batch_size", "args.batch_size"),
        ),
        "data.input_size": (
            *("imgsz", "img_size", "image_size", "input_size", "img_sz", "imgSize", "resolution"),
            *("data.image_size", "data.img_size", "data.input_size"),
        ),
        "data.workers": (
            *("num_workers", "workers", "n_workers", "nw", "data.num_workers", "data.workers"),
            *("dataloader_num_workers", "n_cpu"),
        ),
        "data.train_dir": ("train_dir", "train_data", "train_path", "data_dir", "data.train_dir"),
        "data.test_dir": ("test_dir", "val_dir", "valid_data", "val_data", "data.test_dir"),
        "train.epochs": (
            *("epochs", "num_epochs", "n_epochs", "max_epochs", "nb_epochs", "num_train_epochs"),
            *("total_epochs", "max_epoch", "num_epoch", "n_epoch", "EPOCHS", "training.epochs"),
            *("train.epochs", "training.num_epochs", "trainer.max_epochs", "training.max_epochs"),
            *("train.num_epochs", "hparams.epochs", "args.epochs"),
        ),
        "train.steps": (
            *("max_steps", "total_steps", "num_steps", "max_iters", "max_iter", "total_iters"),
            *("num_iterations", "train.steps", "train_steps", "trainer.max_steps", "num_iter"),
        ),
        "train.patience": (
            *("patience", "early_stopping_patience", "early_stop_patience", "early_stopping"),
            *("early_stop", "es_patience", "train.patience", "training.patience"),
        ),
        "train.amp": ("amp", "use_amp", "mixed_precision", "fp16", "train.amp"),
        "train.accumulate": (
            *("gradient_accumulation_steps", "accumulate_grad_batches", "accum_iter"),
            *("grad_accum_steps", "accumulation_steps", "train.accumulate"),
        ),
        "train.grad_clip": (
            *("grad_clip", "clip_grad", "max_grad_norm", "gradient_clip_val", "grad_clip_norm"),
            *("clip_grad_norm", "clip", "train.grad_clip"),
        ),
        "train.seed": ("seed", "random_seed", "manual_seed", "manualSeed", "train.seed"),
        "train.precision": ("precision", "dtype", "trainer.precision"),
        "model.name": (
            *("model", "model_name", "arch", "architecture", "backbone", "model.name", "net"),
            *("model_type", "model.type", "network"),
        ),
        "model.pretrained": (
            *("pretrained", "use_pretrained", "model.pretrained", "pretrained_weights"),
        ),
        "train.freeze_backbone": (
            *("freeze_backbone", "freeze_encoder", "train.freeze_backbone"),
            *("model.freeze_backbone", "training.freeze_backbone"),
        ),
        "checkpoint.monitor": ("monitor", "checkpoint.monitor", "metric_for_best_model"),
        "checkpoint.mode": ("mode", "monitor_mode", "checkpoint.mode"),
    }.items()
    for spelling in spellings
}
"""What people call the usual settings, where no framework says it; the first that is found counts.

For configs of free form: argparse, hparams files, MLflow parameters, W&B configs.
"""


FREE: Spellings = {
    "lr": "optimizer.lr",
    "learningrate": "optimizer.lr",
    "baselr": "optimizer.lr",
    "initlr": "optimizer.lr",
    "initiallr": "optimizer.lr",
    "lr0": "optimizer.lr",
    "optimizer": "optimizer.type",
    "optim": "optimizer.type",
    "optimizername": "optimizer.type",
    "momentum": "optimizer.momentum",
    "weightdecay": "optimizer.weight_decay",
    "scheduler": "scheduler.type",
    "lrscheduler": "scheduler.type",
    "warmupepochs": "scheduler.warmup_epochs",
    "batchsize": "data.batch_size",
    "trainbatchsize": "data.batch_size",
    "imgsize": "data.input_size",
    "imagesize": "data.input_size",
    "inputsize": "data.input_size",
    "numworkers": "data.workers",
    "workers": "data.workers",
    "epochs": "train.epochs",
    "maxepochs": "train.epochs",
    "maxepoch": "train.epochs",
    "numepochs": "train.epochs",
    "nepochs": "train.epochs",
    "totalepochs": "train.epochs",
    "maxsteps": "train.steps",
    "totalsteps": "train.steps",
    "maxiters": "train.steps",
    "patience": "train.patience",
    "seed": "train.seed",
    "randomseed": "train.seed",
    "precision": "train.precision",
    "amp": "train.amp",
    "gradientclipval": "train.grad_clip",
    "gradclip": "train.grad_clip",
    "maxgradnorm": "train.grad_clip",
    "accumulategradbatches": "train.accumulate",
    "gradientaccumulationsteps": "train.accumulate",
    "modelname": "model.name",
    "architecture": "model.name",
    "arch": "model.name",
    "pretrained": "model.pretrained",
}
"""What people call their settings, without blanks and underscores, in whatever section."""


def free_spellings(own: Iterable[str]) -> Spellings:
    """The spellings of settings that nobody prescribed: judged by the last word of the key.

    Of several that mean the same, the one in the outermost section counts.
    """
    found: dict[str, str] = {}
    for key in sorted(own, key=lambda key: key.count(".")):
        squeezed = key.rpartition(".")[2].lower().replace("_", "").replace("-", "")
        if squeezed in FREE:
            found.setdefault(FREE[squeezed], key)
    return {key: meant for meant, key in found.items()}


def canonical(
    own: Mapping[str, Any],
    spellings: Spellings,
    *,
    file: str | None = None,
    lines: Mapping[str, int] | None = None,
) -> Config:
    """A Config of settings as the framework spells them; keys without a spelling are kept.

    Where two own keys mean the same, the one that stands first in ``spellings`` counts.
    """
    values: dict[str, Any] = {}
    own_key: dict[str, str] = {}
    for spelled, key in spellings.items():
        if spelled in own and key not in values:
            values[key] = own[spelled]
            own_key[key] = spelled
    values |= {k: v for k, v in own.items() if k not in spellings and k not in values}
    back = {own_key.get(key, key): key for key in values}
    found = {back[name]: line for name, line in (lines or {}).items() if name in back}
    return Config(values, own_key, file, found)


def yaml_settings(
    folder: Folder, name: str, spellings: Spellings | None, notes: list[Note]
) -> Config:
    """The settings in a YAML file, nested keys dotted; empty, and noted, where it is damaged.

    Without ``spellings`` the keys are free: a framework does not prescribe them.
    """
    data = read_text(folder, name, notes, limit=MAX_CONFIG)
    if data is None:
        return Config()
    try:
        document = yaml12.parse(decode(data), file=name, lenient=True)
    except FormatError as error:
        notes.append(Note(str(error), name, error.line))
        return Config()
    if not isinstance(document.value, Mapping):
        notes.append(Note(f"{name} holds no keys", name, 1))
        return Config()
    for key, line in document.duplicates:
        notes.append(Note(f"{name}:{line}: {key} is given twice; the last one counts", name, line))
    own = dict(flatten(document.value))
    lines = {key: document.lines[key] for key in own if key in document.lines}
    spellings = free_spellings(own) if spellings is None else spellings
    return canonical(own, spellings, file=name, lines=lines)


def merged(first: Config, second: Config) -> Config:
    """``first``, and what only ``second`` says."""
    return Config(
        {**second.values, **first.values},
        {**second.own_key, **first.own_key},
        first.file or second.file,
        {**second.lines, **first.lines} if first.file == second.file else first.lines,
    )


def planned(config: Config, key: str) -> int | None:
    """A planned length (``train.epochs``, ``train.steps``); None for none, and for -1."""
    length = whole_number(config.get(key))
    return length if length and length > 0 else None
