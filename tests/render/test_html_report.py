from __future__ import annotations

import gzip
import json
import math
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import handmade
import pytest

from analyzer.errors import MissingExtra
from analyzer.render.known import Baselined, KnownEntry
from analyzer.run import Checkpoint, LogEvent, Note

pytest.importorskip("bokeh")

from analyzer.render.html import write_html

LOADING = {"src", "srcset", "poster", "data", "background", "action", "formaction", "ping"}


def unpack(data: str) -> dict[str, Any]:
    """What the page's script makes of its data: the charts, and ``array(i)`` for their numbers."""
    packed = {key: gzip.decompress(b64decode(text)) for key, text in json.loads(data).items()}
    made = json.loads(packed["charts"])
    codes = iter(packed["numbers"])
    made["arrays"] = [
        list(numbers(codes, n, exponent))
        for n, exponent in zip(made["lengths"], made["exponents"], strict=True)
    ]
    return made


def numbers(codes: Iterator[int], length: int, exponent: int | None) -> Iterator[float]:
    last = 0
    for _ in range(length):
        code = shift = 0
        for byte in codes:
            code |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        if code == 0:
            yield math.nan
            continue
        last += (code - 1) // 2 if code % 2 else -(code // 2)
        yield 10 ** (last / 1e4) if exponent is None else last * 10.0**exponent


class Page(HTMLParser):
    """What the tests ask of a page: its tags, its scripts, and its text without them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts[-1] += data
        elif self.inside != "style":
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def page(report, tmp_path: Path) -> Page:
    path = write_html(report, tmp_path / "new" / "report.html")
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def usual(tmp_path_factory) -> Page:
    return page(handmade.report(), tmp_path_factory.mktemp("usual"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Page:
    return page(handmade.hostile(), tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize("name", ["usual", "hostile"])
def test_nothing_is_loaded_from_anywhere(name: str, request) -> None:
    made: Page = request.getfixturevalue(name)
    for tag, attrs in made.tags:
        assert not LOADING & set(attrs), f"{tag} {attrs}"
        assert tag not in {"link", "iframe", "object", "embed", "base", "form", "img"}
        assert not any(key.startswith("on") for key in attrs)
        assert (attrs.get("href") or "#").startswith("#")
    assert "://" not in made.text.replace("file://", "")


@pytest.mark.parametrize("name", ["usual", "hostile"])
def test_the_policy_allows_only_the_scripts_of_the_page(name: str, request) -> None:
    made: Page = request.getfixturevalue(name)
    policy = next(a["content"] for a in made.all("meta") if a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    data, *scripts = made.scripts
    digests = [f"sha256-{b64encode(sha256(s.encode()).digest()).decode()}" for s in scripts]
    assert re.findall(r"sha256-[^']+", policy) == digests
    assert not re.search(r"https?:|unsafe-eval|\*", policy)
    assert set(unpack(data)["groups"]) >= {"run-1"}


def test_strangers_text_is_text(hostile: Page) -> None:
    assert "<script>alert(1)</script>[red]x|y`z`" in hostile.text
    assert not set(hostile.text) & set("\x1b\u202e\ud800")
    assert not any("alert" in script for script in hostile.scripts[1:])
    assert "<" not in hostile.scripts[0]
    (title,) = {
        c["label"]
        for g in unpack(hostile.scripts[0])["groups"]["run-1"]
        for c in g["curves"]
        if "alert" in c["label"]
    } or {""}
    assert not set(title) & set("\x1b\u202e\ud800")


def test_all_that_matters_reads_without_javascript(usual: Page) -> None:
    for words in (
        "restart with this patch",
        "the loss is nan since epoch 6",
        "- optimizer.lr: 0.5",
        "+ optimizer.lr: 0.05",
        "training loss is nan in epochs 6 to 9",
        "ruled out",
        "log grad_norm, to judge gradient-explodes",
        "best-checkpoint-stale",
        "JavaScript is off",
    ):
        assert words in usual.text, words
    assert len(usual.all("polyline")) >= 3 + 9


def test_every_row_of_the_table_of_runs_has_all_its_cells(usual: Page) -> None:
    start = next(i for i, (_, attrs) in enumerate(usual.tags) if attrs.get("class") == "runs")
    cells = [name for name, _ in usual.tags[start + 1 :] if name in ("table", "tr", "td", "th")]
    head, *rows = "".join(cells[: cells.index("table")]).split("tr")[1:]
    assert len(rows) == len(handmade.report().runs)
    assert {len(row) for row in rows} == {len(head)}


def test_the_page_can_be_walked_by_keyboard_and_by_ear(usual: Page) -> None:
    ids = [attrs["id"] for _, attrs in usual.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [str(attrs["href"]) for attrs in usual.all("a")]
    assert links[0] == "#content", "the first link skips to the content"
    assert {link.removeprefix("#") for link in links} <= set(ids)
    levels = [int(tag[1]) for tag, _ in usual.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert usual.all("html") == [{"lang": "en"}]
    places = {attrs["data-charts"] for _, attrs in usual.tags if "data-charts" in attrs}
    groups = set(unpack(usual.scripts[0])["groups"])
    assert places == {*groups, "overview"}, "every chart has an element to be drawn in"


def test_the_charts_hold_the_curves(usual: Page) -> None:
    data = unpack(usual.scripts[0])
    loss = next(chart for chart in data["groups"]["run-2"] if chart["id"] == "loss")
    assert loss["log"]
    curve = loss["curves"][0]
    assert curve["x"] == {"first": 1}
    values = data["arrays"][curve["y"]]
    assert values[:5] == pytest.approx([1.9, 2.4, 9.7, 41.0, 880.0], rel=2e-4)
    assert all(map(math.isnan, values[5:]))
    f1 = handmade.stale().run.series["val_f1"].y
    (metric,) = (c for c in data["groups"]["run-3"] if c["id"] == "metric")
    drawn = next(c for c in metric["curves"] if c["name"] == "val_f1")
    assert data["arrays"][drawn["y"]] == pytest.approx(list(f1), abs=5.1e-5)
    lines = {line["anchor"]: line for line in data["overview"]["lines"]}
    assert lines["run-3"]["y"] == drawn["y"], "no second copy for the overview"


def test_of_many_runs_each_is_short_and_what_they_share_is_said_once(tmp_path: Path) -> None:
    runs = [*[handmade.healthy(f"exp_{i}") for i in range(20)], handmade.exploded()]
    made = page(handmade.report(*runs), tmp_path)
    for once in ("Once a weight is NaN", "Not judged", "log grad_norm", "data.batch_size"):
        assert made.text.count(once) == 1, once
    assert "exp_0" in made.text
    assert "the loss is nan since epoch 6" in made.text
    assert "- optimizer.lr: 0.5" in made.text
    assert len(unpack(made.scripts[0])["groups"]) == 21, "every run can be drawn"
    names = {
        c["name"]
        for g in unpack(made.scripts[0])["groups"].values()
        for p in g
        for c in p["curves"]
    }
    assert "train_loss@step" not in names
    assert "environment, checkpoints and log events of each run, which are packed" in made.text
    ids = [attrs["id"] for _, attrs in made.tags if "id" in attrs]
    links = {str(attrs["href"]).removeprefix("#") for attrs in made.all("a")}
    assert links <= set(ids)
    assert len(ids) == len(set(ids))


def test_no_run_and_only_healthy_runs_have_their_own_words(tmp_path: Path) -> None:
    empty = replace(handmade.report(), runs=(), skipped=(Note("is not a run", "w/notes"),))
    made = page(empty, tmp_path / "empty")
    assert "No run was found." in made.text
    assert "w/notes: is not a run" in made.text
    assert made.scripts == [], "nothing to draw, nothing to load"
    healthy = page(handmade.report(handmade.healthy()), tmp_path / "healthy")
    assert "1 run, and nothing wrong was found." in healthy.text
    assert "Nothing wrong was found." in healthy.text


def test_stale_entries_of_a_baseline_are_named(tmp_path: Path) -> None:
    entry = KnownEntry("00ff", "loss-flat", "train_loss", "exp_<b>")
    known = Baselined(Path("a/known.json"), True, 3, (entry,))
    made = page(handmade.report(baseline=known), tmp_path)
    assert "Stale in the baseline a/known.json: 1 entry" in made.text
    assert "loss-flat train_loss of exp_<b>" in made.text
    assert "Stale" not in page(handmade.report(), tmp_path / "other").text


def test_what_else_is_known_of_a_run_is_there(tmp_path: Path) -> None:
    many = tuple(LogEvent("warning", "logs/train.log", i, f"slow {i}") for i in range(1, 300))
    error = LogEvent("error", "logs/train.log", 400, "<b>RuntimeError</b>: it broke")
    weights = (
        Checkpoint("checkpoints/best.pth", 3, 0.61, exists=True, size=44_000_000),
        Checkpoint("checkpoints/epoch_1.pth", 1, removed=True),
        Checkpoint("checkpoints/epoch_2.pth", 2),
    )
    item = handmade.healthy(
        environment={"gpu": {"name": "T4"}}, checkpoints=weights, events=(*many, error)
    )
    told = " ".join(page(handmade.report(item), tmp_path).text.split())
    assert "gpu.name T4" in told
    for row in ("best.pth 3 0.61 44 MB", "epoch_1.pth 1 - removed by", "epoch_2.pth 2 - not on"):
        assert row in told
    assert "logs/train.log:400 error <b>RuntimeError</b>: it broke" in told
    assert "slow 199" in told
    assert "slow 200" not in told
    assert "200 of 300 are shown" in told


def test_a_run_without_curves_is_reported(tmp_path: Path) -> None:
    bare = replace(handmade.exploded(), run=handmade.run("bare", unreadable="truncated"))
    assert "loss-nonfinite" in page(handmade.report(bare, handmade.healthy()), tmp_path).text


def test_a_missing_extra_is_named_before_anything_is_written(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "bokeh", None)
    with pytest.raises(MissingExtra, match="the HTML report needs the extra 'report'"):
        write_html(handmade.report(), tmp_path / "report.html")
    assert not list(tmp_path.iterdir())
