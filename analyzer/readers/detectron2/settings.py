"""The settings of a run of detectron2, as yacs or as a lazy config writes them."""

from __future__ import annotations

from analyzer.reading.settings import Spellings
from analyzer.run import Config

SPELLINGS: Spellings = {
    "SOLVER.BASE_LR": "optimizer.lr",
    "SOLVER.OPTIMIZER": "optimizer.type",
    "SOLVER.MOMENTUM": "optimizer.momentum",
    "SOLVER.WEIGHT_DECAY": "optimizer.weight_decay",
    "SOLVER.LR_SCHEDULER_NAME": "scheduler.type",
    "SOLVER.GAMMA": "scheduler.gamma",
    "SOLVER.WARMUP_ITERS": "scheduler.warmup_steps",
    "SOLVER.IMS_PER_BATCH": "data.batch_size",
    "SOLVER.MAX_ITER": "train.steps",
    "SOLVER.AMP.ENABLED": "train.amp",
    "DATALOADER.NUM_WORKERS": "data.workers",
    "INPUT.MIN_SIZE_TEST": "data.input_size",
    "MODEL.META_ARCHITECTURE": "model.name",
    "MODEL.WEIGHTS": "model.pretrained",
    "SEED": "train.seed",
    "optimizer.lr": "optimizer.lr",
    "optimizer._target_": "optimizer.type",
    "dataloader.train.total_batch_size": "data.batch_size",
    "dataloader.train.num_workers": "data.workers",
    "train.max_iter": "train.steps",
    "train.eval_period": "TEST.EVAL_PERIOD",
    "train.amp.enabled": "train.amp",
    "train.init_checkpoint": "model.pretrained",
}


def with_defaults(config: Config) -> Config:
    """With the optimiser that a yacs config leaves unsaid, and clipping only where it is on."""
    values = dict(config.values)
    if "SOLVER.BASE_LR" in config.own_key.values():
        values.setdefault("optimizer.type", "SGD")
    if values.get("SOLVER.CLIP_GRADIENTS.ENABLED") is True:
        values["train.grad_clip"] = values.get("SOLVER.CLIP_GRADIENTS.CLIP_VALUE")
    own_key = {**config.own_key}
    if "train.grad_clip" in values:
        own_key["train.grad_clip"] = "SOLVER.CLIP_GRADIENTS.CLIP_VALUE"
    return Config(values, own_key, config.file, config.lines)
