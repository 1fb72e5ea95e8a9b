from __future__ import annotations

import json
import re
import sys
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import handmade
import pytest

from analyzer.errors import MissingExtra
from analyzer.run import Note

pytest.importorskip("bokeh")

from analyzer.render.html import write_html

LOADING = {"src", "srcset", "poster", "data", "background", "action", "formaction", "ping"}


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
    assert set(json.loads(data)) >= {"overview", "run-1"}


def test_strangers_text_is_text(hostile: Page) -> None:
    assert "<script>alert(1)</script>[red]x|y`z`" in hostile.text
    assert not set(hostile.text) & set("\x1b\u202e\ud800")
    assert not any("alert" in script for script in hostile.scripts[1:])
    assert "<" not in hostile.scripts[0]


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
    data = json.loads(usual.scripts[0])
    places = {place for group in data.values() for place in group["roots"].values()}
    assert places <= set(ids), "every chart has an element to be drawn in"


def test_no_run_and_only_healthy_runs_have_their_own_words(tmp_path: Path) -> None:
    empty = replace(handmade.report(), runs=(), skipped=(Note("is not a run", "w/notes"),))
    made = page(empty, tmp_path / "empty")
    assert "No run was found." in made.text
    assert "w/notes: is not a run" in made.text
    assert made.scripts == [], "nothing to draw, nothing to load"
    healthy = page(handmade.report(handmade.healthy()), tmp_path / "healthy")
    assert "1 run, and nothing wrong was found." in healthy.text
    assert "Nothing wrong was found." in healthy.text


def test_a_run_without_curves_is_reported(tmp_path: Path) -> None:
    bare = replace(handmade.exploded(), run=handmade.run("bare", unreadable="truncated"))
    assert "loss-nonfinite" in page(handmade.report(bare, handmade.healthy()), tmp_path).text


def test_a_missing_extra_is_named_before_anything_is_written(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "bokeh", None)
    with pytest.raises(MissingExtra, match="the HTML report needs the extra 'report'"):
        write_html(handmade.report(), tmp_path / "report.html")
    assert not list(tmp_path.iterdir())
