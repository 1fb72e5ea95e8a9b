"""Documented run directories: whole, in parts, and damaged."""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from ondisk import claims, folder_of, read_one

from analyzer.readers import workdir
from analyzer.readers.workdir.records import read_array
from analyzer.reading.claim import Claim
from analyzer.run import Note, Run, Status

CASES = Path(__file__).parents[1] / "runs" / "workdir"
HEAD = "[2026-01-05 14:30:25] INFO "


def case(name: str) -> Run:
    return read_one(CASES / name)


def copy(name: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(CASES / name, tmp_path / name))


def make(folder: Path, **files: str | bytes) -> Path:
    """A run directory from texts; ``log`` stands for the log, others for a name with its dot."""
    names = {"log": "logs/train.log", "steps": "logs/steps.jsonl", "args": "args.txt"}
    for key, text in files.items():
        path = folder / names.get(key, key.replace("_", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def ys(run: Run, name: str) -> list[float]:
    return run.series[name].y.tolist()


def texts(run: Run) -> str:
    return "\n".join(note.text for note in run.notes)


def test_the_six_documented_files() -> None:
    run = case("six_files_healthy")
    assert (run.name, run.format, run.unreadable, run.notes) == (
        "six_files_healthy",
        "workdir",
        None,
        (),
    )
    assert ys(run, "train_loss") == [1.874, 1.521, 1.32, 1.19, 1.11]
    assert ys(run, "val_f1") == [0.68, 0.74, 0.77, 0.79, 0.80]
    assert run.series["val_f1"].x.tolist() == [1, 2, 3, 4, 5]
    assert ys(run, "learning_rate") == [0.007] * 5
    assert ys(run, "step_time") == [0.43] * 5  # only the log has it
    assert run.series["step_time"].resolution == 0.01
    assert (run.main_metric, run.higher_is_better) == ("val_f1", True)
    assert (run.planned_epochs, run.epochs_done, run.status) == (5, 5, Status.FINISHED)
    assert run.config.get("optimizer.lr") == 0.007
    assert run.config.get("train.epochs") == 5
    assert run.config.spelled("train.epochs") == "--epochs"
    assert run.config.lines["optimizer.lr"] == 11
    assert [c.epoch for c in run.checkpoints if c.exists] == [1, 2, 3, 4, 5, 5]
    assert str(run.started) == "2026-01-05 14:30:25"
    assert str(run.ended) == "2026-01-05 14:39:44"


def test_a_best_file_that_was_not_renewed() -> None:
    best = case("stale_best_six_files").best_checkpoint
    assert best is not None
    assert (best.epoch, best.source) == (2, "log")
    assert "logs/train.log:10" in best.because


def test_only_a_log() -> None:
    run = case("only_log")
    assert ys(run, "train_loss") == [1.874, 1.521, 1.32, 1.19, 1.11]
    assert run.series["train_loss"].resolution == 0.001
    assert run.series["val_f1"].resolution == 0.01
    assert run.series["learning_rate"].resolution == pytest.approx(1e-6)
    assert (run.config.file, run.checkpoints[0].exists) == (None, False)


def test_only_metrics() -> None:
    run = case("only_metrics")
    assert ys(run, "val_recall") == [0.65, 0.71, 0.74, 0.76, 0.77]
    assert (run.status, run.planned_epochs, run.checkpoints) == (Status.UNKNOWN, None, ())


def test_metrics_that_break_off() -> None:
    run = case("truncated_metrics")
    assert ys(run, "train_loss") == [1.874, 1.521, 1.32]
    assert texts(run) == (
        "metrics.json breaks off in line 26; the 3 whole entries before it were read"
    )


def test_a_binary_log_is_one_sentence() -> None:
    run = case("binary_log")
    assert run.unreadable is not None
    assert str(CASES / "binary_log") in run.unreadable
    assert "logs/train.log holds binary data" in run.unreadable
    assert "copy it anew" in run.unreadable


def test_nan_is_nan_and_no_gap() -> None:
    run = case("nan")
    assert [math.isnan(y) for y in ys(run, "train_loss")] == [False, False, True, True, True]
    assert len(run.series["val_f1"]) == 5


def test_nonfinite_values_as_our_writer_encodes_them(tmp_path: Path) -> None:
    record = {"epoch": 1, "train_loss": None, "nonfinite": {"train_loss": "-inf"}, "val_f1": None}
    run = read_one(make(tmp_path / "r", metrics_json=json.dumps([record])))
    assert ys(run, "train_loss") == [-math.inf]
    assert "val_f1" not in run.series


def test_epochs_that_go_back_are_a_resume() -> None:
    run = case("resumed")
    loss = run.series["train_loss"]
    assert loss.x.tolist() == [1, 2, 3, 4, 5]
    assert loss.y.tolist() == [1.874, 1.6, 1.35, 1.2, 1.12]  # later wins
    assert loss.segment.tolist() == [0, 1, 1, 1, 1]
    assert run.series["step_time"].segment.tolist() == [0, 1, 1, 1, 1]
    events = [event for event in run.events if event.kind == "resumed"]
    assert [(e.file, e.line, e.epoch) for e in events] == [("logs/train.log", 16, 2)]
    assert run.best_checkpoint is not None
    assert run.best_checkpoint.epoch == 5


def test_a_resume_is_seen_in_metrics_alone(tmp_path: Path) -> None:
    run = copy("resumed", tmp_path)
    shutil.rmtree(run / "logs")
    found = read_one(run)
    (event,) = [event for event in found.events if event.kind == "resumed"]
    assert (event.file, event.line, event.epoch) == ("metrics.json", 26, 2)
    assert event.text == "the epoch goes back from 3 to 2"
    assert found.series["train_loss"].segment.tolist() == [0, 1, 1, 1, 1]


def test_a_resume_that_repeats_nothing_is_seen_in_the_log(tmp_path: Path) -> None:
    log = "".join(
        f"{HEAD}{text}\n"
        for text in (
            "Epoch [1/2], LR: 0.1",
            "Train Loss: 2.0 | Time: 0.1s/iter",
            "Epoch [2/2], LR: 0.1",
            "Resumed from epoch_1.pth, after epoch 1; train.epochs was 2, is 3",
            "Epoch [2/3], LR: 0.1",
            "Train Loss: 1.0 | Time: 0.1s/iter",
        )
    )
    metrics = '[{"epoch": 1, "train_loss": 2.0}, {"epoch": 2, "train_loss": 1.0}]'
    steps = '{"step": 1, "epoch": 1, "grad_norm": 3}\n{"step": 2, "epoch": 2, "grad_norm": 4}\n'
    run = read_one(make(tmp_path / "r", log=log, metrics_json=metrics, steps=steps))
    assert run.series["train_loss"].segment.tolist() == [0, 1]
    assert run.series["grad_norm"].segment.tolist() == [0, 1]
    assert run.series["step_time"].segment.tolist() == [0, 1]
    assert [(e.kind, e.line, e.epoch) for e in run.events] == [("resumed", 4, None)]
    assert run.planned_epochs == 3


def test_two_records_of_one_epoch_are_no_resume(tmp_path: Path) -> None:
    records = [{"epoch": 1, "train_loss": 2}, {"epoch": 1, "val_f1": 0.5}]
    records += [{"epoch": 2, "train_loss": 1}, {"epoch": 2, "val_f1": 0.6}]
    run = read_one(make(tmp_path / "r", metrics_json=json.dumps(records)))
    assert run.events == ()
    assert run.series["val_f1"].segment.tolist() == [0, 0]
    again = [*records, {"epoch": 2, "train_loss": 0.9}]
    run = read_one(make(tmp_path / "r", metrics_json=json.dumps(again)))
    assert [event.kind for event in run.events] == ["resumed"]
    assert ys(run, "train_loss") == [2, 0.9]


def test_steps_stand_beside_epochs(tmp_path: Path) -> None:
    steps = '{"step": 10, "train_loss": 3, "data_time": 0.1}\r\n{"step": 20, "train_loss": 2}\r\n'
    run = read_one(make(tmp_path / "r", metrics_json='[{"epoch":1,"train_loss":2}]', steps=steps))
    assert run.series["train_loss"].axis == "epoch"
    assert (run.series["train_loss@step"].axis, run.series["data_time"].axis) == ("step", "step")
    assert run.series["train_loss@step"].x.tolist() == [10, 20]


def test_a_half_last_step_is_silent_and_a_broken_one_is_told(tmp_path: Path) -> None:
    whole = '{"step": 1, "train_loss": 1}\n'
    run = read_one(make(tmp_path / "a", metrics_json="[]", steps=whole + '{"step": 2, "tr'))
    assert (ys(run, "train_loss"), run.notes) == ([1], ())
    run = read_one(make(tmp_path / "b", metrics_json="[]", steps=f"{whole}nonsense\n3\n{whole}"))
    assert texts(run) == "logs/steps.jsonl: 2 lines held no whole JSON object"
    assert run.notes[0].line == 2


RECORDS = [{"epoch": 1, "val_f1": 0.5, "a": [1, {"b": "]}"}]}, {"epoch": 2}, {"epoch": 3}]


@pytest.mark.parametrize("indent", [None, 2])
def test_metrics_cut_at_every_byte(tmp_path: Path, indent: int | None) -> None:
    data = json.dumps(RECORDS, indent=indent).encode()
    ends = []
    for record in RECORDS:
        part = json.dumps([record], indent=indent).encode().strip(b"[] \n")
        ends.append(data.index(part, ends[-1] if ends else 0) + len(part))
    folder = tmp_path / "r"
    for cut in range(len(data)):
        (make(folder, metrics_json=data[:cut]))
        notes: list[Note] = []
        records = read_array(folder_of(folder), "metrics.json", notes)
        assert records == RECORDS[: sum(end <= cut for end in ends)], data[:cut]
        assert len(notes) == 1, data[:cut]
        assert read_one(folder).format == "workdir"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_costs_nothing(tmp_path: Path, encoding: str) -> None:
    run = copy("six_files_healthy", tmp_path)
    before = read_one(run)
    for name in ("logs/train.log", "metrics.json", "config.yaml", "args.txt"):
        text = (run / name).read_text("utf-8").replace("\n", "\r\n")
        (run / name).write_bytes(text.encode(encoding))
    after = read_one(run)
    assert after.notes == ()
    assert {name: ys(after, name) for name in after.series} == {
        name: ys(before, name) for name in before.series
    }
    assert after.config == before.config
    assert after.events == before.events
    assert after.started == before.started


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"metrics_json": ""}, "metrics.json is empty"),
        ({"metrics_json": " \n"}, "metrics.json is empty"),
        ({"log": ""}, "logs/train.log holds no logged value"),
        ({"log": "\0\1"}, "logs/train.log holds binary data"),
        ({"metrics_json": "[]"}, "metrics.json holds no logged value"),
        ({"metrics_json": b"\x89PNG\0\0"}, "metrics.json holds no list"),
        ({"metrics_json": "3"}, "metrics.json holds no list"),
        ({"metrics_json": "[1, 2]"}, "2 entries are no objects"),
        ({"metrics_json": "[" * 200_000}, "breaks off in line 1; the 0 whole entries"),
        ({"metrics_json": "[" + '{"a":' * 100_000}, "breaks off in line 1; the 0 whole entries"),
        ({"metrics_json": "[" + "1" * 5000}, "breaks off in line 1"),
        ({"metrics_json": "[]", "log": "hello\n"}, "logs/train.log holds no documented line"),
        ({"metrics_json": "[]", "log": "[" * 5000}, "logs/train.log holds no documented line"),
    ],
)
def test_a_run_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, files: dict[str, Any], says: str
) -> None:
    run = read_one(make(tmp_path / "r", **files))
    assert run.unreadable is not None
    assert says in run.unreadable
    assert run.unreadable.startswith(str(tmp_path / "r"))
    assert "\n" not in run.unreadable
    assert run.series == {}


def test_metrics_of_others_are_not_claimed(tmp_path: Path) -> None:
    assert not claims(workdir, make(tmp_path / "a", metrics_json='{"epoch": 1}\n{"epoch": 2}\n'))
    assert not claims(workdir, make(tmp_path / "b", metrics_json='\ufeff {"f1": 0.5}'))
    assert not claims(workdir, make(tmp_path / "c", run_json='{"id": 1}'))
    assert claims(workdir, make(tmp_path / "d", run_json='{"format_version": 1}'))


def test_metrics_of_others_beside_our_log_are_told(tmp_path: Path) -> None:
    run = copy("only_log", tmp_path)
    (run / "metrics.json").write_text('{"val_f1": 0.1}')
    found = read_one(run)
    assert ys(found, "val_f1")[0] == 0.68
    assert texts(found).startswith("metrics.json holds no list")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1", "config.yaml:1: not valid YAML"),
        ("[" * 100_000, "nested deeper"),
        ("a: &a [x]\n" + "".join(f"k{i}: &k{i} [*a, *a]\n" for i in range(2)) + "b: *c", "alias"),
        ("- 1\n", "config.yaml holds no keys"),
        ("", "config.yaml holds no keys"),
        ("optimizer:\n  lr: 1\n  lr: 2\n", "config.yaml:3: optimizer.lr is given twice"),
        ("\xff\xfe", "config.yaml holds no keys"),
    ],
)
def test_a_broken_config_is_a_note(tmp_path: Path, text: str, says: str) -> None:
    folder = copy("only_metrics", tmp_path)
    (folder / "config.yaml").write_text(text, "utf-8" if "\xff" not in text else "latin-1")
    run = read_one(folder)
    assert says in texts(run)
    assert len(run.series) == 5


def test_unknown_config_keys_are_kept(tmp_path: Path) -> None:
    folder = make(
        tmp_path / "r", config_yaml="mine:\n  own: [1]\n  empty: {}\n", metrics_json="[]"
    )
    make(folder, log=f"{HEAD}x\n")
    assert read_one(folder).config.values == {"mine.own": [1], "mine.empty": {}}


def test_args_say_what_the_config_does_not(tmp_path: Path) -> None:
    folder = copy("six_files_healthy", tmp_path)
    line = "--train_data_dir '#my data' --lr=1e-2 --epochs --batch_size 8 --output_dir ./x --more"
    (folder / "args.txt").write_text(f"\n{line}\npython train.py --lr 5\n")
    (folder / "config.yaml").write_text("optimizer: {lr: 0.007}\n")
    run = read_one(folder)
    assert run.config.values == {
        "optimizer.lr": 0.007,
        "data.train_dir": "#my data",
        "data.batch_size": 8,
        "output.dir": "./x",
    }
    assert texts(run) == "args.txt says --lr 0.01, config.yaml says optimizer.lr: 0.007"
    (folder / "args.txt").write_text("--lr 'open")
    assert "not a command line" in texts(read_one(folder))


TYPED = "--epochs 2 --output_dir x\npython -m trainer.train --config c.yaml --epochs 2\n"


@pytest.mark.parametrize(
    ("more", "epochs"),
    [
        ("python -m trainer.train --resume x --epochs 4\n", 4),
        ("train --resume=x --epochs=4\n", 4),
        ("train --resume 'my runs/x' --set train.epochs=4 --epochs 9\n", 4),
        ("train --resume x --set=train.epochs=4\n", 4),
        ("train --resume x --epochs 9\ntrain --resume x --epochs 4\ntrain --resume x\n", 4),
        ("train --resume x --epochs 1\n", 1),
        ("train --resume x\n", 2),
        ("train --epochs 9 # no --resumed one\n", 2),
        ("train --resume 'x --epochs 9\n", 2),
        ("train --resume x --set train.epochs=\n", 2),
    ],
)
def test_the_epochs_that_a_resume_asked_for_count(tmp_path: Path, more: str, epochs: int) -> None:
    folder = make(tmp_path / "r", args=TYPED + more, config_yaml=f"train: {{epochs: {epochs}}}\n")
    run = read_one(make(folder, log=f"{HEAD}Epoch [1/{epochs}], LR: 0.001000\n"))
    assert [note for note in run.notes if note.clash] == []
    (folder / "config.yaml").unlink()
    assert read_one(folder).config.get("train.epochs") == epochs


def test_a_config_that_no_resume_asked_for_is_still_told(tmp_path: Path) -> None:
    more = "train --resume x --epochs 4\n"
    folder = make(tmp_path / "r", args=TYPED + more, config_yaml="train: {epochs: 9}\n")
    run = read_one(make(folder, log=f"{HEAD}Epoch [1/4], LR: 0.001000\n"))
    (clash,) = [note for note in run.notes if note.clash]
    assert clash.text == "args.txt says --epochs 4, config.yaml says train.epochs: 9"
    assert clash.line == 3


def test_a_resume_that_opened_no_epoch_has_other_plans_all_the_same(tmp_path: Path) -> None:
    """Such as one that lowered them to what was trained already."""
    log = f"{HEAD}Epoch [3/30], LR: 0.001000\n{HEAD}Train Loss: 1.2 | Time: 0.43s/iter\n"
    log += f"{HEAD}Resumed from epoch_3.pth, after epoch 3; train.epochs was 30, is 3\n"
    folder = make(tmp_path / "r", log=log)
    assert read_one(folder).planned_epochs == 3
    make(folder, log=f"{log}{HEAD}Epoch [4/5], LR: 0.001000\n")
    assert read_one(folder).planned_epochs == 5


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    folder = copy("only_log", tmp_path)
    os.mkfifo(folder / "metrics.json")
    os.mkfifo(folder / "run.json")
    (folder / "checkpoints").mkdir()
    os.mkfifo(folder / "checkpoints/best.pth")
    assert len(read_one(folder).series) == 6
    (tmp_path / "b/logs").mkdir(parents=True)
    os.mkfifo(tmp_path / "b/logs/train.log")
    assert not claims(workdir, tmp_path / "b")


@pytest.mark.parametrize("name", ["metrics.json", "logs/train.log", "config.yaml", "run.json"])
def test_a_link_out_of_the_run_is_not_followed(tmp_path: Path, name: str) -> None:
    folder = copy("six_files_healthy", tmp_path)
    secret = tmp_path / "secret"
    secret.write_text('[{"epoch": 1, "secret": 7}]')
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(secret)
    run = read_one(folder)
    assert texts(run).startswith(f"{name} is no regular file inside the run")
    assert "secret" not in run.series


def test_a_linked_folder_out_of_the_run_is_not_followed(tmp_path: Path) -> None:
    folder = copy("six_files_healthy", tmp_path)
    shutil.move(folder / "logs", tmp_path / "elsewhere")
    (folder / "logs").symlink_to(tmp_path / "elsewhere")
    run = read_one(folder)
    assert len(run.series["train_loss"]) == 5
    assert "step_time" not in run.series  # only the log has it


def test_a_link_inside_the_run_is_followed(tmp_path: Path) -> None:
    folder = copy("six_files_healthy", tmp_path)
    (folder / "metrics.json").rename(folder / "m.json")
    (folder / "metrics.json").symlink_to("m.json")
    assert read_one(folder).notes == ()


def test_a_file_too_large_is_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.readers.workdir.records.MAX_ARRAY", 400)
    run = read_one(CASES / "only_metrics")
    assert ys(run, "train_loss") == [1.874, 1.521]
    assert "metrics.json is larger than 400 bytes" in texts(run)
    assert "the 2 whole entries before it were read" in texts(run)


def test_numbers_that_are_none_make_no_curve(tmp_path: Path) -> None:
    record = {"epoch": "x", "a": True, "b": None, "c": "text", "d": ["x"], "e": {}, "f": "0.5"}
    huge = {"epoch": 1e300, "f": 10**400, "g": 1e400}
    run = read_one(make(tmp_path / "r", metrics_json=json.dumps([record, huge, {"epoch": -1}])))
    assert {name: ys(run, name) for name in run.series} == {"f": [0.5], "g": [math.inf]}
    assert run.series["g"].x.tolist() == [2]  # a position that is none: the place in the list


def test_a_log_beside_the_other_files(tmp_path: Path) -> None:
    folder = copy("only_log", tmp_path)
    (folder / "logs/train.log").rename(folder / "train.log")
    assert len(read_one(folder).series) == 6


def test_a_run_vanishing_under_the_reader(tmp_path: Path) -> None:
    """What claims() saw may be gone when read() comes."""
    run = workdir.read(folder_of(tmp_path / "never"), Claim("metrics.json"))
    assert run.unreadable is not None


def test_counts_and_environment(tmp_path: Path) -> None:
    info = {"format_version": 1, "status": "finished", "seed": 3, "host": "x", "pid": 1}
    info |= {"data": {"test": {"images": 40}, "train": {"images": True}}}
    run = read_one(make(tmp_path / "r", run_json=json.dumps(info)))
    assert run.samples == {"val": 40}
    assert run.environment["seed"] == 3
    assert not {"pid", "host", "status"} & run.environment.keys()
