"""What a page of many runs holds of environments, checkpoints and events."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from typing import Any

import handmade

from analyzer.cache.codec import Later
from analyzer.render.manyrecords import LEAST_ROWS, ROWS, packed_records
from analyzer.run import Checkpoint, LogEvent

SAVED = tuple(LogEvent("saved", "logs/train.log", i, f"saved {i}") for i in range(2, 300))
EVENTS = (
    LogEvent("started", "logs/train.log", 1, "on a T4"),
    *SAVED,
    LogEvent("error", "logs/train.log", 400, "<b>it broke</b>"),
)
WEIGHTS = tuple(
    Checkpoint(f"checkpoints/epoch_{i}.pth", i, i / 1000, exists=i == 3, size=44_000_000)
    for i in range(1, 301)
)


def unpacked(*runs: Any) -> Any:
    return json.loads(gzip.decompress(b64decode(packed_records(handmade.report(*runs).entries))))


def words(made: Any, rows: Any) -> list[list[Any]]:
    """Rows with the texts that their numbers stand for; the second and third cell may be text."""
    return [[made["texts"][row[0]], *row[1:-1], made["texts"][row[-1]]] for row in rows]


def test_of_few_events_and_checkpoints_all_are_held() -> None:
    run = handmade.healthy("a", events=EVENTS[:3], checkpoints=WEIGHTS[:4])
    made = unpacked(run)
    record = made["runs"]["run-1"]
    assert (record["events"], len(record["told"])) == (3, 3)
    assert words(made, record["weights"])[2] == ["checkpoints/epoch_3.pth", "3", "0.003", "44 MB"]
    assert made["texts"][record["best"]].startswith("The best one is of epoch 20: index.json")


def test_of_very_many_those_are_held_that_tell_most() -> None:
    runs = [
        handmade.healthy(f"r{i}", events=EVENTS, checkpoints=WEIGHTS, environment={"gpu": "T4"})
        for i in range(ROWS // LEAST_ROWS)
    ]
    made = unpacked(*runs[:3] * 400)
    record = made["runs"]["run-9"]
    assert (record["events"], len(record["told"])) == (300, LEAST_ROWS)
    lines = [line for _, line, _, _ in record["told"]]
    assert {1, 2, 299, 400} <= set(lines), "errors, the first and the last of each kind"
    assert lines == sorted(lines)
    assert (record["checkpoints"], len(record["weights"])) == (300, LEAST_ROWS)
    epochs = [int(epoch) for _, epoch, _, _ in record["weights"]]
    assert epochs == [3, 296, 297, 298, 299, 300], "what is on disk, and the latest"
    assert made["texts"].count("gpu") == 1


def test_a_run_of_which_nothing_else_is_known_has_no_record() -> None:
    assert unpacked(handmade.exploded())["runs"] == {}


def test_records_of_the_cache_are_gone_through_without_being_kept() -> None:
    rows = Later(Checkpoint, json.dumps([list(one) for one in WEIGHTS]).encode())
    assert [one.epoch for one in rows] == list(range(1, 301))
    assert "_items" not in vars(rows)
    assert len(rows) == 300
    assert list(rows) == list(WEIGHTS)
