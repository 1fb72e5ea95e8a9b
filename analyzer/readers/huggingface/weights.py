"""The checkpoints of a run, by the names of their folders and files; none is opened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from analyzer.readers.huggingface.history import History
from analyzer.reading.checkpoints import MOST
from analyzer.reading.folder import Folder
from analyzer.run import BestCheckpoint, Checkpoint

_FOLDER = re.compile(r"(?:tmp-)?checkpoint-(\d{1,12})(?:-\w+)?|last-checkpoint|checkpoint")
_WEIGHTS = re.compile(
    r"(?:model|pytorch_model|adapter_model|tf_model|flax_model)[\w.-]*\."
    r"(?:safetensors|bin|h5|msgpack)"
)


def step_of(path: str) -> int:
    """The step in the name of a checkpoint folder, or of a file in it; -1 where none is."""
    found = re.search(r"checkpoint-(\d{1,12})", path)
    return int(found[1]) if found else -1


def checkpoint_folders(folder: Folder) -> list[str]:
    """The checkpoint folders in a folder, the highest step first."""
    found = [name for name in folder.folders if _FOLDER.fullmatch(name)]
    return sorted(found, key=step_of, reverse=True)[:MOST]


def saved_checkpoints(folder: Folder, history: History) -> tuple[Checkpoint, ...]:
    """The checkpoints that hold weights, by step, and the model in the folder itself."""
    found = [
        checkpoint
        for name in reversed(checkpoint_folders(folder)[:100])
        if (checkpoint := _saved(folder, name, history)) is not None
    ]
    return tuple(found + [c for c in [_saved(folder, "", history)] if c is not None])


def _saved(folder: Folder, name: str, history: History) -> Checkpoint | None:
    where = folder.below(name) if name else folder
    weights = [file for file in where.files if _WEIGHTS.fullmatch(file)]
    stats = [stat for file in weights if (stat := where.stat(file)) is not None]
    if not stats:
        return None
    return Checkpoint(
        name or weights[0],
        history.epoch_at.get(step_of(name)),
        exists=True,
        size=sum(stat.size for stat in stats),
        modified=max(stat.modified for stat in stats),
    )


def best_checkpoint(state: Mapping[str, Any], history: History) -> BestCheckpoint | None:
    """The checkpoint that the state calls the best, where the epoch of its step is known."""
    named = state.get("best_model_checkpoint")
    if not isinstance(named, str):
        return None
    file = re.split(r"[/\\]", named.rstrip("/\\"))[-1]
    epoch = history.epoch_at.get(step_of(file))
    if epoch is None:
        return None
    because = f"best_model_checkpoint of the trainer's state is {file}"
    return BestCheckpoint(file, epoch, "index", 0.98, because)
