"""The stages of a run by its settings: epochs that are trained alike, one after the other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from analyzer.run import Config

RATE = "optimizer.lr"


def stages_of(config: Config) -> list[Mapping[str, Any]]:
    """The settings of each stage; none where the config has no list of them."""
    given = config.get("stages")
    return [one if isinstance(one, Mapping) else {} for one in given] if _is_list(given) else []


def _is_list(given: Any) -> bool:
    return isinstance(given, list) and any(isinstance(one, Mapping) for one in given)


def stage_of(config: Config, epoch: int) -> int:
    """The place of the stage that ``epoch`` (from 1) lies in, from 0."""
    last = 0.0
    for place, stage in enumerate(stages_of(config)):
        last += number(stage.get("epochs")) or math.inf
        if epoch <= last:
            return place
    return max(0, len(stages_of(config)) - 1)


def under_way(config: Config, epoch: int) -> Config:
    """The config with the learning rate of the stage that ``epoch`` lies in, under its own key.

    Stages that name no rate get the one beside them, which is not there any more then.
    """
    stages = stages_of(config)
    place = stage_of(config, epoch)
    rate = number(stages[place].get("lr")) if stages else None
    if rate is None:
        return config
    base = config.get(RATE)
    full = [{**one, "lr": base if one.get("lr") is None else one["lr"]} for one in stages]
    return replace(
        config,
        values={**config.values, RATE: rate, "stages": full},
        own_key={**config.own_key, RATE: f"stages.{place}.lr"},
        lines={key: line for key, line in config.lines.items() if key != RATE},
    )


def highest_rate(config: Config) -> float | None:
    """The highest base rate that any stage has; the only one where there are none."""
    rates = [number(one.get("lr")) for one in stages_of(config)]
    known = [rate for rate in (*rates, number(config.get(RATE))) if rate is not None]
    return max(known, default=None)


def number(value: Any) -> float | None:
    """The value as a finite float above 0; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < 1e300 else None
