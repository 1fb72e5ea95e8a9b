"""How far several processes are from one: python -m benchmarks.parallel [--size 64]

Two processes (Gloo, on this processor) make one update of a fresh detector and one validation, and
one process does the same. The gradients are compared by the norm of their difference over the norm
of one of them, scores by their largest difference.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import torch

from trainer import distributed
from trainer.configfile import load_config, parse_set
from trainer.detection.task import DetectionTask
from trainer.laps import Laps
from trainer.loop import evaluate
from trainer.optim import make_optimizer
from trainer.steps import Plan, make_update
from trainer.synth import render_dataset

CPU = torch.device("cpu")
PIXELS = ("loss.binary=0", "loss.negative_ratio=1000000")
"""A loss that is a sum over pixels: no dice, and all of the background."""

WAYS = {
    "batches": ("of as many batches, added up", "train.accumulate=2", (), False),
    "pixels": ("of one large batch; batch norms fixed, loss over pixels", "", PIXELS, True),
    "norms fixed": ("of one large batch; batch norms fixed", "", (), True),
    "large batch": ("of one large batch; batch norms see other batches", "", (), False),
}
"""What one process does; whether two processes have the same loss and batch norms."""


def first_update(config: Path, settings: tuple[str, ...], fixed: bool) -> torch.Tensor:
    """The gradients of the first update, in one vector; the same weights each time."""
    torch.manual_seed(0)
    task = DetectionTask(load_config(config, [parse_set(text) for text in settings]), CPU)
    task.model.train(not fixed)
    task.network = distributed.shared(task.model)
    optimizer = make_optimizer(task.model, task.config.optimizer)
    plan = Plan(CPU, "fp32", lambda *_: 0.0)
    make_update(task, optimizer, plan, next(task.train_updates(1)), Laps(CPU))
    return torch.cat([weight.grad.flatten() for weight in task.model.parameters()])  # type: ignore[union-attr]


def validation(config: Path) -> dict[str, float]:
    """Loss and scores of a fresh model on the test set."""
    torch.manual_seed(0)
    task = DetectionTask(load_config(config), CPU)
    return evaluate(task, Plan(CPU, "fp32", lambda *_: 0.0), on_batch=lambda _: None).means


def work(config: Path) -> None:
    """What each of two processes does; the first one saves what was found."""
    torch.set_num_threads(1)
    distributed.join("cpu")
    found = {
        name: first_update(config, settings, fixed)
        for name, (_, _, settings, fixed) in WAYS.items()
    }
    scores = validation(config)
    if distributed.rank() == 0:
        torch.save(found, config.with_name("gradients.pt"))
        config.with_name("scores.json").write_text(json.dumps(scores))
    distributed.leave()


def measure(folder: Path, size: int) -> dict[str, float]:
    """The distances of two processes from one, by the names of ``WAYS``, and ``scores``."""
    config = folder / "c.yaml"
    render_dataset(folder / "data", train=8, test=7, size=size)
    config.write_text(
        "model: {pretrained: false, fpn_channels: 16}\n"
        f"data: {{train_dir: {folder}/data, test_dir: {folder}/data, input_size: {size}, "
        "batch_size: 2}\ntrain: {device: cpu, precision: fp32, grad_clip: null}\n"
    )
    together([sys.executable, "-m", "benchmarks.parallel", "--work", str(config)])
    two = torch.load(folder / "gradients.pt", weights_only=True)
    found = {}
    for name, (_, accumulate, settings, fixed) in WAYS.items():
        one = first_update(config, (*settings, accumulate or "data.batch_size=4"), fixed)
        found[name] = float((two[name] - one).norm() / one.norm())
    scores = json.loads(config.with_name("scores.json").read_text())
    one_alone = validation(config)
    found["scores"] = max(abs(scores[name] - value) for name, value in one_alone.items())
    return found


def together(command: list[str], world: int = 2) -> None:
    """Run a command in several processes that find each other, as torchrun would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(world)}
    started = [
        subprocess.Popen(
            command,
            env={**os.environ, **place, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(world)
    ]
    codes = [one.wait() for one in started]
    if any(codes):
        raise RuntimeError(f"processes ended with {codes}")


@click.command()
@click.option("--size", default=160, help="Side of the images, in pixels.")
@click.option("--work", "config", type=click.Path(path_type=Path), hidden=True)
def main(size: int, config: Path | None) -> None:
    """Print the distances."""
    if config is not None:
        work(config)
        return
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), size)
    click.echo("Gradients of two processes against those of one process")
    for name, (text, *_) in WAYS.items():
        click.echo(f"  {found[name]:8.1e}  {text}")
    click.echo("Validation of two processes against that of one process")
    click.echo(f"  {found['scores']:8.1e}  largest difference of a loss or score")


if __name__ == "__main__":
    main()
