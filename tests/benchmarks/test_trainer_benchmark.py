"""The benchmark of the trainer at sizes too small to say anything about speed or F1."""

from __future__ import annotations

import json

import pytest
import torch
from click.testing import CliRunner

import trainer.detection.dataset
import trainer.detection.task
from benchmarks import plain_maps
from benchmarks.trainer import accuracy, cost
from benchmarks.trainer.__main__ import main
from benchmarks.trainer.recipes import PLAIN, cooking, default, recipes
from trainer.detection.model import DBNet

TINY = cost.Load(side=64, batch=2, steps=1)


def test_the_plain_recipe_is_cooked_and_cleared_away() -> None:
    before = trainer.detection.dataset.make_maps
    with cooking(PLAIN):
        assert trainer.detection.dataset.make_maps is plain_maps.make_maps
        net = trainer.detection.task.DBNet(32)
        net.to("cpu", memory_format=torch.channels_last)
    assert trainer.detection.dataset.make_maps is before
    assert trainer.detection.task.DBNet is DBNet
    seen = []
    net.backbone.get_submodule("conv1").register_forward_hook(lambda *a: seen.append(a))
    images = torch.randint(0, 255, (1, 64, 64, 3), dtype=torch.uint8)
    maps = net(images)
    _, (given,), made = seen[0]
    assert given.is_contiguous()
    assert made.is_contiguous()
    own = DBNet(32)
    own.load_state_dict(net.state_dict())
    own.to(memory_format=torch.channels_last)
    torch.testing.assert_close(maps.text, own(images).text, rtol=1e-3, atol=1e-3)


def test_recipes_have_names_of_their_own_and_none_comes_twice() -> None:
    names = [one.name for one in recipes()]
    assert names[:2] == ["plain", "default"]
    assert len(set(names)) == len(names)
    ways = {(r.width, r.precision, r.channels_last, r.clipper) for r in recipes()}
    assert len(ways) == len(names)


@pytest.mark.parametrize("recipe", [PLAIN, default()], ids=lambda one: one.name)
def test_every_part_of_a_step_costs_something(recipe, tmp_path) -> None:
    made = cost.measure(recipe, TINY, tmp_path)
    assert set(made.parts) == set(cost.PARTS)
    assert min(made.parts.values()) > 0
    assert made.memory > 100


def test_the_cost_is_measured_in_another_process_and_told_as_json() -> None:
    options = ["--side", "64", "--batch", "2", "--steps", "1", "--rounds", "1", "--json"]
    told = CliRunner().invoke(main, ["cost", *options, "--only", "plain"], catch_exceptions=False)
    assert told.exit_code == 0
    assert set(json.loads(told.stdout)["rounds"]["plain"][0]["parts"]) == set(cost.PARTS)


def test_ratios_are_taken_round_by_round() -> None:
    def made(*totals: float) -> list[cost.Round]:
        return [cost.Round({"forward": one}, 1.0) for one in totals]

    found = {"plain": made(100, 200, 300), "default": made(10, 50, 100)}
    assert cost.ratio(found, "default") == (3, 4, 10)


def test_pairs_are_trained_once_and_kept(tmp_path) -> None:
    options = ["accuracy", "--seeds", "1-2", "--side", "64", "--train", "2", "--test", "2"]
    options += ["--epochs", "2", "--kept", str(tmp_path / "results.jsonl")]
    first = CliRunner().invoke(main, options, catch_exceptions=False)
    kept = (tmp_path / "results.jsonl").read_text()
    assert kept.count("\n") == 4
    second = CliRunner().invoke(main, options, catch_exceptions=False)
    assert second.stdout == first.stdout
    assert (tmp_path / "results.jsonl").read_text() == kept
    assert "90 % interval" in first.stdout
    results = accuracy.load(tmp_path / "results.jsonl")
    assert [one.recipe for one in results] == ["default", "plain"] * 2
    assert all([point[0] for point in one.curve] == [1, 2] for one in results)


def test_other_recipes_are_trained_by_name_and_an_unknown_one_is_refused(tmp_path) -> None:
    options = ["accuracy", "--seeds", "1", "--side", "64", "--train", "2", "--test", "2"]
    options += ["--epochs", "1", "--kept", str(tmp_path / "results.jsonl")]
    other = CliRunner().invoke(main, [*options, "--only", "fp32 64 NHWC"], catch_exceptions=False)
    assert "fp32 64 NHWC - plain by seed" in other.stdout
    kept = accuracy.load(tmp_path / "results.jsonl")
    assert [one.recipe for one in kept] == ["fp32 64 NHWC", "plain"]
    refused = CliRunner().invoke(main, ["accuracy", "--only", "fp8"])
    assert refused.exit_code == 2
    assert "fp32 64 NHWC" in refused.output


@pytest.mark.parametrize("seeds", ["abc", "5-3", "1-11", "-2"])
def test_seeds_that_cannot_be_judged_are_refused_before_any_training(seeds) -> None:
    refused = CliRunner().invoke(main, ["accuracy", f"--seeds={seeds}"])
    assert refused.exit_code == 2
    assert "1 to 10 of them, such as 11-15" in refused.output


def test_the_interval_is_students() -> None:
    low, high = accuracy.interval([0.0, 0.01, 0.02, 0.03, 0.04])
    assert low == pytest.approx(0.02 - 2.132 * 0.0158114 / 5**0.5, abs=1e-6)
    assert low + high == pytest.approx(0.04)
