from __future__ import annotations

import handmade

from analyzer.render.many import (
    advice,
    differing_keys,
    fired_rules,
    own_settings,
    shared_settings,
    unjudged,
)
from analyzer.run import Config

CONFIGS = [Config({"lr": 0.1 if i < 2 else 0.2, "b": 8, "out": f"w/{i}"}) for i in range(4)]


def test_only_what_tells_runs_apart_is_named_beside_them() -> None:
    assert differing_keys(CONFIGS) == ("lr",), "a folder of its own for each run tells nothing"
    assert own_settings(CONFIGS[3], ("lr", "gone")) == "lr: 0.2"
    assert shared_settings(CONFIGS) == (("b", "8"),)


def test_a_key_that_some_lack_differs() -> None:
    configs = [*CONFIGS, Config({"b": 8, "lr": 0.1})]
    assert "out" not in differing_keys(configs)
    assert differing_keys([Config({"a": [1]}), Config({}), Config({})]) == ("a",)
    assert shared_settings([Config({"a": 1}), Config({})]) == ()
    assert shared_settings([]) == ()


def test_what_is_said_of_several_runs_is_counted() -> None:
    items = [handmade.healthy(), handmade.healthy(), handmade.exploded()]
    assert unjudged(items) == (("gradient-explodes", "the run logs no grad_norm", 2),)
    assert advice(items) == (("log grad_norm, to judge gradient-explodes", 2),)
    assert [f.rule for f in fired_rules(items)] == ["loss-nonfinite", "metric-zero"]
