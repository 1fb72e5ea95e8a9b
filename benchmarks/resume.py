"""What a kill costs a training: ``python -m benchmarks.resume [--kills N]``.

A tiny training with everything that keeps a state (two stages, a schedule that watches, a running
mean of the weights, early stopping) is killed with SIGKILL at a random moment of a random epoch,
or of the time before the first one, and resumed. Each directory has to be readable as the kill
left it, at most the epoch under way may be lost, and the resumed training has to end in the
numbers and weights of one that nothing disturbed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from trainer import resume, start, train  # noqa: F401  loaded once, for all that are forked

KILLS = 50
SEED = 20261105
CONFIG = """
model: {pretrained: false, fpn_channels: 16}
data: {train_dir: ../data, test_dir: ../data, input_size: 64, batch_size: 4}
optimizer: {type: AdamW, lr: 0.005}
scheduler: {type: ReduceLROnPlateau, patience: 0}
train:
  {epochs: 6, ema: 0.9, early_stopping: {patience: 9}, device: cpu, precision: fp32, threads: 1}
stages:
  - {epochs: 2, freeze_backbone: true, lr: 0.01}
  - {}
"""
QUIET = ["--no-preflight", "--no-progress"]
START = ["--config", "c.yaml", *QUIET]
STATES = ("model", "optimizer", "scheduler", "stage", "ema", "early_stopping", "rng")
HEADER = r"Epoch \[(\d+)/"
POLL = 0.002
EPOCHS = 6


@dataclass(frozen=True)
class Killed:
    """One training that was killed and resumed."""

    begun: int
    """the epoch under way"""
    kept: int
    """the epoch after which it could go on; 0: nothing was saved yet"""
    damage: str
    same: bool

    @property
    def lost(self) -> int:
        """Epochs, whole or begun, that had to be trained again."""
        return self.begun - self.kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where one of the promises is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=KILLS)
    options = parser.parse_args(arguments)
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        _forked(root, _render, root / "log")
        whole, seconds = _undisturbed(root)
        found: list[Killed] = []
        while len(found) < options.kills:
            folder = _furnished(root, f"{len(found)}")
            if _killed(folder, rng.randint(0, EPOCHS), rng.uniform(0, seconds)):
                found.append(_resumed(folder, whole))
            shutil.rmtree(folder)
    return _report(found)


def _report(found: Sequence[Killed]) -> int:
    resumed = [one for one in found if one.kept]
    damaged = [one.damage for one in found if one.damage]
    other = sum(not one.same for one in resumed)
    most = max(one.lost for one in found)
    print(f"{len(found)} kills at random moments of a training of {EPOCHS} epochs, seed {SEED}")
    print(f"directories with something unreadable: {len(damaged)}")
    print(f"killed before anything was saved, so started anew: {len(found) - len(resumed)}")
    print(f"resumed: {len(resumed)}; most epochs trained again: {most}")
    print(f"ended in other numbers or weights than undisturbed: {other} of {len(resumed)}")
    print(*damaged, sep="\n")
    return int(bool(damaged) or bool(other) or most > 1)


def _render() -> int:
    from trainer.synth import render_dataset

    render_dataset(Path("data"), train=8, test=3, size=64)
    return 0


def _forked(folder: Path, do: Callable[[], int], log: Path) -> int:
    """The exit code of ``do`` in a process and ``folder`` of its own; it prints into ``log``."""
    return os.waitstatus_to_exitcode(os.waitpid(_begun(folder, do, log), 0)[1])


def _begun(folder: Path, do: Callable[[], int], log: Path) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:  # what is raised here must not end what the parent has begun
        os.chdir(folder)
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        code = do()
    finally:
        os._exit(code)


def _furnished(root: Path, name: str) -> Path:
    folder = root / name
    folder.mkdir(exist_ok=True)
    (folder / "c.yaml").write_text(CONFIG, encoding="utf-8")
    return folder


def _undisturbed(root: Path) -> tuple[Any, float]:
    """How it ends, and the seconds of an epoch."""
    folder = _furnished(root, "whole")
    if _forked(folder, lambda: train.main(START), folder / "log"):
        raise SystemExit((folder / "log").read_text(encoding="utf-8"))
    (metrics,) = folder.glob("workdirs/exp_*/metrics.json")
    times = [one["epoch_time"] for one in json.loads(metrics.read_text(encoding="utf-8"))]
    return _end(folder), min(times)


def _killed(folder: Path, epoch: int, after: float) -> bool:
    """Start a training and kill it so many seconds after the beginning of ``epoch``; of epoch 0:
    after its directory was made. False where it had ended by then, for another try.
    """
    child = _begun(folder, lambda: train.main(START), folder / "log")
    while not os.waitpid(child, os.WNOHANG)[0]:
        run = next(iter(folder.glob("workdirs/exp_*")), None)
        if run is not None and _epochs(HEADER, run / "logs/train.log") >= epoch:
            time.sleep(after)
            os.kill(child, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        time.sleep(POLL)
    return False


def _resumed(folder: Path, whole: Any) -> Killed:
    (run,) = folder.glob("workdirs/exp_*")
    damage = _damage(run)
    log = run / "logs/train.log"
    begun = _epochs(HEADER, log)
    if not list(run.glob("checkpoints/epoch_*.pth")):
        return Killed(begun, 0, damage, same=False)
    go_on = ["--resume", str(run.relative_to(folder)), *QUIET]
    if _forked(folder, lambda: train.main(go_on), folder / "log"):
        damage = damage or (folder / "log").read_text(encoding="utf-8").strip().splitlines()[-1]
    kept = _epochs(r"Resumed from \S+, after epoch (\d+)", log)
    return Killed(begun, kept, damage, same=_same(_end(folder), whole))


def _epochs(pattern: str, log: Path) -> int:
    found = re.findall(pattern, log.read_text(encoding="utf-8") if log.exists() else "")
    return int(found[-1]) if found else 0


def _damage(run: Path) -> str:
    """What of a killed run cannot be read: its files, and the run as the analyzer sees it."""
    import analyzer

    for path in [*run.glob("*.json"), *run.glob("checkpoints/*.json")]:
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            return f"{path}: {error}"
    for path in run.glob("checkpoints/*.pth"):
        try:
            torch.load(path, weights_only=True)
        except Exception as error:
            return f"{path}: {error}"
    if (run / "metrics.json").exists():
        unreadable = [one.unreadable for one in analyzer.read(run) if one.unreadable]
        return f"{run}: {unreadable[0]}" if unreadable else ""
    return ""


def _end(folder: Path) -> Any:
    """The numbers of all epochs, and the last state, of a training that ended."""
    (run,) = folder.glob("workdirs/exp_*")
    records = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    numbers = [{k: v for k, v in one.items() if not k.endswith("_time")} for one in records]
    files = sorted(run.glob("checkpoints/epoch_*.pth"), key=lambda path: int(path.stem[6:]))
    state = torch.load(files[-1], weights_only=True)
    return numbers, {key: state[key] for key in STATES}


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(_same(first[k], second[k]) for k in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(_same, first, second))
    return bool(first == second)


if __name__ == "__main__":
    sys.exit(main())
