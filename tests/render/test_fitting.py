from __future__ import annotations

from pathlib import Path

import handmade
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.render.fitting import HEAD, LIMIT, NOTE, fitted


def test_what_fits_stays_as_it_is() -> None:
    assert fitted(["a", "b"]) == ["a", "b"]


def test_folded_blocks_go_first_and_the_last_of_them_before_others() -> None:
    fold = f"<details>{'x' * 300}</details>"
    blocks = ["# t", "s", "m", "p", "one", fold, "two", fold, "three"]
    kept = fitted(blocks, limit=600)
    assert kept[:-1] == [*blocks[:7], "three"]
    assert kept[-1].startswith("1 part is left out")
    assert fitted(blocks, limit=300)[:-1] == ["# t", "s", "m", "p", "one", "two", "three"]


@given(st.lists(st.text("ab<>", max_size=400), min_size=HEAD, max_size=40))
def test_it_always_fits_and_keeps_the_order(blocks: list[str]) -> None:
    head = sum(len(block) + 2 for block in blocks[:HEAD])
    kept = fitted(blocks, limit=head + NOTE)
    assert len("\n\n".join(kept)) <= head + NOTE
    assert kept[:HEAD] == blocks[:HEAD]


def test_the_report_of_many_runs_fits_into_a_comment(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from analyzer.render.markdown import write_markdown

    runs = [handmade.healthy(f"a_run_with_quite_a_long_name_{i}") for i in range(600)]
    path = write_markdown(handmade.report(*runs, handmade.exploded("sick")), tmp_path)
    text = path.read_text(encoding="utf-8")
    assert len(text) <= LIMIT
    assert "sick" in text.partition("\n## ")[0], "the flagged ones come first in a long table"
    assert "loss-nonfinite" in text
    assert "and 501 more" in text
