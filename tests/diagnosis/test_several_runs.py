"""Rules about several runs: which runs are held together, and what is said of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from growth import assert_proportional
from hypothesis import given
from hypothesis import strategies as st

from analyzer.diagnosis import diagnose, diagnose_runs, installed_rules
from analyzer.diagnosis.loading import parse_rule
from analyzer.diagnosis.notation import curve
from analyzer.diagnosis.settings import Suppression
from analyzer.diagnosis.several import AMONG, Several, listed
from analyzer.errors import RuleError
from analyzer.finding import Severity, Together
from analyzer.run import Config, Run, Series, Status

POINTS = 20


def run(name: str, text: str = "0.1+0.03*20", **more: Any) -> Run:
    """A run with one curve of F1; ``config`` and ``path`` as given."""
    curves = {n: curve(n, t, n) for n, t in {"val_f1": text, **more.pop("curves", {})}.items()}
    config = Config(more.pop("config", {"optimizer.lr": 0.1, "data.train_dir": "words"}))
    path = Path("runs") / name
    format_ = more.pop("format", "workdir")
    given = {"main_metric": "val_f1", "status": Status.FINISHED, **more}
    return Run(name, path, format_, curves, config=config, **given)


def config(lr: float = 0.1, seed: int = 1) -> dict[str, Any]:
    return {"optimizer.lr": lr, "train.seed": seed, "data.train_dir": "words"}


def rules_of(together: Together) -> list[str]:
    return [finding.rule for finding in together.findings]


def twins() -> list[Run]:
    return [run("a", config=config(0.1)), run("b", config=config(0.2))]


def test_one_run_or_none_is_nothing_to_compare() -> None:
    assert diagnose_runs([]) == Together()
    assert diagnose_runs([run("a")]) == Together()
    lost = Run("lost", Path("lost"), "workdir", unreadable="it is empty")
    assert diagnose_runs([run("a"), lost]) == Together()
    assert (
        diagnose_runs([Run("x", Path("x"), "table"), Run("y", Path("y"), "table")]).findings == ()
    )


def test_findings_name_the_runs_as_they_are_called() -> None:
    found = diagnose_runs(twins(), names=["exp/a", "exp/b"]).findings[0]
    assert (found.rule, found.severity) == ("runs-identical", Severity.WARNING)
    assert found.runs == ("exp/a", "exp/b")
    assert found.message.startswith("exp/a and exp/b have the same F1")
    assert [piece.text for piece in found.evidence][1:] == [
        "optimizer.lr: 0.1 in exp/a and 0.2 in exp/b"
    ]
    assert found.fingerprint == diagnose_runs(twins()).findings[0].fingerprint, "names change"


def test_a_rule_about_several_runs_says_nothing_of_one() -> None:
    for one in twins():
        assert not {f.rule for f in diagnose(one).findings} & {"runs-identical", "within-noise"}


@pytest.mark.parametrize(
    "other",
    [
        run("b", "0.1+0.03*19 0.6701", config=config(0.2)),
        run("b", "0.1+0.03*19", config=config(0.2)),
        run("b", config=config(0.2), format="table"),
        run("b", config=config(0.2), curves={"train_loss": "2.0-0.01*20"}),
    ],
)
def test_what_is_not_identical(other: Run) -> None:
    assert "runs-identical" not in rules_of(diagnose_runs([run("a", config=config()), other]))


def test_digits_that_were_not_printed_do_not_count() -> None:
    one, other = twins()
    near = other.series["val_f1"]
    for shift, resolution, same in ((4e-5, 1e-4, True), (6e-5, 1e-4, False), (1e-9, 0.0, True)):
        moved = Series("val_f1", "epoch", near.x, near.y + shift, near.segment, resolution)
        found = diagnose_runs(
            [
                one,
                run("b", config=config(0.2)),
            ],
            installed_rules(),
        )
        assert "runs-identical" in rules_of(found)
        pair = [one, Run("b", Path("b"), "workdir", {"val_f1": moved}, config=Config(config(0.2)))]
        assert ("runs-identical" in rules_of(diagnose_runs(pair))) is same


def test_curves_of_nan_and_zeros_are_no_evidence() -> None:
    for text in ("nan*20", "0*20", "0.5*10 0.6*10", "0.1 nan*19", "inf*20"):
        pair = [run("a", text, config=config(0.1)), run("b", text, config=config(0.2))]
        assert "runs-identical" not in rules_of(diagnose_runs(pair))
    gaps = "0.1+0.03*12 nan*8"
    pair = [run("a", gaps, config=config(0.1)), run("b", gaps, config=config(0.2))]
    assert "runs-identical" in rules_of(diagnose_runs(pair))


def test_two_sets_of_identical_runs_are_two_findings() -> None:
    others = [run(n, "0.2+0.02*20", config=config(lr)) for n, lr in (("c", 0.3), ("d", 0.4))]
    mixed = [others[0], *twins(), others[1]]
    found = [f for f in diagnose_runs(mixed).findings if f.rule == "runs-identical"]
    assert sorted(f.runs for f in found) == [("a", "b"), ("c", "d")]


def test_suppressions_have_to_fit_each_of_the_runs() -> None:
    def less(pattern: str) -> Together:
        item = Suppression(
            rule="runs-identical", run=pattern, reason="known", until=date(2999, 1, 1)
        ).model_copy(update={"line": 3})
        return diagnose_runs(twins(), suppressions=[item])

    assert "runs-identical" in rules_of(less("a"))
    gone = less("runs/*")
    assert "runs-identical" not in rules_of(gone)
    (one,) = gone.suppressed
    assert (one.finding.runs, one.reason, one.until, one.line) == (
        *(("a", "b"), "known", "2999-01-01"),
        3,
    )


def seeds(values: list[float], name: str = "s", **more: Any) -> list[Run]:
    return [
        run(f"{name}{i}", f"0.1+0.02*11 {value}", config=config(seed=i), **more)
        for i, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("values", "outliers"),
    [
        ([0.70, 0.71, 0.72, 0.71, 0.40], ("s4",)),
        ([0.70, 0.71, 0.72, 0.40], ()),
        ([0.70, 0.71, 0.72, 0.71, 0.66], ()),
        ([0.70, 0.71, 0.72, 0.71, 0.70, 0.71, 0.72, 0.40, 0.30], ("s8", "s7")),
        ([0.70, 0.71, 0.72, 0.40, 0.41, 0.42], ()),
        ([0.7, 0.7, 0.7, 0.7, 0.9], ("s4",)),
        ([0.7, 0.7, 0.7, 0.7, float("nan")], ()),
        ([0.7, 0.7, 0.7, 0.7, 0.7, float("inf")], ()),
    ],
)
def test_which_runs_stand_apart(values: list[float], outliers: tuple[str, ...]) -> None:
    found = [f for f in diagnose_runs(seeds(values)).findings if f.rule == "outlier-run"]
    assert [f.runs for f in found] == ([outliers] if outliers else [])


def test_normal_seeds_rarely_stand_apart() -> None:
    rng = np.random.default_rng(0)
    rules = [rule for rule in installed_rules() if rule.id == "outlier-run"]
    for count, most in ((5, 0.03), (20, 0.01)):
        sets = (np.clip(rng.normal(0.5, 0.1, count), 0, 1).tolist() for _ in range(150))
        alarms = sum(bool(diagnose_runs(seeds(values), rules).findings) for values in sets)
        assert alarms <= 150 * most, count


def test_within_noise_needs_the_same_data_and_a_known_noise() -> None:
    def said(*more: dict[str, Any]) -> Together:
        return diagnose_runs(
            [
                run(f"r{i}", f"0.1+0.03*{19 + i}", **{"config": config(0.1 * (i + 1)), **one})
                for i, one in enumerate(more)
            ]
        )

    known, unknown = {"samples": {"val": 50}}, dict[str, Any]()
    assert rules_of(said(known, known)) == ["within-noise"]
    assert rules_of(said(known, {"samples": {"val": 60}})) == []
    silent = said(unknown, unknown)
    assert rules_of(silent) == []
    assert [(n.rule, n.reason[:7]) for n in silent.not_evaluated] == [("within-noise", "neither")]
    elsewhere = {"samples": {"val": 50}, "config": {"optimizer.lr": 3, "data.train_dir": "x"}}
    assert rules_of(said(known, elsewhere)) == []
    nowhere = {"samples": {"val": 50}, "config": {"optimizer.lr": 3}}
    assert rules_of(said(nowhere, {**nowhere, "config": {"optimizer.lr": 4}})) == []
    assert rules_of(said(known, {**known, "status": Status.RUNNING})) == []


RULE = """\
title: Runs are alike
severity: info
among: same_settings
when: {check: settings_agree}
message: "{count} runs, {runs}"
why: Because.
examples:
  - name: alike
    run: {loss: 1.0*9}
    config: {optimizer.lr: 1}
    runs: {a: {}, b: {}}
    expects: {fires: true, runs: [a, b]}
  - {name: one, config: {optimizer.lr: 1}, runs: {a: {}}, expects: {fires: false}}
"""


CAUSE_WITH_PATCH = """\
causes:
  - id: rate
    says: The rate
    fix: {set: {optimizer.lr: 1}}
why:"""


@pytest.mark.parametrize(
    ("old", "new", "line", "part"),
    [
        ("same_settings", "same_setings", 3, "did you mean 'same_settings'"),
        (
            "{check: settings_agree}",
            "{fact: epochs, above: 3}",
            4,
            "looks at one run; with among:",
        ),
        (
            "{check: settings_agree}",
            "{check: later_is_better}",
            4,
            "there are only checks: curves_tell",
        ),
        (
            "among: same_settings\n",
            "",
            3,
            "'settings_agree' looks at several runs, which needs among:",
        ),
        ("why:", "explains: [loss-flat]\nwhy:", 6, "explains: goes with rules about one run"),
        ("why:", "for_each: train_loss.*\nwhy:", 6, "for_each: goes with rules about one run"),
        ("why:", "fixes: [{set: {optimizer.lr: 1}}]\nwhy:", 6, "fixes.0.set: a patch is of one"),
        ("why:", CAUSE_WITH_PATCH, 9, "causes.0.fix.set: a patch is of one run"),
        ("{count}", "{epochs}", 5, "unknown name in the message 'epochs'"),
        ("    runs: {a: {}, b: {}}\n", "", 8, "examples.0: with among: an example has two"),
        ("a: {}, b: {}", "a: {}, b: {rum: {}}", 11, "unknown key 'rum'; did you mean 'run'"),
        ("a: {}, b: {}", "a: {}, b: 3", 11, "examples.0.runs.b"),
        ("a: {}, b: {}", "a: {}, b: {run: {los: 1}}", 11, "unknown series 'los'"),
        ("{a: {}, b: {}}", "3", 11, "examples.0.runs"),
    ],
)
def test_a_broken_rule_about_several_runs_is_said(
    old: str, new: str, line: int, part: str
) -> None:
    path = Path("compare/alike.yaml")
    assert parse_rule(RULE, path).among == "same_settings"
    with pytest.raises(RuleError) as caught:
        parse_rule(RULE.replace(old, new, 1), path)
    assert part in str(caught.value)
    assert caught.value.line == line


@given(
    st.lists(
        st.lists(st.sampled_from(["0.1+0.03*12", "nan", "inf", "_", "0*9"]), max_size=3),
        max_size=8,
    )
)
def test_any_curves_are_judged_and_each_run_stands_in_one_set(texts: list[list[str]]) -> None:
    runs = [run(f"r{i}", " ".join(text), config=config(i % 3)) for i, text in enumerate(texts)]
    several = Several(tuple(runs), tuple(one.name for one in runs))
    for among in AMONG.values():
        places = [place for one in among.function(several) for place in one]
        assert len(places) == len(set(places))
    diagnose_runs(runs)


def test_names_are_listed_in_short() -> None:
    assert [listed(tuple("abcde"[:n])) for n in (1, 2, 3, 5)] == [
        *("a", "a and b", "a, b and c"),
        "a, b, c and 2 more",
    ]


def test_a_thousand_runs_cost_in_proportion() -> None:
    rng = np.random.default_rng(0)
    x, segment = np.arange(1.0, 301), np.zeros(300, np.int64)
    names = ("train_loss", "val_loss", "val_f1", "learning_rate", "epoch_time")
    runs = [
        Run(
            *(f"r{i}", Path(f"r{i}"), "workdir"),
            series={n: Series(n, "epoch", x, rng.random(300), segment) for n in names},
            config=Config({**{f"key.{k}": k for k in range(40)}, **config(i // 10, i % 10)}),
            main_metric="val_f1",
            samples={"val": 500},
        )
        for i in range(1000)
    ]
    assert_proportional(lambda n: diagnose_runs(runs[:n]), len(runs))
