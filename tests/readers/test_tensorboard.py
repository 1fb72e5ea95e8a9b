"""TensorBoard event files, by TensorFlow, PyTorch, Keras, Lightning and Hugging Face."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from eventfile import NAME, crc, curve, event, record, simple, tensor, text, write
from ondisk import claims, folder_of

from analyzer.readers import tensorboard
from analyzer.run import Run

RUNS = Path(__file__).parent.parent / "runs/tensorboard"


def read(path: Path) -> Run:
    folder = folder_of(path)
    (claim,) = tensorboard.claims(folder)
    return tensorboard.read(folder, claim)


def ys(run: Run, name: str) -> list[float]:
    return [round(float(y), 4) for y in run.series[name].y]


def test_a_run_of_pytorch_with_all_that_its_writer_makes() -> None:
    run = read(RUNS / "pytorch")
    assert ys(run, "train_loss") == [1.0, 0.5, 0.3333]
    assert ys(run, "val_loss") == [1.1, 0.55, 0.3667]
    assert ys(run, "val_ap") == [0, 0.25, 0.5]
    assert ys(run, "train_accuracy") == [0.0, 0.2, 0.4], "add_scalars made a folder for it"
    assert ys(run, "val_accuracy") == [0.0, 0.1667, 0.3333]
    assert ys(run, "grad_norm") == [0.1, 1.1, 2.1], "a double in a tensor"
    assert run.series["train_loss"].x.tolist() == [1, 2, 3], "validated at each step: epochs"
    assert run.config.get("optimizer.lr") == 0.1, "from the hparams plug-in"
    assert run.config.get("data.batch_size") == 16, "from the text"
    assert run.planned_epochs == 5
    assert set(run.series) == {
        *("train_loss", "val_loss", "train_accuracy", "val_accuracy", "grad_norm", "val_ap")
    }


def test_lightning_tells_the_epoch_of_each_step() -> None:
    run = read(RUNS / "lightning")
    assert run.series["val_loss"].axis == "epoch"
    assert run.series["val_loss"].x.tolist() == [1, 2, 3, 4]
    assert len(run.series["train_loss@step"]) == 20
    assert len(run.series["train_loss"]) == 4, "train_loss_epoch, not a mean of steps"
    assert ys(run, "learning_rate") == [0.1, 0.01, 0.001, 0.0001]
    assert run.config.get("optimizer.lr") == 0.1, "hparams.yaml"
    assert [c.file for c in run.checkpoints] == ["checkpoints/epoch=3-step=40.ckpt"]


def test_hugging_face_logs_shares_of_epochs(tmp_path: Path) -> None:
    events = [text("args/text_summary", '{"num_train_epochs": 2, "max_steps": -1, "seed": null}')]
    rows = [event(*events)]
    for step, epoch in ((5, 0.5), (10, 1.0), (15, 1.5), (20, 2.0)):
        rows += [event(simple("train/loss", 10 / step), step=step)]
        rows += [event(simple("train/epoch", epoch), step=step)]
        if epoch in (1, 2):
            rows += [event(simple("eval/loss", 11 / step), step=step)]
            rows += [event(simple("eval/runtime", 2), step=step)]
    run = read(write(tmp_path / NAME, rows).parent)
    assert ys(run, "train_loss") == [1.5, 0.5833], "the mean of each epoch"
    assert run.series["val_loss"].x.tolist() == [1, 2]
    assert (run.planned_epochs, run.planned_steps) == (2, None)
    assert "val_runtime" not in run.series


def test_keras_writes_training_and_validation_side_by_side(tmp_path: Path) -> None:
    for side, shift in (("train", 0), ("validation", 0.5)):
        rows = []
        for epoch in range(4):
            rows.append(event(tensor("epoch_loss", 1 - epoch / 10 + shift), step=epoch))
            rows.append(event(tensor("epoch_accuracy", epoch / 10), step=epoch))
        rows.append(event(tensor("evaluation_loss_vs_iterations", 1), step=400))
        write(tmp_path / f"logs/{side}/events.out.tfevents.1700000000.host.7.0.v2", rows)
    assert not claims(tensorboard, tmp_path)
    run = read(tmp_path / "logs")
    assert ys(run, "train_loss") == [1.0, 0.9, 0.8, 0.7]
    assert ys(run, "val_loss") == [1.5, 1.4, 1.3, 1.2]
    assert run.main_metric == "val_accuracy"
    assert run.epochs_done == 4
    assert run.path.name == "logs"


def test_training_alone_in_its_folder_is_a_run_there(tmp_path: Path) -> None:
    curve(tmp_path / "logs/train" / NAME, "epoch_loss", [3, 2, 1])
    assert not claims(tensorboard, tmp_path / "logs")
    assert read(tmp_path / "logs/train").epochs_done == 3


def test_an_estimator_evaluates_in_a_folder_of_its_run(tmp_path: Path) -> None:
    steps = [event(simple("loss", 9 - i), step=100 * i) for i in range(5)]
    write(tmp_path / NAME, steps)
    evals = [event(simple("accuracy", i / 9), step=200 * i) for i in range(1, 3)]
    write(tmp_path / "eval" / NAME, evals)
    run = read(tmp_path)
    assert run.series["val_accuracy"].x.tolist() == [200, 400]
    assert run.series["train_loss"].axis == "step"


def test_runs_of_one_process_are_not_parts_of_each_other(tmp_path: Path) -> None:
    curve(tmp_path / NAME, "loss", [3, 2])
    curve(tmp_path / "exp_1" / NAME.replace(".0", ".1"), "loss", [3, 2, 1])
    (claim,) = tensorboard.claims(folder_of(tmp_path))
    assert claim.folders == ()


def test_a_resume_goes_on_in_another_file(tmp_path: Path) -> None:
    curve(tmp_path / NAME, "val/loss", [5, 4, 3, 2])
    curve(tmp_path / NAME.replace("1700000000", "1700009999"), "val/loss", [2.5, 1.5, 1], first=2)
    run = read(tmp_path)
    assert ys(run, "val_loss") == [5, 4, 2.5, 1.5, 1]
    assert run.series["val_loss"].segment.tolist() == [0, 0, 1, 1, 1]
    assert [e.kind for e in run.events] == ["resumed"]
    assert run.superseded[0].y.tolist() == [3, 2]


def test_a_restart_in_the_same_folder_is_another_training(tmp_path: Path) -> None:
    curve(tmp_path / NAME, "val/loss", [5, 4, 3, 2])
    curve(tmp_path / NAME.replace("1700000000", "1700009999"), "val/loss", [6, 5, 4])
    run = read(tmp_path)
    assert ys(run, "val_loss") == [6, 5, 4]
    assert [e.kind for e in run.events] == ["restarted"]


def test_a_value_that_is_no_number_is_kept(tmp_path: Path) -> None:
    run = read(curve(tmp_path / NAME, "val/loss", [2, float("nan"), float("inf")]).parent)
    assert np.isnan(run.series["val_loss"].y[1])
    assert np.isinf(run.series["val_loss"].y[2])


def test_quick_steps_one_by_one_are_steps(tmp_path: Path) -> None:
    run = read(curve(tmp_path / NAME, "loss", range(50), apart=0.1).parent)
    assert run.series["train_loss"].axis == "step"
    assert run.series["train_loss"].x[0] == 0
    run = read(curve(tmp_path / "slow" / NAME, "loss", range(50), apart=30).parent)
    assert run.series["train_loss"].axis == "epoch"


def test_values_without_a_step_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / NAME, [event(simple("loss", y)) for y in (3, 2, 1)])
    assert ys(read(path.parent), "train_loss") == [3, 2, 1]


def test_a_live_file_ends_anywhere(tmp_path: Path) -> None:
    path = curve(tmp_path / NAME, "val/loss", [4, 3, 2, 1])
    whole = path.read_bytes()
    before = 0
    for end in range(len(whole), 200, -1):
        path.write_bytes(whole[:end])
        run = read(tmp_path)
        assert not run.notes
        before = max(before, len(run.series["val_loss"]))
        assert len(run.series["val_loss"]) in (2, 3, 4)
    assert before == 4


def test_a_wrong_checksum_costs_one_record(tmp_path: Path) -> None:
    path = curve(tmp_path / NAME, "val/loss", [4, 3, 2, 1])
    data = bytearray(path.read_bytes())
    at = data.find(np.float32(3).tobytes())
    data[at + 2] ^= 1
    path.write_bytes(data)
    run = read(tmp_path)
    assert ys(run, "val_loss") == [4, 2, 1]
    assert "1 records whose checksum is wrong" in run.notes[0].text


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 1 << 40, 57])
def test_a_length_that_lies_ends_the_file(tmp_path: Path, length: int) -> None:
    path = curve(tmp_path / NAME, "val/loss", [4, 3, 2, 1])
    data = bytearray(path.read_bytes())
    start = _third(data)
    data[start : start + 8] = length.to_bytes(8, "little")
    path.write_bytes(data)
    run = read(tmp_path)
    assert len(run.series["val_loss"]) == 2
    assert "is damaged at record 4" in run.notes[0].text


def _third(data: bytearray) -> int:
    """Where the record of the third value starts: behind the version and two values."""
    at = 0
    for _ in range(3):
        at += 16 + int.from_bytes(data[at : at + 8], "little")
    return at


def test_a_sound_but_endless_length_is_passed_over(tmp_path: Path) -> None:
    path = curve(tmp_path / NAME, "val/loss", [4, 3])
    huge = (1 << 62).to_bytes(8, "little")
    path.write_bytes(path.read_bytes() + huge + crc(huge) + b"abc")
    assert ys(read(tmp_path), "val_loss") == [4, 3]


def test_images_are_passed_over(tmp_path: Path) -> None:
    length = (1 << 22).to_bytes(8, "little")
    image = length + crc(length) + bytes((1 << 22) + 4)  # its own checksum is wrong: not looked at
    rows = [event(simple("val/loss", 1 / i), step=i) + image for i in range(1, 12)]
    run = read(write(tmp_path / NAME, rows).parent)
    assert len(run.series["val_loss"]) == 11
    assert not run.notes


def test_many_values_in_one_event_and_many_tags_of_one_length(tmp_path: Path) -> None:
    rows = [
        event(*(simple(f"part/{i:02}", step + i) for i in range(20)), step=step)
        for step in range(30)
    ]
    rows += [event(simple(f"b{i % 10}", i), step=i // 10) for i in range(300)]
    run = read(write(tmp_path / NAME, rows).parent)
    assert len(run.series) == 30
    assert all(len(series) == 30 for series in run.series.values())
    assert ys(run, "b3")[:2] == [3, 13]


def test_negative_and_large_steps(tmp_path: Path) -> None:
    steps = [-1, 0, 127, 128, 2**31]
    path = write(tmp_path / NAME, [event(simple("loss", 1), step=s) for s in steps])
    assert read(path.parent).series["train_loss"].x.tolist() == steps


def test_what_is_no_event_file_is_not_claimed(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"no record at all, but long enough" * 9)
    assert not claims(tensorboard, tmp_path)
    write(tmp_path / NAME, [])
    assert not claims(tensorboard, tmp_path), "only the version record: nothing was logged"
    (tmp_path / "train").mkdir()
    (tmp_path / "val").mkdir()
    assert not claims(tensorboard, tmp_path), "a data set"


def test_damage_anywhere_never_raises(tmp_path: Path) -> None:
    source = (RUNS / "pytorch/events.out.tfevents.1795210612.host.4711.0").read_bytes()
    dice = random.Random(3)
    for _ in range(300):
        data = bytearray(source[: dice.randrange(200, len(source))])
        for _ in range(dice.randrange(4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        if dice.random() < 0.5:  # damage behind a right checksum
            data += record(bytes(dice.randrange(256) for _ in range(60)))
        (tmp_path / NAME).write_bytes(data)
        folder = folder_of(tmp_path)
        for claim in tensorboard.claims(folder):
            tensorboard.read(folder, claim)
