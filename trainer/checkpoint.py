"""Weight files: the full state of a training, and what a resume takes from it."""

from __future__ import annotations

import hashlib
import json
import random
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from analyzer.errors import UsageError
from analyzer.formats.records import read_records
from analyzer.formats.workdir import BEST, CHECKPOINTS, INDEX
from trainer.monitor import beats

FORMAT = 1
"""1: the keys that ``make_state`` writes."""


def config_digest(config: Mapping[str, Any]) -> str:
    """A digest of the resolved config but ``train.epochs``, which a resume may raise."""
    train = {key: value for key, value in config["train"].items() if key != "epochs"}
    text = json.dumps({**config, "train": train}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def make_state(
    weights: Mapping[str, torch.Tensor],
    optimizer: torch.optim.Optimizer,
    config: Mapping[str, Any],
    *,
    epoch: int,
    scheduler: Mapping[str, Any],
    stage: int = 1,
    metrics: Mapping[str, Any],
    best: Mapping[str, Any] | None,
    rows: Sequence[Mapping[str, float]] = (),
    ema: Mapping[str, Any] | None = None,
    stopping: Mapping[str, Any] | None = None,
    scaler: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything a run goes on from after ``epoch``, in types that load without code.

    ``stage`` is the one that the optimiser and the schedule are of.
    ``ema`` is what its ``WeightMean`` gives: with it, the running mean is the weights to use.
    ``rows`` are the numbers of the steps made in the epoch after it, where one was interrupted.
    ``scaler`` is the state of the loss scale, of fp16.
    """
    return {
        "format": FORMAT,
        "epoch": epoch,
        "stage": stage,
        "model": dict(weights),
        "optimizer": optimizer.state_dict(),
        "scheduler": dict(scheduler),
        "metrics": dict(metrics),
        "best": dict(best) if best else None,
        "config": dict(config),
        "config_digest": config_digest(config),
        "rng": _rng_state(),
        "partial": _table(rows),
        "ema": dict(ema) if ema else None,
        "early_stopping": dict(stopping) if stopping else None,
        "scaler": dict(scaler) if scaler else None,
    }


def _table(rows: Sequence[Mapping[str, float]]) -> dict[str, Any] | None:
    if not rows:
        return None
    names = list(rows[0])
    values = [[row[name] for name in names] for row in rows]
    return {"names": names, "values": torch.tensor(values, dtype=torch.float64)}


def partial_rows(state: Mapping[str, Any]) -> list[dict[str, float]]:
    """The rows that ``make_state`` was given; none in the state of a whole epoch."""
    table = state.get("partial")
    if table is None:
        return []
    return [dict(zip(table["names"], row, strict=True)) for row in table["values"].tolist()]


def save_state(state: Mapping[str, Any], path: Path) -> None:
    """Write a state to ``path``."""
    torch.save(dict(state), path)


def read_weights(path: Path) -> Any:
    """What a PyTorch file holds, only of safe types: nothing in it is run.

    Raises UsageError with the reason where there is no such file or it is something else.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickle protocols, of files that then fail
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # strange bytes make the reader raise nearly anything
        raise UsageError(
            f"{path} is no PyTorch weight file (damaged, or it holds more than tensors)"
        ) from None


def load_state(path: Path) -> dict[str, Any]:
    """Read a state. Raises UsageError where it is not one of this trainer."""
    try:
        state = read_weights(path)
    except UsageError as error:
        raise UsageError(f"{error}; resume from an earlier epoch_N.pth") from None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise UsageError(
            f"{path} holds no full training state of this trainer (format {FORMAT}); "
            "to start from its weights, name it in model.pretrained"
        )
    return state


def weights_of(state: Mapping[str, Any]) -> Mapping[str, torch.Tensor]:
    """The weights to use, of a state: their running mean where the training kept one."""
    ema = state.get("ema")
    weights: Mapping[str, torch.Tensor] = ema["weights"] if ema else state["model"]
    return weights


def restore(
    state: Mapping[str, Any], model: nn.Module, optimizer: torch.optim.Optimizer | None
) -> None:
    """Put weights, optimiser state and random states back; no ``optimizer``: it begins anew."""
    model.load_state_dict(state["model"])
    if optimizer is not None:
        optimizer.load_state_dict(state["optimizer"])
    rng = state["rng"]
    random.setstate(rng["python"])
    kind, keys, *rest = rng["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(rng["torch"])
    if torch.cuda.is_available() and len(rng["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(rng["cuda"])


def _rng_state() -> dict[str, Any]:
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return {
        "python": random.getstate(),
        "numpy": (kind, [int(key) for key in keys], *rest),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def find_checkpoint(path: Path) -> tuple[Path, Path]:
    """(run folder, weight file) of ``--resume PATH``: a run folder or a weight file in one.

    Links are followed here: ``workdirs/latest`` leads elsewhere as soon as another run begins.
    """
    if not path.exists():
        raise UsageError(
            f"there is no {path}; name a run folder such as workdirs/latest, or a weight file in "
            f"its {CHECKPOINTS} folder"
        )
    path = _followed(path)
    if path.is_file():
        run = path.parent.parent
        if path.parent.name != CHECKPOINTS or not (run / "config.yaml").is_file():
            raise UsageError(
                f"{path} does not lie in the {CHECKPOINTS} folder of a run, so it has no run to "
                "go on with; to start a new run from its weights, name it in model.pretrained"
            )
        return run, path
    if not (path / "config.yaml").is_file():
        raise UsageError(
            f"{path} is no run folder: it has no config.yaml; name one such as workdirs/latest"
        )
    file = newest(path)
    if file is None:
        best = path / BEST
        advice = f"go on from {best}, or start anew" if best.is_file() else "start anew"
        raise UsageError(f"{path / CHECKPOINTS} holds no epoch_N.pth to go on from; {advice}")
    return path, file


def _followed(path: Path) -> Path:
    """Where ``path`` leads, from the working folder where it lies below that."""
    real, here = path.resolve(), Path.cwd()
    return real.relative_to(here) if real.is_relative_to(here) else real


def newest(run: Path) -> Path | None:
    """The weight file of a run that a training would go on from."""
    found = {float(epoch): file for epoch, file in epoch_files(run).items()}
    for epoch, file in epoch_files(run, "interrupted").items():
        found[epoch - 0.5] = file  # it lies before the end of that epoch
    return found[max(found)] if found else None


def epoch_files(run: Path, kind: str = "epoch") -> dict[int, Path]:
    """The weight files ``epoch_N.pth`` of a run, or those of another ``kind``, by N."""
    files = (run / CHECKPOINTS).glob(f"{kind}_*.pth")
    numbers = {file: re.fullmatch(rf"{kind}_(\d+)\.pth", file.name) for file in files}
    return {int(match[1]): file for file, match in numbers.items() if match}


def recorded_best(run: Path) -> dict[str, Any] | None:
    """Epoch and value that the index names for best.pth, so that a resume keeps a better one.

    Raises UsageError where the index is damaged.
    """
    for entry in read_records(run / INDEX) if (run / BEST).is_file() else ():
        if entry.get("file") == BEST and entry.get("value") is not None:
            return {"epoch": entry.get("epoch"), "value": entry["value"]}
    return None


def best_value(best: Mapping[str, Any] | None) -> float | None:
    """The value of {epoch, value}; None where there is no best yet."""
    return best["value"] if best else None


def better_best(
    one: dict[str, Any] | None, other: dict[str, Any] | None, mode: str
) -> dict[str, Any] | None:
    """The better of two {epoch, value}; ``one`` where neither is."""
    return other if other and beats(other["value"], best_value(one), mode) else one
