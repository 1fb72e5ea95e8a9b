"""Every command of the READMEs is run, block by block, as a person would type it.

Trainings are made short, and go on after their end, by settings added to their line. What installs
packages is left out, and a block of nothing else is skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from detector import write_run

from analyzer.__main__ import cli
from analyzer.dataset.sample import write_sample

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "workdirs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = README + (ROOT / "trainer" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGES, re.MULTILINE | re.DOTALL)

NOT_HERE = ("apt-get ", ".venv/bin/pip ", "pip ", "python3 -m venv", ".venv/bin/python -m pytest")
"""Needs the network, or would run these tests in themselves; the CI runs the line that tests."""

SHORT = {
    "det_tiny.yaml": "--set train.epochs=1 --set data.synth.train=8 --set data.synth.test=4 "
    "--set scheduler.warmup_steps=0",
    "det_resnet18.yaml": "--set train.epochs=1 --set data.input_size=64 --set data.batch_size=4 "
    "--set model.pretrained=false",
    "--resume": "--epochs 2",
    "trainer.synth": "--train 8 --test 4 --size 64",
}
"""What is added to a line that names this, so that it takes seconds."""

FINDS = re.compile(r"-m (?:analyzer (?:check|compare|dataset)|trainer\.golden) ")
"""Commands that may end with 1: something was found, which is no fault of theirs."""

INLINE = re.findall(r"`(python -m [^`]+)`", PAGES)


def lines(block: str) -> list[str]:
    """The commands of a block, without comments; a backslash joins lines."""
    joined = block.replace("\\\n", " ").splitlines()
    return [line for text in joined if (line := re.sub(r"\s+#.*|^#.*", "", text).strip())]


def runnable(line: str) -> str:
    parts = [part for part in line.split(" && ") if not part.startswith(NOT_HERE)]
    more = [added for named, added in SHORT.items() if named in line]
    return " ".join([" && ".join(parts).replace(".venv/bin/", ""), *more])


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder like a checkout, with the data set, rule and programs that the README speaks of."""
    for name in ("analyzer", "trainer", "rules", "examples", "benchmarks"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name, run in (("old", "healthy"), ("new", "oscillating"), ("workdirs", "nan")):
        shutil.copytree(*(root / run for root in (EXAMPLES, tmp_path / name)), symlinks=True)
    for name, run in (("exp_a", "healthy"), ("exp_b", "oscillating")):
        (tmp_path / name).symlink_to(next((EXAMPLES / run).glob("exp_*")))
    write_sample(tmp_path / "my_data", train=8, test=4)
    trained = write_run(tmp_path / "workdirs" / "exp_20260105143025", "my_data")
    (tmp_path / "workdirs" / "latest").symlink_to(trained.name)
    rule = README.split("```yaml\n# my_rules/")[1].split("```")[0]
    path = tmp_path / "my_rules" / rule.partition(":")[0]
    path.parent.mkdir(parents=True)
    path.write_text("# my_rules/" + rule, encoding="utf-8")
    for name, words in (
        ("python", ""),
        ("trainlint", "-m analyzer"),
        ("torchrun", "-m torch.distributed.run"),
    ):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        program.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("block", BLOCKS, ids=[lines(block)[0][:60] for block in BLOCKS])
def test_the_commands_of_a_block_work_one_after_another(block: str, checkout: Path) -> None:
    commands = list(filter(None, map(runnable, lines(block))))
    if not commands:
        pytest.skip("installs packages and runs the tests")
    path = f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "2"}
    for line in commands:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],
            capture_output=True, text=True, check=False, cwd=checkout, env=env,
        )  # fmt: skip
        good = (0, 1) if FINDS.search(line) else (0,)
        assert done.returncode in good, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, line


@pytest.mark.parametrize("text", sorted(set(INLINE)))
def test_a_command_in_running_text_has_the_options_it_is_shown_with(text: str) -> None:
    _, _, module, *words = text.replace("[", " ").replace("]", " ").replace("\\|", " ").split()
    assert find_spec(module) is not None
    if module != "analyzer":
        return
    command: click.Command | None = cli
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.commands.get(word)
    assert command is not None, text
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known | {"--help"}


def test_the_python_of_the_readme_works(checkout: Path) -> None:
    code = README.split("## From Python")[1].split("```python\n")[1].split("```")[0]
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=checkout)
    assert "restart with this patch ['loss-nonfinite'" in done.stdout
