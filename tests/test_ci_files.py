"""The files that other people's CI runs: each is valid, and its steps are run."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "workdirs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def published(name: str) -> Any:
    """A published schema, out of check-jsonschema."""
    folder = files("check_jsonschema") / "builtin_schemas" / "vendor"
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def block(language: str, holding: str) -> str:
    """The block of the README that holds a text."""
    parts = (part.split("```")[0] for part in README.split(f"```{language}\n")[1:])
    return next(part for part in parts if holding in part)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which ``trainlint`` is installed, as far as the steps can tell."""
    tool = tmp_path / "trainlint" / "bin" / "trainlint"
    tool.parent.mkdir(parents=True)
    tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m analyzer "$@"\n')
    tool.chmod(0o755)
    return tmp_path


def bash(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'trainlint' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": path, **env},
    )


def act(folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Run the action's steps but for the installation."""
    inputs = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()}
    inputs |= {name.replace("_", "-"): value for name, value in given.items()}
    step = next(one for one in ACTION["runs"]["steps"] if one["name"] == "Check")
    env = {k: inputs[v.split("inputs.")[1].rstrip(" }")] for k, v in step["env"].items()}
    told = {name: str(folder / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    return bash(step["run"], folder, **env, **told, RUNNER_TEMP=str(folder), GITHUB_ACTIONS="true")


def test_the_action_is_one() -> None:
    jsonschema.validate(ACTION, published("github-actions"))
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"], "an input in a script would be run"


def test_the_action_annotates_sums_up_and_fails(folder) -> None:
    done = act(folder, paths=f"{EXAMPLES / 'nan'}\n{EXAMPLES / 'healthy'}\n")
    assert done.returncode == 1, done.stderr
    assert "::error file=" in done.stdout
    assert "# Training report" in (folder / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")
    outputs = dict(
        line.split("=", 1) for line in (folder / "GITHUB_OUTPUT").read_text().splitlines()
    )
    assert json.loads(Path(outputs["sarif"]).read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert ET.parse(Path(outputs["folder"], "junit.xml")).getroot().get("failures") != "0"


def test_the_action_passes_and_takes_all_its_inputs(folder) -> None:
    healthy = str(EXAMPLES / "healthy")
    assert act(folder, paths=healthy, require="val_f1>=0.6\nval_recall>=0.1").returncode == 0
    assert act(folder, paths=healthy, require="val_f1>=0.6\nval_recall>=0.99").returncode == 1
    nan = str(EXAMPLES / "nan")
    assert bash(f"trainlint check {nan} --write-baseline known.json", folder).returncode == 0
    assert act(folder, paths=nan, baseline="known.json").returncode == 0
    assert act(folder, paths=nan, args="--select\nlr-*").returncode == 0
    assert act(folder, paths=nan, fail_on="never").returncode == 0


def test_nothing_in_an_input_of_the_action_is_run(folder) -> None:
    evil = '$(touch owned); "`touch owned`"'
    assert act(folder, paths=evil, require=evil, args=evil).returncode == 2
    assert act(folder, paths=str(folder), fail_on="never").returncode == 3, "no run is no pass"
    assert not (folder / "owned").exists()


def test_the_hooks_are_valid() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml"]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_and_finds_what_is_wrong(hook, folder) -> None:
    from analyzer.dataset.sample import write_sample

    inside = folder / "inside"
    if hook["id"] == "trainlint":
        inside.symlink_to(EXAMPLES / "nan")
    else:
        write_sample(inside, train=6, test=50)
        (inside / "train_gts/3.txt").write_text("10,10,60,30,open\n")
    done = bash(f"cd inside && {hook['entry']} {shlex.join(hook['args'])}", folder)
    assert done.returncode == 1, done.stderr
    assert hook["pass_filenames"] is False


def test_the_job_for_gitlab_is_valid_and_its_script_runs(folder) -> None:
    text = block("yaml", "codequality")
    config = yaml.safe_load(text)
    jsonschema.Draft7Validator(published("gitlab-ci")).validate(config)
    job = config["trainlint"]
    install, *script = job["script"]
    assert install.startswith("pip install")
    (folder / "workdirs").symlink_to(EXAMPLES)
    done = bash("\n".join(script), folder)
    assert done.returncode == 1, done.stderr
    reports = job["artifacts"]["reports"]
    assert json.loads((folder / reports["codequality"]).read_text(encoding="utf-8"))
    assert ET.parse(folder / reports["junit"]).getroot().get("failures") != "0"


def test_the_workflow_for_github_is_valid_and_knows_the_action() -> None:
    config = yaml.safe_load(block("yaml", "upload-sarif"))
    jsonschema.Draft7Validator(published("github-workflows")).validate(
        {("on" if key is True else key): value for key, value in config.items()}
    )
    steps = [step for job in config["jobs"].values() for step in job["steps"]]
    (ours,) = [step for step in steps if "trainlint" in step.get("uses", "")]
    assert set(ours["with"]) <= set(ACTION["inputs"])


def test_the_hook_in_the_readme_is_there() -> None:
    config = yaml.safe_load(block("yaml", "repos:"))
    used = {hook["id"] for repo in config["repos"] for hook in repo["hooks"]}
    assert used <= {hook["id"] for hook in HOOKS}


def test_the_options_of_the_readme_exist(folder) -> None:
    (folder / "workdirs").symlink_to(EXAMPLES)
    for line in block("sh", "--write-baseline").splitlines():
        done = bash(line.replace("python -m analyzer", "trainlint"), folder)
        assert done.returncode in (0, 1), (line, done.stderr)


def test_the_test_of_the_readme_passes(folder) -> None:
    (folder / "test_run.py").write_text(block("python", "assert_healthy"), encoding="utf-8")
    (folder / "workdirs").mkdir()
    (folder / "workdirs" / "latest").symlink_to(EXAMPLES / "healthy")
    command = f"{shlex.quote(sys.executable)} -m pytest -q -p analyzer.pytest_plugin test_run.py"
    done = bash(command, folder, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert done.returncode == 0, done.stdout
