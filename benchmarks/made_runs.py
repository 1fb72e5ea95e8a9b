"""Run directories in the documented layout, made fast: ten shapes of curves, healthy and sick.

The bytes are those that the trainer's writer leaves behind; they are written in one go here, since
the writer replaces ``metrics.json`` after each epoch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.formats import trainlog, workdir, yaml12

Curves = dict[str, NDArray[np.floating[Any]]]

START = datetime(2026, 1, 5, 14, 30, 25)
EPOCH_SECONDS = 60
CHECKPOINT_EVERY = 4
"""One run in so many has a ``checkpoints`` folder with an index."""


def write_runs(root: Path, runs: int, epochs: int, without: Iterable[str] = ()) -> None:
    """Write ``runs`` run directories of (about) ``epochs`` epochs below ``root``.

    The curves named in ``without`` are left out.
    """
    left_out = frozenset(without)
    for i in range(runs):
        shape = SHAPES[i % len(SHAPES)]
        rng = np.random.default_rng(i)
        started = START + timedelta(minutes=7 * i)
        curves = {name: y for name, y in shape(rng, epochs).items() if name not in left_out}
        _write_run(root / f"exp_{started:%Y%m%d%H%M%S}", curves, epochs, started, i)


def _learning(rng: np.random.Generator, n: int, *, noise: float = 0.004) -> Curves:
    """A detector that gets better up to its end, and ends well."""
    t = np.arange(n) / max(1, n - 1)
    rate = rng.uniform(0.85, 0.93) * (0.35 + 0.65 * t**0.35)
    wobble = rng.normal(0, noise, n)
    f1 = np.clip(rate + wobble, 0, 1)
    loss = 0.4 + 2.0 * np.exp(-5 * t) - 0.15 * t
    return {
        "train_loss": loss + rng.normal(0, 2 * noise, n),
        "val_precision": np.clip(f1 + 0.02 + rng.normal(0, noise, n), 0, 1),
        "val_recall": np.clip(f1 - 0.02 + rng.normal(0, noise, n), 0, 1),
        "val_f1": f1,
        "learning_rate": 0.0005 * (1 - t * 0.99) ** 0.9,
        "val_loss": 1.1 * loss + rng.normal(0, 3 * noise, n),
    }


def _noisy(rng: np.random.Generator, n: int) -> Curves:
    return _learning(rng, n, noise=0.012)


def _stepped(rng: np.random.Generator, n: int) -> Curves:
    """The learning rate falls in steps."""
    made = _learning(rng, n)
    made["learning_rate"] = 0.0005 * 0.1 ** (np.arange(n) * 3 // max(1, n))
    return made


def _quiet(rng: np.random.Generator, n: int) -> Curves:
    return _learning(rng, n, noise=0.001)


def _bumped(rng: np.random.Generator, n: int) -> Curves:
    """One bad epoch that recovers."""
    made = _learning(rng, n)
    made["train_loss"][n // 2] *= 1.5
    return made


def _overfitting(rng: np.random.Generator, n: int) -> Curves:
    made = _learning(rng, n)
    late = np.maximum(0, np.arange(n) / max(1, n - 1) - 0.35)
    made["val_loss"] = made["val_loss"] + 2.5 * late
    made["val_f1"] = made["val_f1"] - 0.3 * late
    return made


def _nan(rng: np.random.Generator, n: int) -> Curves:
    """The loss climbs from two thirds on and ends in NaN."""
    made = _learning(rng, n)
    break_at = max(1, 2 * n // 3)
    rise = np.arange(1, 6)[: n - break_at] ** 3.0
    made["train_loss"][break_at : break_at + len(rise)] += rise
    for name in ("train_loss", "val_loss"):
        made[name][break_at + len(rise) :] = np.nan
    for name in ("val_precision", "val_recall", "val_f1"):
        made[name][break_at:] = 0.0
    return made


def _oscillating(rng: np.random.Generator, n: int) -> Curves:
    made = _learning(rng, n)
    made["val_f1"] = np.clip(0.5 + 0.25 * (-1.0) ** np.arange(n) + rng.normal(0, 0.02, n), 0, 1)
    return made


def _flat(rng: np.random.Generator, n: int) -> Curves:
    made = _learning(rng, n)
    made["train_loss"] = 2.3 + rng.normal(0, 0.004, n)
    made["val_loss"] = 2.4 + rng.normal(0, 0.004, n)
    made |= {name: np.zeros(n) for name in ("val_precision", "val_recall", "val_f1")}
    return made


def _short(rng: np.random.Generator, n: int) -> Curves:
    """Ended well before the planned length."""
    return {name: y[: max(1, n * 3 // 5)] for name, y in _learning(rng, n).items()}


SHAPES: tuple[Callable[[np.random.Generator, int], Curves], ...] = (
    _learning,
    _noisy,
    _overfitting,
    _stepped,
    _nan,
    _quiet,
    _flat,
    _bumped,
    _oscillating,
    _short,
)


def _write_run(run: Path, curves: Curves, planned: int, started: datetime, number: int) -> None:
    done = len(curves["train_loss"])
    ended = started + timedelta(seconds=EPOCH_SECONDS * done)
    (run / workdir.LOG).parent.mkdir(parents=True)
    records = [
        {"epoch": i + 1, **{k: float(y[i]) for k, y in curves.items()}} for i in range(done)
    ]
    (run / workdir.METRICS).write_text(_array(map(_record, records)), "utf-8")
    (run / workdir.CONFIG).write_text(yaml12.dump(_config(planned, number)), "utf-8")
    (run / workdir.ARGS).write_text(_arguments(run, planned), "utf-8")
    (run / workdir.LOG).write_text("\n".join(_log(run, curves, planned, started)) + "\n", "utf-8")
    info = {"format_version": workdir.FORMAT_VERSION, "started": started.isoformat(), "seed": 0}
    info |= {"versions": {"python": "3.11.7", "torch": "2.4.0"}, "device": {"type": "cuda"}}
    info |= {"data": {"train": {"images": 5000}, "test": {"images": 500}}}
    info |= {"status": "finished", "ended": ended.isoformat(), "heartbeat": ended.isoformat()}
    (run / workdir.RUN).write_text(json.dumps(info, indent=2) + "\n", "utf-8")
    if number % CHECKPOINT_EVERY == 0:
        _write_checkpoints(run, curves["val_f1"])


def _record(values: Mapping[str, float]) -> str:
    """A record as the writer encodes it: NaN is null and named."""
    bad = {key: "nan" for key, value in values.items() if math.isnan(value)}
    made = {key: None if key in bad else value for key, value in values.items()}
    return json.dumps({**made, "nonfinite": bad} if bad else made, allow_nan=False)


def _array(lines: Iterable[str]) -> str:
    return "[\n" + ",\n".join(f"  {line}" for line in lines) + "\n]\n"


def _config(planned: int, number: int) -> dict[str, Any]:
    return {
        "model": {"name": "resnet18_fpn_dbhead", "pretrained": True},
        "data": {"train_dir": "data/train", "test_dir": "data/test", "batch_size": 8},
        "augment": {"rotate": 10.0, "flip": 0.5, "brightness": 0.2},
        "optimizer": {"type": "AdamW", "lr": 0.0005, "weight_decay": 0.0001},
        "scheduler": {"type": "Poly", "power": 0.9},
        "train": {"epochs": planned, "seed": number, "precision": "bf16", "grad_clip": 5.0},
        "checkpoint": {"every": 1, "keep": 2, "monitor": "val_f1", "mode": "max"},
    }


def _arguments(run: Path, planned: int) -> str:
    flags = f"--train_data_dir data/train --batch_size 8 --epochs {planned} --lr 0.0005"
    return f"{flags} --output_dir ./{run.name}\npython -m trainer.train --config det.yaml\n"


def _log(run: Path, curves: Curves, planned: int, started: datetime) -> list[str]:
    lines: list[str] = []
    for i, loss in enumerate(curves["train_loss"]):
        now = started + timedelta(seconds=EPOCH_SECONDS * (i + 1))
        scores = (float(curves[f"val_{name}"][i]) for name in ("precision", "recall", "f1"))
        messages = (
            trainlog.header(i + 1, planned, float(curves["learning_rate"][i])),
            trainlog.train(float(loss), 0.43),
            trainlog.validate(*scores),
            trainlog.saved(f"./workdirs/{run.name}/{workdir.epoch_file(i + 1)}"),
        )
        lines += [trainlog.stamp(now, "INFO", message) for message in messages]
    return lines


def _write_checkpoints(run: Path, f1: NDArray[np.floating[Any]]) -> None:
    """The last two epoch files and the best one, empty, and the index that knows them all."""
    (run / workdir.CHECKPOINTS).mkdir()
    best = int(np.argmax(f1))
    entries = [(workdir.epoch_file(i + 1), i) for i in range(len(f1))] + [(workdir.BEST, best)]
    kept = {workdir.BEST, *(file for file, _ in entries[:-1][-2:])}
    lines = []
    for file, i in entries:
        entry = {"file": file, "epoch": i + 1, "metric": "val_f1", "value": float(f1[i])}
        entry |= {"bytes": 0, "crc32": 0} | ({} if file in kept else {"removed": True})
        lines.append(json.dumps(entry))
    for file in kept:
        (run / file).touch()
    (run / workdir.INDEX).write_text(_array(lines), "utf-8")


def write_log(path: Path, megabytes: float) -> int:
    """Write a log of step lines of about 75 bytes into ``path``; returns how many lines."""
    lines = int(megabytes * 1e6 / 75)
    with path.open("w", encoding="ascii") as file:
        for start in range(0, lines, 10_000):
            steps = range(start, min(lines, start + 10_000))
            file.writelines(map(_step_line, steps))
    return lines


def _step_line(step: int) -> str:
    loss = 0.5 + 3.0 / (1 + step / 1e5)
    minutes, seconds = divmod(step // 50, 60)
    day, hour = 5 + minutes // 1440, minutes // 60 % 24
    time = f"2026-01-{day:02d} {hour:02d}:{minutes % 60:02d}:{seconds:02d}"
    return f"[{time}] INFO Iter {step + 1}: Total Loss={loss:.4f}, Cls Loss={loss / 3:.4f}\n"
