"""F1 against CPU time: recipes and the plain one on the same data, over paired seeds.

A pair shares its rendered data set, the seed of weights, order and augmentation, the number of
images seen and the schedule. Results are kept as they come, so that a run can be gone on with.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean, stdev

import torch

from benchmarks.trainer.recipes import PLAIN, Recipe, configured, cooking
from trainer.config import Config, DataConfig, SynthConfig
from trainer.configfile import load_config
from trainer.detection.task import DetectionTask
from trainer.device import seed_everything
from trainer.loop import evaluate, train_epoch
from trainer.memory import keep_freed_memory
from trainer.optim import make_optimizer
from trainer.schedule import learning_rate
from trainer.steps import Plan
from trainer.synth import render_dataset

CONFIG = Path(__file__).parents[2] / "trainer" / "configs" / "det_small.yaml"
LEAST = -0.03
"""The 90 % interval of the difference in F1 must lie above it."""
T_95 = {2: 6.314, 3: 2.920, 4: 2.353, 5: 2.132, 6: 2.015, 7: 1.943, 8: 1.895, 9: 1.860, 10: 1.833}
"""Of Student's distribution by the number of pairs: 90 % lie between minus and plus this."""


@dataclass(frozen=True)
class Size:
    """How much is trained, and judged."""

    side: int = 128
    train: int = 300
    test: int = 600
    epochs: int = 8


@dataclass(frozen=True)
class Result:
    """One training. ``curve`` holds (epochs, CPU seconds of the training, F1) on the way."""

    recipe: str
    seed: int
    size: Size
    words: int
    curve: tuple[tuple[int, float, float], ...]

    @property
    def f1(self) -> float:
        """At the end."""
        return self.curve[-1][2]

    @property
    def seconds(self) -> float:
        """CPU seconds of the whole training, without judging."""
        return self.curve[-1][1]


def compare(
    recipes: Sequence[Recipe],
    seeds: Sequence[int],
    size: Size,
    *,
    folder: Path,
    kept: Path,
    tell: Callable[[str], None],
) -> list[Result]:
    """Train the recipes on each seed, but those that the file ``kept`` holds; tell each result.

    ``folder`` is where the data sets are rendered.
    """
    done = load(kept)
    for seed in seeds:
        for recipe in recipes:
            known = [r for r in done if (r.recipe, r.seed, r.size) == (recipe.name, seed, size)]
            result = known[0] if known else train(recipe, seed, size, folder)
            if not known:
                done.append(result)
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(result)) + "\n")
            points = "  ".join(f"{cpu:.0f} s {f1:.3f}" for _, cpu, f1 in result.curve)
            tell(f"seed {seed}  {recipe.name:14}  {points}")
    names = {recipe.name for recipe in recipes}
    return [r for r in done if r.seed in seeds and r.size == size and r.recipe in names]


def load(kept: Path) -> list[Result]:
    """The results in a file of ``compare``; none where there is no such file."""
    if not kept.is_file():
        return []
    rows = [json.loads(line) for line in kept.read_text("utf-8").splitlines()]
    return [
        Result(
            row["recipe"],
            row["seed"],
            Size(**row["size"]),
            row["words"],
            tuple((epochs, cpu, f1) for epochs, cpu, f1 in row["curve"]),
        )
        for row in rows
    ]


def train(recipe: Recipe, seed: int, size: Size, folder: Path) -> Result:
    """Train once, judged after half of the epochs and after all."""
    data = folder / f"{size.side}_{size.train}_{size.test}_{seed}"
    render_dataset(data, train=size.train, test=size.test, size=size.side, seed=seed)
    config = configured(_config(data, seed, size), recipe)
    stops = sorted({(size.epochs + 1) // 2, size.epochs})
    torch.set_num_threads(1)
    keep_freed_memory()
    seed_everything(seed)
    with cooking(recipe):
        task = DetectionTask(config, torch.device("cpu"))
        curve = _curve(task, config, recipe, stops)
    return Result(recipe.name, seed, size, task.data_info["test"]["boxes"], curve)


def _curve(
    task: DetectionTask, config: Config, recipe: Recipe, stops: Sequence[int]
) -> tuple[tuple[int, float, float], ...]:
    steps = task.steps_per_epoch
    total = config.train.epochs * steps

    def rate(step: int, epoch: int) -> float:
        base = config.optimizer.lr
        return learning_rate(base, config.scheduler, step=step, epoch=epoch, total_steps=total)

    plan = Plan(task.device, recipe.precision, rate, grad_clip=config.train.grad_clip)
    optimizer = make_optimizer(task.model, config.optimizer)
    spent, curve = 0.0, []
    for epoch in range(1, config.train.epochs + 1):
        begin = time.process_time()
        train_epoch(
            task,
            optimizer,
            plan,
            epoch=epoch,
            first_step=(epoch - 1) * steps + 1,
            on_step=lambda _: None,
            on_record=lambda _: None,
        )
        spent += time.process_time() - begin
        if epoch in stops:
            tested = evaluate(task, plan, on_batch=lambda _: None)
            curve.append((epoch, round(spent, 2), round(tested.means["val_f1"], 5)))
    return tuple(curve)


def _config(data: Path, seed: int, size: Size) -> Config:
    config = load_config(CONFIG, [])
    synth = SynthConfig(train=size.train, test=size.test, size=size.side, seed=seed)
    place = DataConfig(
        str(data), str(data), size.side, batch_size=config.data.batch_size, synth=synth
    )
    return replace(config, data=place, train=replace(config.train, epochs=size.epochs, seed=seed))


def differences(results: Sequence[Result], name: str) -> list[float]:
    """F1 of the recipe of that name minus F1 of the plain one, of each seed that has both."""
    ours = {one.seed: one.f1 for one in results if one.recipe == name}
    plain = {one.seed: one.f1 for one in results if one.recipe == PLAIN.name}
    return [ours[seed] - plain[seed] for seed in sorted(ours.keys() & plain.keys())]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 90 % t interval of the mean of 2 to 10 values."""
    half = T_95[len(values)] * stdev(values) / math.sqrt(len(values))
    return mean(values) - half, mean(values) + half
