"""What a run was made from, its settings but the seed, code and data: runs are compared by it.

These are no entries of ``FACTS``: rules about one run have no use for them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from analyzer.run import Run, flatten

SEED_KEYS = ("train.seed", "seed")

OUTPUT = "output."
"""Config keys below it say where a run was written, which explains nothing."""

NAMING = frozenset(
    {
        *("output_dir", "save_dir", "work_dir", "log_dir", "logging_dir"),
        *("run_name", "exp_name", "experiment_name"),
        *("name", "project"),
    }
)
"""Whole keys by which frameworks say where a run is written and what it is called."""

VOLATILE = frozenset(
    {
        "config_digest",
        "ended",
        "heartbeat",
        "pid",
        "reason",
        "resumed",
        "seed",
        "started",
        "status",
    }
)
"""Last parts of environment keys that differ between any two runs and explain nothing.

The digest of a config covers its seed; the config itself is compared key by key.
"""

SAME_CODE = re.compile("commit|dirty|digest")
"""Environment keys with one of these words must agree for runs to be repetitions of each other."""

DATA_KEYS = ("data.train_dir", "data.test_dir")
_ALIKE = (str, int)

Recipe = frozenset[tuple[Any, ...]]


def config_of(run: Run) -> dict[str, Any]:
    """The settings of a run by dotted key, but where it was written."""
    pairs = run.config.values.items()
    return {k: v for k, v in pairs if not (k.startswith(OUTPUT) or k in NAMING)}


def environment_of(run: Run) -> dict[str, Any]:
    """Machine, versions, code and data by dotted key, but what differs between any two runs."""
    pairs = flatten(run.environment)
    return {key: value for key, value in pairs if key.rpartition(".")[2] not in VOLATILE}


def seed_of(run: Run) -> Any:
    """The seed by the config, else by what the run recorded; None where unknown."""
    for key in SEED_KEYS:
        if run.config.get(key) is not None:
            return run.config.get(key)
    return run.environment.get("seed")


def recipe_of(run: Run) -> Recipe:
    """Settings but the seed, code and data, to be compared; empty where the config is unknown."""
    config = [pair for pair in config_of(run).items() if pair[0] not in SEED_KEYS]
    if not config:
        return frozenset()
    made = [pair if type(pair[1]) in _ALIKE else item(*pair) for pair in config]
    for key, value in flatten(run.environment):
        if SAME_CODE.search(key) and key.rpartition(".")[2] not in VOLATILE:
            made.append(item(f"environment.{key}", value))
    return frozenset(made)


def item(key: str, value: Any) -> tuple[Any, ...]:
    """A setting that can be compared: 1 and 1.0 are one, true and "1" are others; NaN is NaN."""
    if type(value) in _ALIKE or (isinstance(value, float) and not math.isnan(value)):
        return key, value
    return key, repr(value), type(value).__name__


def data_of(run: Run) -> tuple[Any, ...] | None:
    """What tells the data of a run: digests it recorded, else the folders; None where unknown."""
    recorded = run.environment.get("data")
    if isinstance(recorded, Mapping):
        digests = [item(key, v) for key, v in flatten(recorded) if key.endswith("digest")]
        if digests:
            return tuple(digests)
    folders = [run.config.get(key) for key in DATA_KEYS]
    return None if folders == [None, None] else tuple(map(repr, folders))
