"""CPU milliseconds per image by part, and peak memory, of one recipe in a process of its own.

``python -m benchmarks.trainer.cost '{"recipe": {...}, "load": {...}}'`` prints one round as JSON;
``rounds`` starts it for every recipe in turn, again and again, so that what else the machine does
falls on all of them.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import torch

from benchmarks.trainer.recipes import PLAIN, Recipe, configured, cooking
from trainer.config import Config, DataConfig, OptimizerConfig
from trainer.detection.task import DetectionTask
from trainer.device import seed_everything
from trainer.loop import train_epoch
from trainer.memory import keep_freed_memory
from trainer.optim import make_optimizer
from trainer.steps import Plan
from trainer.synth import render_dataset

PARTS = ("data", "forward", "loss", "backward", "optimizer")


@dataclass(frozen=True)
class Load:
    """What is trained: ``steps`` batches are measured, after one that is not."""

    side: int = 320
    batch: int = 8
    steps: int = 3


@dataclass(frozen=True)
class Round:
    """CPU ms per image of each part; ``memory`` is the highest resident memory in MiB."""

    parts: dict[str, float]
    memory: float

    @property
    def total(self) -> float:
        """CPU ms per image of all parts together."""
        return sum(self.parts.values())


def rounds(
    recipes: Sequence[Recipe], load: Load, count: int, tell: Callable[[str], None]
) -> dict[str, list[Round]]:
    """``count`` rounds of each recipe by name, one process at a time."""
    found: dict[str, list[Round]] = {recipe.name: [] for recipe in recipes}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, count + 1):
            for recipe in recipes:
                found[recipe.name].append(_in_process(recipe, load, Path(folder)))
                total = found[recipe.name][-1].total
                tell(f"round {number}/{count}  {recipe.name:14} {total:7.1f} ms")
    return found


def ratio(found: Mapping[str, Sequence[Round]], name: str) -> tuple[float, float, float]:
    """(lowest, median, highest) of how many times less it costs than plain, round by round."""
    pairs = zip(found[PLAIN.name], found[name], strict=True)
    ratios = [plain.total / own.total for plain, own in pairs]
    return min(ratios), median(ratios), max(ratios)


def table(found: Mapping[str, Sequence[Round]]) -> Iterator[str]:
    """One line for each recipe: medians by part, the sum with its spread, memory."""
    heads = "".join(f"{part:>10}" for part in PARTS)
    yield f"{'':14}{heads}{'together':>10}{'from - to':>16}{'MiB':>7}"
    for name, made in found.items():
        parts = "".join(f"{median(one.parts[part] for one in made):10.1f}" for part in PARTS)
        totals = [one.total for one in made]
        spread = f"{min(totals):.1f} - {max(totals):.1f}"
        memory = median(one.memory for one in made)
        yield f"{name:14}{parts}{median(totals):10.1f}{spread:>16}{memory:7.0f}"


def _in_process(recipe: Recipe, load: Load, folder: Path) -> Round:
    task = {"recipe": asdict(recipe), "load": asdict(load), "folder": str(folder)}
    command = [sys.executable, "-m", "benchmarks.trainer.cost", json.dumps(task)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    values = json.loads(done.stdout.splitlines()[-1])
    return Round(values["parts"], values["memory"])


def measure(recipe: Recipe, load: Load, folder: Path) -> Round:
    """One round in this process; renders its images into ``folder`` where none are yet."""
    torch.set_num_threads(1)
    keep_freed_memory()
    seed_everything(0)
    data = folder / str(load.side)
    images = load.batch * (load.steps + 1)
    render_dataset(data, train=images, test=1, size=load.side, seed=0)
    place = DataConfig(str(data), str(data), load.side, batch_size=load.batch)
    rule = OptimizerConfig(type="AdamW", lr=1e-4)
    config = configured(replace(Config(), data=place, optimizer=rule), recipe)
    clock = _Clock()
    with cooking(recipe):
        task = DetectionTask(config, torch.device("cpu"))
        for index in range(images):  # decodes them; that is no part of what is compared
            _ = task.train_set[index]
        with watched(task, clock):
            train_epoch(
                task,
                make_optimizer(task.model, rule),
                Plan(task.device, recipe.precision, lambda *_: rule.lr, grad_clip=5.0),
                epoch=1,
                first_step=1,
                on_step=lambda _: None,
                on_record=lambda _: None,
            )
    seen = load.batch * load.steps
    return Round({name: 1000 * clock.spent[name] / seen for name in PARTS}, _peak_memory())


class _Clock:
    """CPU seconds of this process by part."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._last = time.process_time()

    def tick(self, part: str) -> None:
        """All since the last tick was this part."""
        now = time.process_time()
        self.spent[part] += now - self._last
        self._last = now


@contextmanager
def watched(task: DetectionTask, clock: _Clock) -> Iterator[None]:
    """Read the clock between the parts of the trainer's own step; the first step is left out."""
    updates, loss, backward = task.train_updates, task.loss, torch.Tensor.backward

    def timed_updates(epoch: int, skip: int = 0) -> Iterator[Any]:
        for number, batches in enumerate(updates(epoch, skip)):
            clock.tick("data")
            yield batches
            clock.tick("optimizer")
            if number == 0:
                clock.spent.clear()

    def timed_loss(*arguments: Any) -> Any:
        result = loss(*arguments)
        clock.tick("loss")
        return result

    def timed_backward(tensor: torch.Tensor) -> None:
        backward(tensor)
        clock.tick("backward")

    handle = task.model.register_forward_hook(lambda *_: clock.tick("forward"))
    with (
        mock.patch.object(task, "train_updates", timed_updates),
        mock.patch.object(task, "loss", timed_loss),
        mock.patch.object(torch.Tensor, "backward", timed_backward),
    ):
        yield
    handle.remove()


def _peak_memory() -> float:
    """The highest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    made = measure(Recipe(**given["recipe"]), Load(**given["load"]), Path(given["folder"]))
    print(json.dumps(asdict(made)))
