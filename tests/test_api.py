"""The Python API: its names are a contract; importing it costs nothing; notebooks may show all."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from handmade import HOSTILE, curves, exploded, healthy, run, series, together

import analyzer
from analyzer.errors import MissingExtra, UsageError
from analyzer.finding import Diagnosis, Finding, Severity, Together, Verdict

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "workdirs"

PUBLIC = {
    "__version__",
    "Config",
    "Diagnosis",
    "Finding",
    "Run",
    "Series",
    "Severity",
    "Status",
    "Together",
    "TrainlintError",
    "Verdict",
    "diagnose",
    "diagnose_runs",
    "read",
}
"""People write these names into their programs: none may go, and each new one is for good."""


def test_the_public_names_are_these_and_all_are_there() -> None:
    assert set(analyzer.__all__) == set(dir(analyzer)) == PUBLIC
    assert all(getattr(analyzer, name) is not None for name in PUBLIC)


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'load'; it has: .*read"):
        analyzer.load  # noqa: B018


def test_importing_loads_nothing_but_the_package() -> None:
    code = (
        "import sys; before = set(sys.modules); import analyzer; new = set(sys.modules) - before;"
        "print(*{name.partition('.')[0] for name in new} - sys.stdlib_module_names)"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    assert loaded.split() == ["analyzer"]


def test_the_names_have_types(tmp_path: Path) -> None:
    """A misuse is seen by a type checker, so no name is Any."""
    script = tmp_path / "mine.py"
    script.write_text(
        "import analyzer\n"
        "for run in analyzer.read('w'):\n"
        "    reveal_type(run)\n"
        "    reveal_type(analyzer.diagnose(run).verdict.action)\n"
        "    reveal_type(run.frame)\n"
    )
    command = [sys.executable, "-m", "mypy", "--config-file", "setup.cfg", str(script)]
    said = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False).stdout
    revealed = [line.split('"')[1] for line in said.splitlines() if "Revealed" in line]
    assert revealed[0] == "analyzer.run.Run"
    assert "'ship it'" in revealed[1]
    assert "DataFrame" in revealed[2]


def test_reading_and_diagnosing_the_examples() -> None:
    runs = analyzer.read(EXAMPLES / "nan", str(EXAMPLES / "healthy"))
    rules = [{one.rule for one in analyzer.diagnose(run).findings} for run in runs]
    assert "loss-nonfinite" in rules[0]
    assert "loss-nonfinite" not in rules[1]
    assert isinstance(analyzer.diagnose_runs(runs), analyzer.Together)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (analyzer.read, "no path was given"),
        (lambda: analyzer.read(EXAMPLES / "nothing"), "does not exist"),
        (lambda: analyzer.diagnose([run()]), "one Run, not list"),
        (lambda: run().frame("time"), "axis is 'epoch' or 'step', not 'time'"),
    ],
)
def test_mistakes_are_sentences(call, says) -> None:
    with pytest.raises(analyzer.TrainlintError, match=says) as caught:
        call()
    assert isinstance(caught.value, UsageError)


def test_a_frame_has_a_row_for_each_epoch_and_a_column_for_each_series() -> None:
    made = run("a", series("train_loss", [2, np.nan, 1]), series("val_f1", [0.5], x=[2]))
    frame = made.frame()
    assert frame.index.name == "epoch"
    assert frame.index.tolist() == [1, 2, 3]
    assert frame.index.dtype == "int64"
    assert frame["val_f1"].dropna().to_dict() == {2: 0.5}
    assert frame["train_loss"].isna().tolist() == [False, True, False]


def test_a_frame_by_step_has_the_curves_by_step_alone() -> None:
    made = run("a", *curves(5, steps=4))
    assert list(made.frame("step").columns) == ["train_loss@step"]
    assert len(made.frame("step")) == 20
    only = run("b", series("train_loss", [2, 1], x=[0.5, 1], axis="step"))
    assert only.frame().index.name == "step"
    assert only.frame().index.tolist() == [0.5, 1.0]


def test_a_run_without_curves_has_an_empty_frame() -> None:
    assert run("empty").frame().shape == (0, 0)


def test_a_frame_without_pandas_is_one_sentence(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"Run.frame\(\) needs the extra 'report'"):
        run().frame()


class Tags(HTMLParser):
    """The tags of a fragment; every one that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_list_of_runs_at_the_prompt_is_a_line_each() -> None:
    item = exploded()
    assert re.fullmatch(
        r"Run\('workdirs.exp_\w+', workdir, \w+, \d+ epochs, \d+ series\)", repr(item.run)
    )
    assert repr(item.run.series["train_loss"]).startswith("Series('train_loss', ")
    assert repr(item.diagnosis).startswith(f"Diagnosis('{item.diagnosis.verdict.action}': error ")
    assert "not JSON" in repr(run("broken", unreadable="metrics.json: not JSON"))


ALLOWED = {"div", "strong", "table", "thead", "tbody", "tr", "th", "td", "small"}


def hostile() -> tuple[analyzer.Run, Diagnosis]:
    many = [series(f"{HOSTILE}{i}", [1, float("nan"), 3]) for i in range(300)]
    one = Finding("loss-flat", HOSTILE, Severity.ERROR, 0.9, HOSTILE * 99, HOSTILE)
    told = Diagnosis((one,) * 300, (), Verdict("cannot tell", HOSTILE))
    return run(HOSTILE, *many), told


def test_views_of_strangers_texts_are_harmless_and_small() -> None:
    for shown in hostile():
        html, text = shown._repr_html_(), shown._repr_markdown_()
        tags = Tags(html)
        assert tags.seen <= ALLOWED
        assert tags.open == []
        assert "and 288 more" in html
        assert "and 288 more" in text
        assert "<script" not in text
        assert "\x1b" not in html + text
        assert "\n# h" not in text
        assert len(html.encode()) < 20_000
        assert len(text.encode()) < 20_000


def test_views_say_what_a_person_looks_for() -> None:
    item = exploded()
    assert "training loss" in item.run._repr_markdown_()
    assert item.diagnosis.findings[0].rule in item.diagnosis._repr_html_()
    assert item.diagnosis.verdict.action in item.diagnosis._repr_markdown_()
    assert "ship it" in healthy().diagnosis._repr_html_()
    told = together("a", "b")
    assert "a and b have the same F1" in told._repr_html_()
    assert "runs-identical" in told._repr_markdown_()
    assert repr(told) == "Together(warning runs-identical)"
    assert repr(told.findings[0]).startswith("Finding(warning runs-identical: 'a and b have")
    assert "nothing was found" in Together()._repr_html_()
    broken = run("broken", unreadable="metrics.json: not JSON")
    assert "not JSON" in broken._repr_html_()
