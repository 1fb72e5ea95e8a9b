"""One training with a fault, in processes of its own, and what is kept of it.

The trainer runs in a folder of its own below a scratch folder, with relative paths only and the
same names for every fault, so that neither paths nor names say what was done.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from analyzer.errors import TrainlintError
from analyzer.formats.records import read_json
from benchmarks.diagnosis.bases import BASES, SIZE, TEST_IMAGES, TRAIN_IMAGES
from benchmarks.diagnosis.fault import Fault, Times

ROOT = Path(__file__).parents[2]
CONFIG = Path("trainer/configs/det_micro.yaml")
POLL_SECONDS = 0.02
FAILED, BROKEN = 1, 3
"""How a child ends: a training that failed, as some faults make it; an error of the benchmark."""


def settings(fault: Fault | None, base: str, seed: int) -> dict[str, Any]:
    """All that differs from ``det_micro.yaml``, under dotted keys."""
    synth = {"train": TRAIN_IMAGES, "test": TEST_IMAGES, "size": SIZE, "seed": seed}
    chosen: dict[str, Any] = {**BASES[base], "train.seed": seed}
    if fault is None:
        return {**chosen, "data.synth": synth}
    for key, value in fault.settings.items():
        chosen[key] = value.by * chosen[key] if isinstance(value, Times) else value
    return {**chosen, "data.synth": None if fault.edit else {**synth, **fault.synth}}


def train(fault: Fault | None, base: str, seed: int, scratch: Path, kept: Path) -> None:
    """Train, and move the run directory without its weights into the folder ``kept``."""
    place = scratch / f"{base}-{fault.name if fault else 'healthy'}-{seed}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        _place_data(fault, seed, scratch, place)
        chosen = settings(fault, base, seed)
        _in_process(place, lambda: _start(chosen, fault), fault)
        if fault and fault.resume:
            _in_process(place, lambda: _resume(fault), None)
        _keep(place, kept)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _place_data(fault: Fault | None, seed: int, scratch: Path, place: Path) -> None:
    """Link the rendered set, or copy it and break the copy."""
    synth = {"train": TRAIN_IMAGES, "test": TEST_IMAGES, **(fault.synth if fault else {})}
    shared = rendered(scratch, seed, synth["train"], synth["test"])
    words = place / "data" / "words"
    words.parent.mkdir()
    if fault is None or fault.edit is None:
        words.symlink_to(shared)
        return
    shutil.copytree(shared, words)
    (words / "synth.json").unlink()
    fault.edit(words, seed)


def rendered(scratch: Path, seed: int, train: int, test: int) -> Path:
    """The data set of a seed; rendered once, as all runs of a seed share it."""
    from trainer.synth import render_dataset

    out = scratch / "data" / f"{train}_{test}_{seed}"
    render_dataset(out, train=train, test=test, size=SIZE, seed=seed)
    return out.resolve()


def _in_process(place: Path, work: Callable[[], object], stop: Fault | None) -> None:
    """Run ``work`` in a fork inside ``place``; send the fault's signal when its epoch is there."""
    pid = os.fork()
    if pid == 0:
        _child(place, work)
    sent = stop is None or stop.stop_after is None
    while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
        if not sent and stop and _epochs(place) >= (stop.stop_after or 0):
            os.kill(pid, stop.signal)
            sent = True
        time.sleep(POLL_SECONDS)
    code = os.waitstatus_to_exitcode(ended[1])
    if code not in (0, FAILED) and not (stop and sent and code == -stop.signal):
        raise RuntimeError(f"the training in {place} ended with {code}, which no fault asks for")


def _child(place: Path, work: Callable[[], object]) -> None:
    """Never returns: a fork must not run what its parent has to do."""
    code = BROKEN
    try:
        os.chdir(place)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        work()
        code = 0
    except (TrainlintError, KeyboardInterrupt):
        code = FAILED  # the run directory says so: that is what some faults are for
    finally:
        os._exit(code)


def _epochs(place: Path) -> int:
    files = list(place.glob("workdirs/exp_*/metrics.json"))
    return len(read_json(files[0], default=[])) if files else 0


def _start(chosen: Mapping[str, Any], fault: Fault | None) -> None:
    from benchmarks.diagnosis.narrow import use_narrow_network
    from trainer import start
    from trainer.configfile import load_config, parse_set

    use_narrow_network()
    if fault and fault.inject:
        fault.inject()
    sets = [f"{key}={_text(value)}" for key, value in chosen.items()]
    command = ["python", "-m", "trainer.train", "--config", str(CONFIG), "--no-progress"]
    command += [part for item in sets for part in ("--set", item)]
    config = load_config(ROOT / CONFIG, [parse_set(item) for item in sets])
    start.new_run(config, command=command, show=False)


def _resume(fault: Fault) -> None:
    from benchmarks.diagnosis.narrow import use_narrow_network
    from trainer.resume import resume_run

    use_narrow_network()
    if fault.inject_resume:
        fault.inject_resume()
    command = ["python", "-m", "trainer.train", "--resume", "workdirs/latest", "--no-progress"]
    resume_run(Path("workdirs/latest"), [], command=command, show=False)


def _text(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) + "}"
    return "null" if value is None else str(value)


def _keep(place: Path, kept: Path) -> None:
    """Keep the small text files; of tracebacks, cut out where this machine keeps its programs."""
    run = next(place.glob("workdirs/exp_*"))
    slim = place / "kept"
    for file in sorted(run.rglob("*")):
        if file.is_file() and file.suffix in {".yaml", ".json", ".jsonl", ".log", ".txt"}:
            target = slim / file.relative_to(run)
            target.parent.mkdir(parents=True, exist_ok=True)
            text = file.read_text("utf-8")
            for folder, name in ((ROOT, "."), (Path(sys.prefix), "<python>")):
                text = text.replace(f"{folder}/", f"{name}/")
            target.write_text(text, "utf-8")
    kept.mkdir(parents=True, exist_ok=True)
    shutil.copytree(slim, kept / f".{run.name}")
    (kept / f".{run.name}").rename(kept / run.name)
