"""The house rules that a reader can rely on: who imports whom, what start-up costs, how big."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

GROUND = {"data", "errors", "formats", "names", "run", "stages", "finding"}
ALLOWED: dict[str, set[str]] = {
    "__init__": {"diagnosis", "errors", "finding", "readers", "run"},  # on first use
    "errors": set(),
    "formats": {"errors"},
    "data": set(),
    "names": set(),
    "run": {"data", "errors", "render"},  # render.notebook, when a notebook asks
    "finding": {"render"},
    "location": {"errors"},
    "signals": {"names", "run"},
    "stages": {"run"},
    "facts": {"names", "run", "signals", "stages"},
    "summary": {"names", "run"},
    "reading": {"errors", "formats", "names", "run"},
    "readers": {"errors", "formats", "names", "reading", "run", "stages"},
    "cache": GROUND | {"__init__"},
    "gate": GROUND,
    "dataset": GROUND,
    "diagnosis": GROUND | {"dataset", "facts", "location", "signals"},
    "compare": GROUND | {"facts", "signals", "summary"},
    "render": GROUND | {"compare", "dataset", "signals", "summary"},
    "commands": GROUND
    | {
        "__init__",
        "cache",
        "compare",
        "dataset",
        "diagnosis",
        "gate",
        "location",
        "readers",
        "reading",
        "render",
    },
    "preflight": GROUND | {"commands", "dataset", "render"},
    "testing": GROUND | {"diagnosis", "gate", "readers"},
    "pytest_plugin": {"testing"},
    "__main__": {"__init__", "commands", "errors"},
}
"""Room -> the other rooms of ``analyzer`` that it may import."""

TRAINER_MAY = {"errors", "formats"}
PREFLIGHT = "trainer/preflight.py"
"""The one file of the trainer that may also import ``analyzer.preflight``."""

NEVER_IN_ANALYZER = {"torch", "torchvision", "cv2", "trainer", "scipy"}
LONGEST_FUNCTION = 60
LONGEST_FILE = 300


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Dotted names of all modules a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def rooms_of(names: set[str]) -> set[str]:
    """The rooms of ``analyzer`` among imported names; a name of the package itself is __init__."""
    rooms = set()
    for name in names:
        first, *rest = name.split(".")
        if first == "analyzer":
            known = rest and ((ROOT / "analyzer" / rest[0]).is_dir() or rest[0] in ALLOWED)
            rooms.add(rest[0] if known else "__init__")
    return rooms


def test_every_room_is_in_the_table() -> None:
    rooms = {path.relative_to(ROOT / "analyzer").parts[0] for path in modules("analyzer")}
    rooms = {room.removesuffix(".py") for room in rooms}
    assert rooms == set(ALLOWED), "the table and the folder list the same rooms"


@pytest.mark.parametrize("path", modules("analyzer"), ids=lambda p: str(p.relative_to(ROOT)))
def test_analyzer_imports_only_downwards(path: Path) -> None:
    parts = path.relative_to(ROOT / "analyzer").parts
    room = parts[0].removesuffix(".py")
    names = imported(path)
    above = rooms_of(names) - ALLOWED[room] - {room}
    assert not above, f"{room} may not import {sorted(above)}"
    foreign = {name.split(".")[0] for name in names} & NEVER_IN_ANALYZER
    assert not foreign, f"the analyzer never imports {sorted(foreign)}"


@pytest.mark.parametrize("path", modules("trainer"), ids=lambda p: str(p.relative_to(ROOT)))
def test_trainer_imports_only_the_formats(path: Path) -> None:
    own = {"preflight"} if path == ROOT / PREFLIGHT else set()
    assert rooms_of(imported(path)) <= TRAINER_MAY | own


@pytest.mark.parametrize("name", ["labels", "decode", "matching", "metrics", "sweep"])
def test_the_numeric_half_of_the_detector_needs_no_torch(name: str) -> None:
    names = imported(ROOT / "trainer" / "detection" / f"{name}.py")
    assert not {n.split(".")[0] for n in names} & {"torch", "torchvision"}


@pytest.mark.parametrize(
    "path",
    modules("analyzer") + modules("trainer") + modules("benchmarks"),
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_files_and_functions_fit_a_screen_or_two(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= LONGEST_FILE, "cut the file into siblings"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= LONGEST_FUNCTION, f"{node.name} has {lines} lines"


def loaded(code: str) -> set[str]:
    """Top-level modules in memory after running ``code`` in a new interpreter."""
    script = f"{code}\nimport sys\nprint('\\n'.join({{m.split('.')[0] for m in sys.modules}}))"
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(out.stdout.split())


RUN_CLI = (
    "import sys\nsys.argv = ['analyzer', *{args!r}]\nfrom analyzer.__main__ import run\nrun()"
)


def test_importing_the_package_loads_nothing_else() -> None:
    assert not loaded("import analyzer") & {"numpy", "click", "rich", "yaml", "pydantic"}


@pytest.mark.parametrize(
    "args", [["--help"], ["report", "--help"], ["compare", "--help"], ["dataset", "--help"]]
)
def test_help_is_instant(args: list[str]) -> None:
    heavy = {"numpy", "pandas", "torch", "pydantic", "rich", "yaml", "matplotlib", "bokeh"}
    assert not loaded(RUN_CLI.format(args=args)) & heavy


@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "export", "golden"])
def test_help_of_the_trainer_needs_no_torch(command: str) -> None:
    code = f"from trainer.{command} import main\nassert main(['--help']) == 0"
    assert not loaded(code) & {"torch", "cv2", "numpy", "rich", "yaml", "onnx"}


def test_report_loads_no_trainer(tmp_path: Path) -> None:
    args = ["report", "examples/workdirs", "--out", str(tmp_path)]
    assert not loaded(RUN_CLI.format(args=args)) & NEVER_IN_ANALYZER


def test_check_loads_no_plotting() -> None:
    args = ["check", "examples/workdirs"]
    assert not loaded(RUN_CLI.format(args=args)) & {"matplotlib", "bokeh", "pandas", "PIL"}
