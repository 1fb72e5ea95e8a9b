from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import handmade
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import MissingExtra
from analyzer.render.markdown import write_markdown
from analyzer.render.markup import code, escape, fenced, table

pytest.importorskip("matplotlib")


def test_the_report_with_its_plots(tmp_path: Path, gold) -> None:
    path = write_markdown(handmade.report(), tmp_path / "new")
    text = path.read_text(encoding="utf-8")
    gold("report.md", text)
    linked = set(re.findall(r"\]\((plots/[^)]+)\)", text))
    assert linked == {f"plots/{p.name}" for p in (tmp_path / "new" / "plots").iterdir()}
    anchors = set(re.findall(r'<a id="([^"]+)"></a>', text))
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) == anchors


def test_unplotted_runs_keep_their_sparkline(tmp_path: Path) -> None:
    report = handmade.report(*[handmade.healthy()] * 21)
    text = write_markdown(report, tmp_path).read_text(encoding="utf-8")
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["overview.png"]
    assert "▁▃" in text


def test_of_many_runs_the_worst_are_shown_and_the_rest_is_counted(tmp_path: Path) -> None:
    runs = [handmade.healthy(f"fine_{i}") for i in range(20)]
    runs += [handmade.stale(f"stale_{i}") for i in range(10)]
    runs += [handmade.exploded(f"nan_{i}") for i in range(14)]
    text = write_markdown(handmade.report(*runs), tmp_path).read_text(encoding="utf-8")
    parts = re.findall(r"^## (.*)$", text, flags=re.M)
    assert parts[:14] == [f"nan_{i}" for i in range(14)], "errors first"
    assert len(parts) == 21
    assert "- stale_9: **cannot tell**: the weights of epoch 20 are better" in text
    assert "20 runs with nothing above info: 20 ship it." in text
    assert "Of 44 runs this shows 20 in full and draws 4" in text
    assert len(list((tmp_path / "plots").iterdir())) == 5
    anchors = set(re.findall(r'<a id="([^"]+)"></a>', text))
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) == anchors


def test_no_run_is_a_report_too(tmp_path: Path) -> None:
    text = write_markdown(replace(handmade.report(), runs=()), tmp_path).read_text("utf-8")
    assert "No run was found." in text
    assert "|" not in text


def test_strangers_text_makes_no_markup(tmp_path: Path) -> None:
    text = write_markdown(handmade.hostile(), tmp_path).read_text(encoding="utf-8")
    outside = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.S | re.M)
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
    tags = set(re.findall(r"<[^>]*>", outside))
    known = r'<(/?details|/?summary|a id="run-\d+"|/a)>'
    assert {tag for tag in tags if not re.fullmatch(known, tag)} == set()
    assert len(re.findall(r"^## ", outside, flags=re.M)) == 3
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    widths = {len(re.findall(r"(?<!\\)\|", row)) - 1 for row in rows}
    assert widths <= {2, 3, 4, 7}


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("train_loss is _odd_", r"train_loss is \_odd\_"),
        ("a|b*c`d", r"a\|b\*c\`d"),
        ("<b> & $x$", "&#60;b&#62; &#38; &#36;x&#36;"),
        ("@user #12", "&#64;user &#35;12"),
        ("see http://x.y www.z", "see http&#58;//x.y www&#46;z"),
        ("- item", "&#45; item"),
        ("1. item", "&#49;. item"),
        ("0.72 reached", "0.72 reached"),
        ("# head\nnext", "&#35; head next"),
    ],
)
def test_running_text(text: str, escaped: str) -> None:
    assert escape(text) == escaped


@given(st.text("`|a \n"))
def test_code_spans_and_fences_cannot_be_left(text: str) -> None:
    span = code(text, cell=True)
    if span:
        fence = re.match("`+", span)
        assert fence is not None
        inner = span[len(fence[0]) : -len(fence[0])]
        assert fence[0] not in re.findall("`+", inner)
        assert not re.search(r"(?<!\\)\|", inner)
    block = fenced(text.replace("\n", ""), "diff").splitlines()
    assert block[0].removesuffix("diff") not in block[1]


def test_a_table() -> None:
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match="'report'"):
        write_markdown(handmade.report(), tmp_path)
    assert not (tmp_path / "report.md").exists()
