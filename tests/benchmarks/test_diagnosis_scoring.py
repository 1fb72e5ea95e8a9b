"""The score of the diagnosis counts what it says it counts."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from analyzer.diagnosis import installed_rules, load_rule
from analyzer.diagnosis.limit import parse_limit
from analyzer.finding import Finding, Severity
from analyzer.location import rules_dir
from benchmarks.diagnosis import corpus, folds, injected
from benchmarks.diagnosis.__main__ import main
from benchmarks.diagnosis.scoring import FALSE, HIT, MISS, Counts, aligned, total, wilson

HEAD = "epoch,loss,val_loss,val_acc\n"


def finding(rule: str, severity: Severity = Severity.WARNING, by: str | None = None) -> Finding:
    return Finding(rule, "title", severity, 1.0, "message", "train_loss", explained_by=by)


def labelled(name: str, labels: str = "", contested: str = "", repo: str = "r") -> corpus.Labelled:
    sets = (frozenset(filter(None, text.split(";"))) for text in (labels, contested))
    return corpus.Labelled(name, repo, *sets, "high", "because")


def injected_row(expects: str = "", allows: str = "", fault: str = "fault") -> injected.Injected:
    ids = (tuple(filter(None, text.split("|"))) for text in (expects, allows))
    return injected.Injected("run", fault, 1, "outcome", "loss", *ids)


def test_counts_add_up_and_give_rates() -> None:
    counts = total([HIT, HIT, HIT, MISS, FALSE, FALSE])
    assert counts == Counts(3, 1, 2)
    assert (counts.precision, counts.recall) == (0.6, 0.75)
    assert counts.f1 == pytest.approx(2 * 0.6 * 0.75 / 1.35)
    assert counts.times(0.5) == Counts(1.5, 0.5, 1.0)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (8, 10, 0.4902, 0.9433), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)],
)
def test_wilson_intervals_as_published(
    successes: int, trials: int, low: float, high: float
) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=1e-4)


def test_a_table_is_aligned() -> None:
    assert aligned([("a", "hits"), ("long name", "1")]) == "a          hits\nlong name     1"


def test_every_label_names_rules_that_exist_or_will() -> None:
    to_come = {"run-stalled", "start-stalled", "config-mismatch"}
    named = {rule for label in corpus.LABELS for rule in label.rules}
    assert named - {rule.id for rule in installed_rules()} <= to_come


LABEL = next(label for label in corpus.LABELS if label.name == "overfitting")


@pytest.mark.parametrize(
    ("labels", "contested", "severity", "counts"),
    [
        ("overfitting", "", Severity.WARNING, HIT),
        ("overfitting", "", Severity.ERROR, HIT),
        ("overfitting", "", Severity.INFO, MISS),
        ("healthy", "", Severity.WARNING, FALSE),
        ("healthy", "", Severity.INFO, Counts()),
        ("healthy", "overfitting", Severity.WARNING, Counts()),
        ("healthy", "overfitting", Severity.INFO, Counts()),
    ],
)
def test_a_label_counts_from_its_severity_on_unless_contested(
    labels: str, contested: str, severity: Severity, counts: Counts
) -> None:
    said = corpus.gather([finding("overfitting", severity)])
    assert corpus.Judged(labelled("a", labels, contested), said).counts(LABEL) == counts


def test_a_rule_that_stands_for_two_labels_is_right_where_one_of_them_is() -> None:
    said = corpus.gather([finding("overfitting")])
    judged = [
        corpus.Judged(labelled("a", "overfitting"), said),
        corpus.Judged(labelled("b", "healthy", "best_not_last"), said),
        corpus.Judged(labelled("c", "healthy"), said),
    ]
    assert corpus.by_rule(judged)["overfitting"] == Counts(1, 0, 1)
    assert corpus.by_family(judged)["checkpoint"] == Counts(0, 0, 2)
    assert corpus.per_repository(judged, strict=True) == Counts(1 / 3, 0, 2 / 3)
    assert [what for _, what, _ in corpus.wrong(judged, strict=True)] == [
        "overfitting is not there, but overfitting",
        "overfitting is not there, but overfitting",
    ]


def test_only_surely_healthy_runs_give_alarms_and_their_time_is_aside() -> None:
    said = corpus.gather(
        [finding("loss-flat"), finding("slow-steps"), finding("x", Severity.INFO)]
    )
    judged = [corpus.Judged(labelled(name, name), said) for name in ("healthy", "unknown")]
    families = {"loss-flat": "loss", "slow-steps": "throughput"}
    assert list(corpus.alarms(judged, families)) == ["healthy: loss-flat (warning)"]


def test_folds_share_no_repository() -> None:
    rows = [
        labelled(f"{repo}{i}", repo=repo)
        for repo, n in zip("abcdef", (9, 5, 5, 2, 2, 1), strict=True)
        for i in range(n)
    ]
    parts = folds.folds(rows, 3)
    repositories = [{row.repo for row in part} for part in parts]
    assert sum(len(part) for part in parts) == len(rows)
    assert set.union(*repositories) == set("abcdef")
    assert sum(map(len, repositories)) == 6
    assert max(map(len, parts)) == 9


@pytest.mark.parametrize(
    ("limit", "values"),
    [
        ("9%", ["2 %", "5 %", "10 %", "20 %", "50 %"]),
        ("11%", ["2 %", "5 %", "10 %", "20 %", "50 %"]),
        (-0.15, ["-0.05", "-0.1", "-0.2", "-0.5", "-1"]),
        ("97%", ["90 %", "95 %", "98 %", "99 %", "99.5 %"]),
        (0, ["0", "1", "2", "5"]),
        ({"fact": "epochs", "times": 2}, []),
    ],
)
def test_the_grid_knows_the_order_of_a_limit_only(limit: object, values: list[str]) -> None:
    assert folds.grid(parse_limit(limit)) == values


def test_limits_are_chosen_where_they_are_right_and_scored_where_they_were_not_seen() -> None:
    rows = [labelled("up", "overfitting", repo="a"), labelled("flat", "healthy", repo="b")]
    said = corpus.gather([finding("overfitting")])
    none = corpus.Said({})
    eager = folds.Variant({"least_rise": "1 %"}, 0, {"up": said, "flat": said})
    right = folds.Variant({"least_rise": "10 %"}, 1, {"up": said, "flat": none})
    deaf = folds.Variant({"least_rise": "50 %"}, 2, {"up": none, "flat": none})
    variants = {"overfitting": [eager, right, deaf]}
    assert folds.choose(rows, variants) == {"overfitting": right}
    assert folds.choose(rows[:1], variants) == {"overfitting": eager}
    assert folds.score(rows, {"overfitting": eager})["overfitting"] == Counts(1, 0, 1)


def test_a_rule_takes_every_limit_of_its_grid() -> None:
    rule = load_rule(rules_dir() / "fit" / "overfitting.yaml")
    variants = list(folds.variants_of(rule, {}))
    assert len(variants) == 5 ** len(rule.limits)
    assert sum(variant.distance == 0 for variant in variants) == 1


def judge(row: injected.Injected, *findings: Finding) -> injected.Scored:
    return injected.judge(row, findings, {"note"})


def test_one_expected_rule_is_enough_and_info_is_too_little() -> None:
    row = injected_row("loss-flat|metric-zero")
    assert judge(row, finding("metric-zero")).recognised
    assert judge(row, finding("metric-zero", Severity.INFO)).recognised is False
    assert judge(injected_row("note"), finding("note", Severity.INFO)).recognised
    assert judge(injected_row(fault="")).recognised is None


def test_other_findings_are_false_unless_allowed_explained_or_mild() -> None:
    row = injected_row("loss-flat", "overfitting")
    scored = judge(
        row,
        finding("loss-flat"),
        finding("overfitting"),
        finding("metric-zero", by="loss-flat"),
        finding("metric-low", by="metric-zero"),
        finding("metric-oscillates", by="lr-too-high"),
        finding("lr-too-high"),
        finding("best-checkpoint-stale", Severity.INFO),
    )
    assert scored.false == ("lr-too-high", "metric-oscillates")
    assert scored.wrong == "lr-too-high is not there, metric-oscillates is not there"


def test_injected_runs_are_counted_by_family_and_by_rule() -> None:
    families = {"lr-too-high": "schedule", "warmup-missing": "schedule"}
    scored = [
        judge(injected_row("loss-flat|metric-zero"), finding("metric-zero")),
        judge(injected_row("loss-flat|metric-zero")),
        judge(injected_row(fault=""), finding("lr-too-high"), finding("warmup-missing")),
    ]
    assert injected.by_family(scored, families) == {
        "loss": Counts(1, 1, 0),
        "schedule": Counts(0, 0, 1),
    }
    twin = judge(replace(injected_row("lr-too-high", fault=""), family=""))
    assert injected.by_family([twin], families) == {"schedule": Counts(0, 1, 0)}
    assert injected.by_rule(scored)["loss-flat"] == Counts(0, 1, 0)
    assert injected.by_rule(scored)["warmup-missing"] == Counts(0, 0, 1)
    assert injected.alarmed_twins(scored) == scored[2:]


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def curve(path: Path, values: list[float]) -> None:
    path.parent.mkdir(parents=True)
    lines = [f"{i},{value},{2 - value},0.5" for i, value in enumerate(values)]
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def test_the_whole_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(injected, "HERE", tmp_path)
    monkeypatch.delenv("TRAINLINT_CORPUS", raising=False)
    outcome = CliRunner().invoke(main)
    assert "points: " in outcome.output
    assert outcome.output.endswith(
        "injected faults: skipped; there is no labels.csv\n\n"
        "real runs: skipped; give --corpus DIR or set TRAINLINT_CORPUS\n"
    )

    folder = tmp_path / "corpus"
    falling = [1 / (1 + i) for i in range(20)]
    for name, values in (("broken", [*falling, float("nan")]), ("fine", falling)):
        curve(folder / "runs" / name / "training.csv", values)
    real = {"format": "keras_csv", "commit": "c", "path": "p", "confidence": "high"}
    names = {"broken": "nan_or_inf_loss", "fine": "loss_flat"}
    table = [
        {"id": name, "repo": name, "labels": label, "contested": "", "reason": "seen", **real}
        for name, label in names.items()
    ]
    write(folder / "labels.csv", table)
    outcome = CliRunner().invoke(main, ["--corpus", str(folder), "--wrong"])
    assert outcome.exit_code == 0
    assert "2 folders of 2 repositories" in outcome.output
    assert "fine: loss_flat missed\n      seen" in outcome.output
    assert "nan_or_inf_loss                 1       0      0" in outcome.output


def test_the_command_reads_injected_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(injected, "HERE", tmp_path)
    monkeypatch.delenv("TRAINLINT_CORPUS", raising=False)
    falling = [1 / (1 + i) for i in range(20)]
    curve(tmp_path / "runs" / "broken" / "training.csv", [*falling, float("nan")])
    curve(tmp_path / "runs" / "missed" / "training.csv", falling)
    shared = {"base": "b", "fault": "nan", "seed": "1", "outcome": "broken", "family": "loss"}
    rows = [
        {"run": name, **shared, "expects": "loss-nonfinite", "allows": "metric-plateau"}
        for name in ("broken", "missed")
    ]
    write(tmp_path / "labels.csv", [*rows, {**rows[0], "run": "even", "seed": "2"}])
    outcome = CliRunner().invoke(main)
    assert outcome.exit_code == 0
    assert "Injected faults: 2 runs" in outcome.output
    assert "missed: loss-nonfinite missed" in outcome.output
