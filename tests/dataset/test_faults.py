"""One fault in a sound data set: the right rule names it at its place, and --fix mends it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dataset_faults import FAULTS, Fault, write_sound

from analyzer.dataset.examine import Examined, examine
from analyzer.dataset.records import Options
from analyzer.dataset.repair import repair
from analyzer.diagnosis import diagnose
from analyzer.finding import Diagnosis, FileEvidence, KeyEvidence
from analyzer.run import Run


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound") / "set"
    write_sound(root)
    return root


def examined(root: Path) -> Examined:
    return examine(root, Options(processes=1))


def diagnosed(root: Path) -> Diagnosis:
    return diagnose(Run("set", root, "dataset", data=examined(root).data))


def rules(diagnosis: Diagnosis) -> list[str]:
    return [finding.rule for finding in diagnosis.findings if finding.explained_by is None]


def test_there_are_enough_faults() -> None:
    assert len(FAULTS) >= 40
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_the_sound_set_is_clean(sound: Path) -> None:
    found = diagnosed(sound)
    assert found.findings == ()
    assert found.not_evaluated == ()
    assert found.verdict.action == "train on it"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_named_with_its_place(fault: Fault, sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    fault.make(root)
    found = diagnosed(root)
    told = [finding for finding in found.findings if finding.rule == fault.rule]
    assert told, f"found: {rules(found)}"
    others = {"thin words": ["data-label-box"]}.get(fault.name, [])
    assert sorted(rules(found)) == sorted([fault.rule, *others]), "and nothing else"
    place = told[0].evidence[0]
    if isinstance(place, FileEvidence):
        assert (place.file, place.line) == (fault.file, fault.line)
    else:
        assert fault.file in {p.key for p in told[0].evidence if isinstance(p, KeyEvidence)}
    if fault.mends:
        repair(root, tmp_path / "mended")
        assert diagnosed(tmp_path / "mended").findings == ()
