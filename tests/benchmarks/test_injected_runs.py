"""The committed runs with injected faults are whole, labelled by their outcome, and anonymous."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from pathlib import Path

import pytest

from benchmarks.diagnosis.faults import FAULTS, HEALTHY, TWINS
from benchmarks.diagnosis.make import jobs
from benchmarks.diagnosis.outcome import (
    HEAD,
    LABELS,
    NO_EFFECT,
    OUTCOMES,
    RUNS,
    SIDE_EFFECTS,
    label_all,
    write_labels,
)

RULES = Path(__file__).parents[2] / "rules"
NOT_YET = {"config-mismatch", "data-leak", "data-small-test-set", "run-stalled", "stage-breaks"}
"""Ids that are decided, whose rules may come later."""


def rows() -> list[dict[str, str]]:
    with LABELS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_fault_has_runs_of_even_and_odd_seeds() -> None:
    seeds = defaultdict(set)
    for row in rows():
        seeds[row["fault"] or HEALTHY].add(int(row["seed"]) % 2)
    assert set(seeds) == {HEALTHY, *(fault.name for fault in FAULTS)}
    assert all(parities == {0, 1} for parities in seeds.values())


def test_every_run_that_can_be_made_is_there() -> None:
    made = {Path(row["run"]).parent for row in rows()}
    assert made == {job.folder for job in jobs()}
    assert len(made) >= 200


def test_no_fault_is_tried_where_the_twin_did_not_learn() -> None:
    healthy = {
        (row["base"], row["seed"]): row["outcome"] != "not-learnt"
        for row in rows()
        if not row["fault"]
    }
    assert all(healthy[row["base"], row["seed"]] for row in rows() if row["fault"])


def test_the_labels_are_those_of_the_kept_runs(tmp_path: Path) -> None:
    write_labels(list(label_all(RUNS)), tmp_path / "labels.csv")
    assert (tmp_path / "labels.csv").read_text("utf-8") == LABELS.read_text("utf-8")
    assert tuple(rows()[0])[: len(HEAD)] == HEAD


def test_the_table_of_faults_speaks_of_outcomes_and_rules_that_exist() -> None:
    rules = {path.stem for path in RULES.glob("*/*.yaml")} | NOT_YET
    said = {rule for ids in SIDE_EFFECTS.values() for rule in ids}
    for fault in FAULTS:
        assert fault.on.keys() <= TWINS.keys()
        assert all(set(seeds) <= set(TWINS[base]) for base, seeds in fault.on.items())
        assert {effect.outcome for effect in fault.effects} <= OUTCOMES.keys()
        said |= {rule for e in fault.effects for rule in (*e.expects, *e.allows)}
        said |= {*fault.facts}
    assert said <= rules
    assert SIDE_EFFECTS.keys() <= OUTCOMES.keys()


def test_a_run_without_visible_effect_expects_nothing() -> None:
    calm = [row for row in rows() if row["outcome"] in (NO_EFFECT, HEALTHY)]
    assert calm
    assert not [row["run"] for row in calm if row["expects"]]


FOLDER = re.compile(r"(?<![\w.>])/(?:home|root|tmp|usr|opt|work|var|mnt|data|srv|Users)/")


@pytest.mark.parametrize("base", TWINS)
def test_no_run_names_a_folder_of_the_machine(base: str) -> None:
    for file in sorted((RUNS / base).rglob("*")):
        if file.is_file():
            assert not FOLDER.search(file.read_text("utf-8")), file


@pytest.mark.parametrize("base", TWINS)
def test_runs_are_small_and_hold_no_weights(base: str) -> None:
    for run in (RUNS / base).glob("*/seed_*/exp_*"):
        files = [file for file in run.rglob("*") if file.is_file()]
        assert {file.suffix for file in files} <= {".yaml", ".json", ".jsonl", ".log", ".txt"}
        assert sum(file.stat().st_size for file in files) < 60_000


def test_runs_do_not_say_what_was_done_to_them() -> None:
    """Names of faults stand in the folders above a run, never in its files."""
    names = [fault.name for fault in FAULTS if "-" in fault.name]
    for row in rows():
        for file in (RUNS / row["run"]).rglob("*"):
            if file.is_file():
                text = file.read_text("utf-8")
                assert not [name for name in names if name in text], file
