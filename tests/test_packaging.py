"""The wheel holds the rules and templates, and works outside the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from analyzer.dataset.sample import write_sample

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "workdirs"

BLOCKER = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {blocked!r}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)
sys.meta_path.insert(0, Blocker())
sys.argv = ['analyzer', *{args!r}]
import analyzer
print(analyzer.__file__)
from analyzer.__main__ import main
main()
"""
EXTRAS = ["torch", "torchvision", "cv2", "matplotlib", "bokeh", "pandas", "PIL", "shapely"]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy, so that neither an old build folder nor the checkout matters."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("analyzer", "trainer", "rules"):
        shutil.copytree(ROOT / name, copy / name)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist"]
    subprocess.run(build, check=True, capture_output=True, cwd=copy)
    return next((copy / "dist").glob("trainlint-*.whl"))


@pytest.fixture(scope="session")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(
    args: list[str], *, site: Path, cwd: Path, blocked: list[str]
) -> subprocess.CompletedProcess[str]:
    """Run the command line with only ``site`` before the installed packages."""
    script = BLOCKER.format(blocked=blocked, args=args)
    env = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    return python(script, cwd=cwd, env=env)


def python(script: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, **options
    )


def test_the_wheel_holds_every_rule_and_template(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    rules = {f"analyzer/_{path.relative_to(ROOT)}" for path in ROOT.glob("rules/*/*.yaml")}
    templates = {str(p.relative_to(ROOT)) for p in ROOT.glob("analyzer/render/templates/*")}
    configs = {str(p.relative_to(ROOT)) for p in ROOT.glob("trainer/configs/*.yaml")}
    assert len(rules) >= 10
    assert rules | templates | configs <= names
    assert not {name for name in names if name.startswith(("rules/", "tests/"))}


def test_check_works_from_a_wheel_with_the_core_install_alone(
    unpacked: Path, tmp_path: Path
) -> None:
    args = ["check", "--fail-on", "never", str(EXAMPLES)]
    done = run(args, site=unpacked, cwd=tmp_path, blocked=EXTRAS)
    assert done.returncode == 0, done.stderr
    assert str(unpacked) in done.stdout.splitlines()[0]
    assert "loss-nonfinite" in done.stdout


def test_a_data_set_is_checked_with_the_core_install_alone(unpacked: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "set", train=2, test=50)
    extras = [name for name in EXTRAS if name != "PIL"]
    args = ["dataset", str(tmp_path / "set"), "--out", str(tmp_path / "out")]
    done = run(args, site=unpacked, cwd=tmp_path, blocked=extras)
    assert done.returncode == 0, done.stderr
    assert "train on it" in done.stdout
    assert (tmp_path / "out/dataset.html").exists()
    done = run([*args, "--overlay", "1"], site=unpacked, cwd=tmp_path, blocked=extras)
    assert done.returncode == 2
    assert "extra 'report'" in done.stderr


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_a_missing_extra_is_one_sentence(unpacked: Path, tmp_path: Path, form: str) -> None:
    args = ["report", str(EXAMPLES), "--out", str(tmp_path / "out"), "--format", form]
    done = run(args, site=unpacked, cwd=tmp_path, blocked=EXTRAS)
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert "extra 'report'" in sentence
    assert "pip install 'trainlint[report]'" in sentence


def test_training_without_torch_is_one_sentence(unpacked: Path, tmp_path: Path) -> None:
    script = BLOCKER.format(blocked=EXTRAS, args=[]).replace(
        "from analyzer.__main__ import main\nmain()",
        "import runpy\nsys.argv = ['train', '--config', 'trainer/configs/det_micro.yaml']\n"
        "runpy.run_module('trainer.train', run_name='__main__')",
    )
    env = {**os.environ, "PYTHONPATH": str(unpacked)}
    done = python(script, cwd=unpacked, env=env)
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert "extra 'train'" in sentence
