"""Whatever strangers write into a run, no output obeys it: one attack after another, everywhere.

Each output is made twice, with an attack in every text that a run, a log, a config or a data set
can bring along, and with plain words in their place. Both must have the same shape, be it tags,
blocks of Markdown, keys, cells or commands to a runner, and nothing in the text steers a terminal.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import handmade
import pytest
from markdown_it import MarkdownIt
from sarif_schema import faults

pytest.importorskip("bokeh")
pytest.importorskip("matplotlib")

from analyzer.commands.analysis import json_text
from analyzer.commands.outputs import FORMATS, printed
from analyzer.compare import compare
from analyzer.dataset.repair import Change
from analyzer.dataset.statistics import Histogram, Numbers, SplitNumbers
from analyzer.finding import Severity
from analyzer.render.checked import Checked
from analyzer.render.comparison import ComparisonReport, print_comparison
from analyzer.render.comparison_files import comparison_html, comparison_markdown
from analyzer.render.comparison_json import comparison_to_json
from analyzer.render.dataset import DatasetReport, Overlay, dataset_to_json, print_dataset
from analyzer.render.dataset_files import dataset_html, dataset_markdown
from analyzer.render.known import Baselined, KnownEntry
from analyzer.render.markdown import blocks
from analyzer.render.notebook import (
    diagnosis_html,
    diagnosis_markdown,
    run_html,
    run_markdown,
    together_html,
    together_markdown,
)
from analyzer.render.redact import redacted
from analyzer.render.report import Report
from analyzer.render.scalars import write_csv, write_jsonl
from analyzer.run import Config

ATTACKS = {
    "mixed": handmade.HOSTILE,
    "html": "\"'><img src=x onerror=alert(1)></script><svg/onload=alert(1)>&lt;b&gt;<!-- </style>",
    "escapes": "a\x1b]8;;http://evil.example\x07link\x1b[2J\x9b31m\x07\x08\x00\x7f\r",
    "markdown": "\n# head\n[a](javascript:alert(1)) ![b](http://e.example/x.png) <details> @user "
    "#12 ***x*** _y_ ~~z~~ ``` | a | --- $$m$$ :tada: http://e.example www.e.example\n- x\n1. y\n"
    "    code\n> quote\n[r]: http://e.example\n\\`",
    "commands": "x\n::error::no\r\n::set-output name=a::b\n##[error]x%0A::add-mask::y ##vso[a.b]c",
    "commands first": "::error file=a::b%0D%0A::stop-commands::c",
    "formula": "=cmd|' /C calc'!A0",
    "formula after a blank": "\t=1+1",
    "formula plus": "+1+cmd|' /C calc'!A0",
    "formula minus": "-1+1",
    "formula at": "@SUM(1,1)",
    "bidi": "a\u202egnp.exe\u2066x\u2069\u200f\u061c\ufeff",
    "xml": "]]>\uffff\ufffe\x00<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>&x;",
    "template": "{{7*7}} {% raw %} {# ${7*7} %s {0} [bold red]x[/] [link=http://e.example]y[/link]",
    "lines": 'a\u2028b\u2029c\x85d\x0b"},{"e":1',
    "half": "a\ud800b\udfff",
}
CALM = "plain words"
STEERING = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff]"
)


def checked(bad: str) -> Checked:
    return Checked(hostile(bad), (), Severity.ERROR, Path("/repository"))


def hostile(bad: str) -> Report:
    known = Baselined(Path(bad), True, 1, (KnownEntry(bad, bad, bad, bad),))
    return replace(handmade.hostile(bad), baseline=known)


def comparison(bad: str) -> ComparisonReport:
    report = handmade.hostile(bad)
    first = report.runs[0].run
    first = replace(first, environment={bad: bad}, main_metric=f"train_loss.{bad}")
    second = replace(first, name=bad + "2", config=Config({bad + "2": 1}), environment={"a": bad})
    made = compare([first, second, handmade.healthy(bad + "3").run])
    return ComparisonReport(made, handmade.CREATED, "0.1.0", bad, handmade.Together())


def dataset(bad: str) -> DatasetReport:
    bars = Histogram((0.0, 1.0, 2.0), (1, 2))
    spreads = dict.fromkeys(("width_px", "height_px", "per_image", "height", "aspect", "length"))
    characters = dict.fromkeys(bad, 1)
    split = SplitNumbers(1, 2, 0, 0, **spreads, per_image_bars=bars, height_bars=bars,
                         characters=characters, first=(bad, bad))  # fmt: skip
    numbers = Numbers({"train": split, "test": split}, 800, 8.0, 2, bad)
    pictures = (Overlay(bad, (bad,), b"jpeg"),)
    item = handmade.hostile(bad).runs[0]
    return DatasetReport(
        item, numbers, handmade.CREATED, "0.1.0", pictures, (Change(bad, bad),), bad
    )


def table(write: Callable[..., None], bad: str) -> str:
    out = io.StringIO()
    write([item.run for item in handmade.hostile(bad).runs], out)
    return out.getvalue()


def text_of(made: Any, show: Callable[..., None]) -> str:
    return printed(lambda console: show(made, console))


def told(bad: str) -> Any:
    return handmade.hostile(bad).runs[0]


# ---- shapes: what is left of a text when strangers' words are taken out of it


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[object] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "wbr":  # after dots and the like in a name
            return
        links = [v for k, v in attrs if k in ("href", "src") and not (v or "").startswith("data:")]
        self.found.append((tag, sorted(k for k, _ in attrs), links))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(tag)

    def handle_comment(self, data: str) -> None:
        self.found.append("comment")


def tags(text: str) -> object:
    return _Tags(text).found


def elements(text: str) -> object:
    return [(one.tag, sorted(one.keys())) for one in ET.fromstring(text.encode()).iter()]


def keys(text: str) -> object:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            told = {k: v for k, v in value.items() if k not in ("characters", "scripts")}
            return sorted((known(key), str(shape(item))) for key, item in told.items())
        if isinstance(value, list):
            return sorted(str(shape(item)) for item in value)
        return type(value).__name__

    def known(key: str) -> str:
        return key if re.fullmatch(r"[a-z_A-Z$]+(/v1)?", key) else "*"

    return shape(json.loads(text))


def lines_of_keys(text: str) -> object:
    return [keys(line) for line in text.removesuffix("\n").split("\n")]


MARKDOWN = MarkdownIt("gfm-like", {"linkify": False, "html": True})
WORDS = {"text", "text_special", "softbreak", "html_inline", "html_block", "code_inline"}


def marks(text: str) -> object:
    """The blocks and marks of GitHub's Markdown; of HTML the tags, of links where they lead."""
    assert not re.search(r"(?<![\w`])@\w", _outside_code(text)), "a mention"
    assert not re.search(r"https?://|www\.", _outside_code(text)), "linked by GitHub"
    assert "$" not in _outside_code(text), "mathematics"
    found: list[object] = []
    for token in MARKDOWN.parse(text):
        for one in (token, *(token.children or ())):
            if one.type in ("html_inline", "html_block"):
                found.append(re.findall(r"<[^>]*>", one.content))
            elif one.type not in WORDS:
                found.append((one.type, one.markup[:3], *map(_link, one.attrs.values())))
    return found


def _link(value: object) -> str:
    """Where a link leads, of our own pictures only the folder."""
    return re.sub(r"^(plots|overlays)/[\w.-]+\.(png|jpg)$", r"\1", str(value))


def _outside_code(text: str) -> str:
    text = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.S | re.M)
    return re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)


def commands(text: str) -> object:
    """What a runner would obey: wherever it is at the start of a line, or after an escape."""
    assert not re.search("%0[AaDd]", text)
    return [re.match("::[a-z]+", line) and line[:8] for line in text.split("\n")]


def cells(text: str) -> object:
    rows = list(csv.reader(io.StringIO(text)))
    for row in rows[1:]:
        assert not any(re.match(r"[=+@\t\r-]", cell) for cell in (*row[:4], *row[6:]))
    return [len(row) for row in rows]


def nothing(_: str) -> object:
    return None


OUTPUTS: dict[str, tuple[Callable[[str], str], Callable[[str], object]]] = {
    **{
        f"check {name}": (lambda bad, name=name: FORMATS[name](checked(bad)), shape)
        for name, shape in {
            "terminal": nothing,
            "json": keys,
            "markdown": marks,
            "html": tags,
            "sarif": keys,
            "junit": elements,
            "github": commands,
            "gitlab": keys,
        }.items()
    },
    "report markdown": (lambda bad: "\n\n".join(blocks(hostile(bad))), marks),
    "redacted html": (
        lambda bad: FORMATS["html"](replace(checked(bad), report=redacted(handmade.hostile(bad)))),
        nothing,
    ),
    "compare terminal": (lambda bad: text_of(comparison(bad), print_comparison), nothing),
    "compare json": (lambda bad: json_text(comparison_to_json(comparison(bad))), keys),
    "compare markdown": (lambda bad: comparison_markdown(comparison(bad)), marks),
    "compare html": (lambda bad: comparison_html(comparison(bad)), tags),
    "dataset terminal": (lambda bad: text_of(dataset(bad), print_dataset), nothing),
    "dataset json": (lambda bad: json_text(dataset_to_json(dataset(bad))), keys),
    "dataset markdown": (lambda bad: dataset_markdown(dataset(bad)), marks),
    "dataset html": (lambda bad: dataset_html(dataset(bad)), tags),
    "export csv": (lambda bad: table(write_csv, bad), cells),
    "export jsonl": (lambda bad: table(write_jsonl, bad), lines_of_keys),
    "notebook run html": (lambda bad: run_html(told(bad).run), tags),
    "notebook run markdown": (lambda bad: run_markdown(told(bad).run), marks),
    "notebook diagnosis html": (lambda bad: diagnosis_html(told(bad).diagnosis), tags),
    "notebook together html": (lambda bad: together_html(hostile(bad).together), tags),
    "notebook together markdown": (lambda bad: together_markdown(hostile(bad).together), marks),
    "notebook diagnosis markdown": (lambda bad: diagnosis_markdown(told(bad).diagnosis), marks),
}
"""What can be written of a run, a comparison or a data set, and what its shape is."""


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_no_output_obeys_what_strangers_wrote(output: str, attack: str) -> None:
    make, shape = OUTPUTS[output]
    text = make(ATTACKS[attack])
    text.encode("utf-8")
    assert not STEERING.search(text)
    assert "\N{PARTY POPPER}" not in text
    assert shape(text) == shape(make(CALM))
    if output == "check sarif":
        assert faults(text) == []
