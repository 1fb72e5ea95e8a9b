"""The settings of a run: from its state, from arguments that were saved, from the model card."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from analyzer.reading.folder import Folder
from analyzer.reading.jsonfile import read_object
from analyzer.reading.literals import scalar
from analyzer.reading.settings import (
    MAX_CONFIG,
    Spellings,
    canonical,
    merged,
    yaml_settings,
)
from analyzer.reading.text import decode, read_text
from analyzer.reading.values import number
from analyzer.run import Config, Note, Run, flatten

SPELLINGS: Spellings = {
    "learning_rate": "optimizer.lr",
    "optim": "optimizer.type",
    "optimizer": "optimizer.type",
    "adam_beta1": "optimizer.momentum",
    "weight_decay": "optimizer.weight_decay",
    "lr_scheduler_type": "scheduler.type",
    "warmup_steps": "scheduler.warmup_steps",
    "lr_scheduler_warmup_steps": "scheduler.warmup_steps",
    "warmup_ratio": "scheduler.warmup_ratio",
    "lr_scheduler_warmup_ratio": "scheduler.warmup_ratio",
    "per_device_train_batch_size": "data.batch_size",
    "train_batch_size": "data.batch_size",
    "dataloader_num_workers": "data.workers",
    "num_train_epochs": "train.epochs",
    "num_epochs": "train.epochs",
    "max_steps": "train.steps",
    "training_steps": "train.steps",
    "gradient_accumulation_steps": "train.accumulate",
    "max_grad_norm": "train.grad_clip",
    "fp16": "train.amp",
    "bf16": "train.precision",
    "mixed_precision_training": "train.amp",
    "seed": "train.seed",
    "early_stopping_patience": "train.patience",
    "metric_for_best_model": "checkpoint.monitor",
    "model_name_or_path": "model.name",
}

STATE_KEYS = (
    *("train_batch_size", "num_train_epochs", "max_steps"),
    *("logging_steps", "eval_steps", "save_steps"),
)
ARGUMENTS = ("training_args.json", "args.json", "training_arguments.json")
YAML_ARGUMENTS = ("training_args.yaml", "training_args.yml", "training_arguments.yaml")
RESULTS = ("all_results.json", "eval_results.json", "train_results.json")
CARD = "README.md"

_BULLET = re.compile(r"^[-*] (\w+): (.+)$", re.MULTILINE)
_OPTIMIZER = re.compile(r"(?i)\b(adamw|adafactor|adamax|nadam|adagrad|rmsprop|lion|adam|sgd)")


def settings(
    folder: Folder,
    state_file: str,
    state: Mapping[str, Any],
    notes: list[Note],
    events: Run | None = None,
) -> Config:
    """All settings that are known; saved arguments count before the card and the state.

    The trainer writes its arguments into its event files too.
    """
    config = Config()
    for name in ARGUMENTS:
        own = dict(flatten(read_object(folder, name, notes)))
        if "learning_rate" in own or "num_train_epochs" in own:
            config = merged(config, canonical(own, SPELLINGS, file=name))
    for name in YAML_ARGUMENTS:
        if folder.has(name):
            config = merged(config, yaml_settings(folder, name, SPELLINGS, notes))
    if events is not None:
        own = {events.config.spelled(key): value for key, value in events.config.values.items()}
        config = merged(config, canonical(own, SPELLINGS, file=events.config.file))
    config = merged(config, _card(folder))
    own = {key: state[key] for key in STATE_KEYS if number(state.get(key)) is not None}
    own |= _early_stopping(state)
    config = merged(config, canonical(own, SPELLINGS, file=state_file))
    return _with_optimizer(merged(config, _model(folder, notes)))


def _with_optimizer(config: Config) -> Config:
    """``adamw_torch_fused`` and "AdamW with betas=..." are adamw; -1 steps mean no such plan."""
    values = dict(config.values)
    named = _OPTIMIZER.search(str(values.get("optimizer.type") or ""))
    if named:
        values["optimizer.type"] = named[1].lower()
    if (number(values.get("train.steps")) or 0) <= 0:
        values.pop("train.steps", None)
    return Config(values, config.own_key, config.file, config.lines)


def _early_stopping(state: Mapping[str, Any]) -> dict[str, Any]:
    callbacks = state.get("stateful_callbacks")
    callback = callbacks.get("EarlyStoppingCallback") if isinstance(callbacks, dict) else None
    args = callback.get("args") if isinstance(callback, dict) else None
    patience = number(args.get("early_stopping_patience")) if isinstance(args, dict) else None
    return {} if patience is None else {"early_stopping_patience": patience}


def _card(folder: Folder) -> Config:
    """The hyperparameters in the model card that the trainer writes."""
    text = decode(read_text(folder, CARD, [], limit=MAX_CONFIG) or b"")
    _, heading, after = text.partition("Training hyperparameters")
    if not heading:
        return Config()
    section = after.partition("\n#")[0]
    own = {key: scalar(value) for key, value in _BULLET.findall(section)}
    return canonical(own, SPELLINGS, file=CARD)


def _model(folder: Folder, notes: list[Note]) -> Config:
    """What the model is called, and whether it was trained before."""
    adapter = read_object(folder, "adapter_config.json", notes)
    base = adapter.get("base_model_name_or_path")
    if isinstance(base, str):
        return Config({"model.name": base, "model.pretrained": True}, {}, "adapter_config.json")
    own = read_object(folder, "config.json", notes)
    kinds = own.get("architectures")
    named = kinds[0] if isinstance(kinds, list) and kinds else own.get("model_type")
    if not isinstance(named, str):
        return Config()
    values: dict[str, Any] = {"model.name": named}
    if own.get("_name_or_path"):
        values["model.pretrained"] = True
    return Config(values, {}, "config.json")


def sample_counts(folder: Folder, state: Mapping[str, Any], notes: list[Note]) -> dict[str, int]:
    """The number of samples: as written in the results, else rate times duration.

    Versions differ in what they count for a training that stopped early, so that is left out.
    """
    results: dict[str, Any] = {}
    for name in RESULTS:
        results = {**read_object(folder, name, notes), **results}
    found = state.get("log_history")
    records = [record for record in found or () if isinstance(record, dict)]
    done, planned = number(state.get("global_step")), number(state.get("max_steps")) or 0.0
    epochs = number(state.get("num_train_epochs")) or 1.0
    counts = {
        "val": _count(results.get("eval_samples")) or _counted(records, "eval", 1.0),
        "train": _count(results.get("train_samples"))
        or (_counted(records, "train", epochs) if done and done >= planned else 0),
    }
    return {split: count for split, count in counts.items() if count}


def _count(value: object) -> int:
    found = number(value) or 0.0
    return round(found) if 0 < found < 1e12 else 0


def _counted(records: list[dict[str, Any]], split: str, passes: float) -> int:
    """Samples seen in the last such record: the trainer prints how many a second, for how long."""
    for record in reversed(records):
        rate = number(record.get(f"{split}_samples_per_second"))
        seconds = number(record.get(f"{split}_runtime"))
        if rate and seconds and passes > 0:
            return _count(rate * seconds / passes)
    return 0
