from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import handmade
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.finding import FileEvidence, Finding, Together
from analyzer.render.json import to_json
from analyzer.render.redact import redacted
from analyzer.render.redaction import Redaction, is_private, private_words
from analyzer.render.report import Report, RunReport
from analyzer.run import Config, LogEvent, Note

PRIVATE = (
    "alice",
    "wonderland",
    "gpu-07",
    "Rechnung Müller",
    "10.1.2.3",
    "scratch",
    "caterpillar",
)


def private_report() -> Report:
    item = handmade.exploded("exp_alice_3")
    root = Path("/home/alice/wonderland/workdirs")
    line = "File \"/home/alice/wonderland/train.py\", line 3: bad label 'Rechnung Müller'"
    run = replace(
        item.run,
        path=root / "exp_alice_3",
        config=Config(
            {
                "data.train_dir": "/scratch/My Images/wonderland",
                "optimizer.lr": 0.5,
                "log.host": "gpu-07",
                "wandb.entity": "caterpillar",
                "out": ["s3://wonderland/x", "workdirs/alice"],
            }
        ),
        environment={"host": "gpu-07", "torch": "2.4.1", "python": "/home/alice/env/bin/python"},
        events=(LogEvent("error", "logs/train.log", 3, line, None, datetime(2026, 1, 5)),),
        notes=(Note("connected to 10.1.2.3:8080 as alice@gpu-07", "logs/train.log", 7),),
    )
    first = item.diagnosis.findings[0]
    told = replace(
        first,
        message=f"line 3 says: {line}",
        evidence=(*first.evidence, FileEvidence("logs/train.log", 3, line)),
    )
    diagnosis = replace(item.diagnosis, findings=(told, *item.diagnosis.findings[1:]))
    other = RunReport(
        replace(handmade.healthy().run, path=root / "b"), handmade.healthy().diagnosis
    )
    made = handmade.report(RunReport(run, diagnosis), other)
    among = Finding(
        "runs-identical",
        "Several",
        first.severity,
        1.0,
        "exp_alice_3 and b are one",
        "",
        runs=("exp_alice_3",),
    )
    return replace(
        made, together=Together((among,)), skipped=(Note("is no run", "/home/alice/x"),)
    )


def test_nothing_private_is_left_in_any_output(tmp_path: Path) -> None:
    pytest.importorskip("bokeh")
    from analyzer.render.html import write_html
    from analyzer.render.markdown import write_markdown

    report = private_report()
    plain = write_html(report, tmp_path / "plain.html").read_text("utf-8")
    assert all(word in plain for word in ("alice", "Rechnung Müller", "gpu-07", "caterpillar"))
    hidden = redacted(report)
    outputs = [
        write_html(hidden, tmp_path / "r.html").read_text("utf-8").rpartition("</main>")[0],
        write_markdown(hidden, tmp_path / "md").read_text("utf-8"),
        json.dumps(to_json(hidden), ensure_ascii=False),
    ]
    for text in outputs:
        assert [word for word in PRIVATE if word.lower() in text.lower()] == []
        assert "optimizer.lr" in text
        assert "loss-nonfinite" in text


def test_what_the_cache_unpacks_later_is_hidden_too() -> None:
    from analyzer.cache.codec import decode, encode

    report = private_report()
    kept = [RunReport(*decode(encode(item.run, item.diagnosis))) for item in report.runs]
    hidden = redacted(replace(report, runs=tuple(kept)))
    (event,) = hidden.runs[0].run.events
    assert event.kind == "error"
    assert not any(word in event.text for word in PRIVATE)


def test_what_helps_stays(tmp_path: Path) -> None:
    hidden = redacted(private_report())
    (first, second), together = hidden.runs, hidden.together
    assert first.run.name == "exp_(name)_3"
    assert first.run.path == Path("exp_(name)_3")
    assert second.run.path == Path("b")
    assert first.run.environment == {"host": "(hidden)", "torch": "2.4.1", "python": "(path)"}
    assert first.run.events[0].text == "File \"…\", line 3: bad label '…'"
    assert first.run.events[0].line == 3
    assert together.findings[0].runs == (hidden.entries[0].name,), "the names lead to the runs"
    assert first.run.config.get("data.train_dir") == "(path)", "a path may hold blanks"
    assert first.run.config.get("out") == ["(address)", "workdirs/(name)"]
    assert list(first.run.series) == list(private_report().runs[0].run.series)


def test_a_report_with_nothing_private_stays_as_it_is() -> None:
    report = handmade.report(handmade.healthy())
    hidden = redacted(report)
    assert to_json(hidden) == to_json(report)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see /data/set/a.jpg for it", "see (path) for it"),
        ('File "/opt/x/train.py", line 3', 'File "(path)/train.py", line 3'),
        (r"C:\Users\bob\runs\a.log is", "(path)/a.log is"),
        (r"\\server\share\x", "(path)"),
        ("~/runs and ~bob/runs", "(path) and (path)"),
        ("数据 /数据/图片 here", "数据 (path) here"),
        ("https://host.example/a?b=c", "(address)"),
        ("bob@node1.uni.edu", "(address)"),
        ("train_loss@step", "train_loss@step"),
        ("192.168.0.1:29500", "(address)"),
        ("on node1.hpc.uni.edu now", "on (host) now"),
        ("events.out.tfevents.1700000000.bob-pc.123.0", "events.out.tfevents.1700000000.(host)"),
        ("Jan05_14-30-25_bobs-pc", "Jan05_14-30-25_(host)"),
        ("3.2 it/s, 6/10 epochs, precision/recall", "3.2 it/s, 6/10 epochs, precision/recall"),
        ("at 12:30:45 torch 2.4.1", "at 12:30:45 torch 2.4.1"),
        ("workdirs/exp_1/logs/train.log", "workdirs/exp_1/logs/train.log"),
    ],
)
def test_of_a_text_only_what_is_private_goes(text: str, shown: str) -> None:
    assert Redaction([]).text(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("KeyError: 'é'", "KeyError: '…'"),
        ('could not convert "a, \\"b"', 'could not convert "…"'),
        ("gt: Müller 12, pred: Muller", "gt: …"),
        ("the loss isn't falling, it doesn't", "the loss isn't falling, it doesn't"),
        ("「識別」 is not in the charset", "「…」 is not in the charset"),
    ],
)
def test_texts_of_labels_go_where_a_log_is_quoted(text: str, shown: str) -> None:
    assert Redaction([]).quoting(text) == shown


def test_names_are_found_and_hidden_as_words() -> None:
    assert list(private_words("/home/bob/x, host: n7, C:\\Users\\eve\\y")) == ["bob", "eve", "n7"]
    hide = Redaction(["bob", "root", "n7", "12345"])
    assert hide.text("bob_1 of Bob, bobsled, root, n7, 12345") == (
        "(name)_1 of (name), bobsled, root, n7, 12345"
    )
    jane = Redaction(private_words("in /home/Jane Doe/runs"))
    assert jane.text("/home/Jane Doe/runs/x.jpg of Jane") == "(path) of (name)"
    assert is_private("wandb.entity")
    assert is_private("HOSTNAME")
    assert not is_private("data.hostile")


@given(st.text(st.characters(exclude_characters="bB"), max_size=200))
def test_whatever_stands_before_it_a_name_is_hidden(text: str) -> None:
    assert "bob" not in Redaction(["bob"]).quoting(f"{text} bob /home/bob/x")
