from __future__ import annotations

import io
import re
from dataclasses import replace

import handmade
import pytest
from rich.console import Console

from analyzer.finding import Fix, Together
from analyzer.render.terminal import print_report
from analyzer.run import Note


def printed(report, width=100, **more) -> str:
    out = io.StringIO()
    print_report(report, Console(file=out, width=width, **more))
    return out.getvalue()


def test_the_patch_of_the_verdict_is_shown_whatever_fix_comes_first() -> None:
    item = handmade.exploded()
    findings = tuple(
        replace(f, causes=(), fixes=(Fix(do="Look at the data"), *f.fixes))
        for f in item.diagnosis.findings
    )
    item = replace(item, diagnosis=replace(item.diagnosis, findings=findings))
    text = printed(handmade.report(item), 100)
    assert "patch: optimizer.lr: 0.5 -> 0.05" in text
    assert "Look at the data" in text


def test_of_many_runs_the_worst_get_a_block_and_the_other_flagged_ones_a_line() -> None:
    runs = [handmade.healthy(f"fine_{i}") for i in range(20)]
    runs += [handmade.stale(f"stale_{i}") for i in range(10)]
    runs += [handmade.exploded(f"nan_{i}") for i in range(14)]
    lines = printed(handmade.report(*runs), 200).splitlines()
    assert lines[0].startswith("nan_0  restart with this patch: ")
    (listed,) = (line for line in lines if line.startswith("stale_9"))
    assert listed.endswith("were not tested (1 warning)")
    assert not any(line.startswith("fine_") for line in lines)
    assert lines[-2] == "20 runs with nothing above info: 20 ship it"
    assert lines[-1] == "44 runs: 14 with errors, 10 with warnings, 20 without."


@pytest.mark.parametrize("width", [100, 60])
def test_the_report_reads_well_wide_and_narrow(width: int, gold) -> None:
    text = printed(handmade.report(), width)
    assert max(map(len, text.splitlines())) <= width
    gold(f"terminal_{width}.txt", text)


def test_the_verdict_is_the_first_thing_said() -> None:
    first = printed(handmade.report(handmade.exploded())).splitlines()[0]
    assert first.startswith("exp_lr_too_high  restart with this patch: the loss is nan")


def test_one_run_needs_no_table() -> None:
    assert "best @ epoch" not in printed(handmade.report(handmade.healthy()))


def test_no_run_and_skipped_paths_are_said() -> None:
    report = replace(
        handmade.report(), runs=(), together=Together(), skipped=(Note("is not a run", "w/notes"),)
    )
    assert printed(report).splitlines() == ["skipped: w/notes: is not a run", "No run was found."]


@pytest.mark.parametrize("width", [100, 60])
def test_strangers_text_is_shown_not_obeyed(width: int) -> None:
    text = printed(handmade.hostile(), width)
    assert "[red]" in text
    assert not set(text) & set("\x1b\x07\u202e\ud800")
    assert "识别" in text


def test_colour_only_on_terminals_and_never_against_no_color(monkeypatch) -> None:
    report = handmade.report()
    assert "\x1b[" not in printed(report)
    assert re.search(r"\x1b\[1;31m", printed(report, force_terminal=True))
    monkeypatch.setenv("NO_COLOR", "1")
    coloured = printed(report, force_terminal=True)
    assert not re.search(r"\x1b\[[\d;]*3\dm", coloured)


def test_a_terminal_without_unicode_gets_no_blocks() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    print_report(handmade.report(), Console(file=out, width=120))
    out.flush()
    text = out.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    assert "0.7204" in text
    assert "trend" not in text
