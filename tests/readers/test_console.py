"""Console captures: the many shapes in which people print what their training does."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from analyzer.readers import console
from analyzer.reading.folder import DiskTree, Folder
from analyzer.run import Run, Status


def folder(tmp_path: Path, **texts: str | bytes) -> Folder:
    for name, text in texts.items():
        path = tmp_path / name.replace("__", ".")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Folder(DiskTree(tmp_path))


def read(tmp_path: Path, text: str | bytes, name: str = "train.log") -> Run:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    here = Folder(DiskTree(tmp_path))
    (claim,) = console.claims(here)
    return console.read(here, claim)


def values(run: Run, name: str) -> list[float]:
    series = run.series[name]
    return [round(float(y), 6) for y in series.y]


def xs(run: Run, name: str) -> list[float]:
    return [float(x) for x in run.series[name].x]


EPOCH_LINES = [
    "Epoch {e}/3, Train Loss: {a}, Val Loss: {b}",
    "Epoch [{e}/3] | train_loss={a} | val_loss={b}",
    "[Epoch {e}/3] train loss {a} val loss {b}",
    "epoch: {e}/3 train_loss: {a} val_loss: {b}",
    "Epoch {e} of 3 - training loss: {a} - validation loss: {b}",
    "2026-01-05 14:31:02,101 - INFO - Epoch {e}/3, Train Loss: {a}, Valid Loss: {b}",
    "[2026-01-05 14:31:02] INFO Epoch {e}/3 Train: loss {a} Val: loss {b}",
    "INFO:root:Epoch {e}/3: loss: {a}, val_loss: {b}",
    "03/07/24 14:42:40 INFO   Epoch {e}/3: v_loss {b}  loss {a}",
    "Epoch {e}/3\ttrain loss: {a}\teval loss: {b}\ttime: 12.3s",
    "第{e}/3轮 训练损失: {a} 验证损失: {b}",
    "轮次 {e}/3，训练损失：{a}，验证损失：{b}",
    "에폭 {e}/3 - 훈련 손실: {a}, 검증 손실: {b}",
    "エポック {e}/3: 訓練損失={a} 検証損失={b}",
    "Epoch {e}/3 Loss (train): {a} Loss (val): {b}",
    "Epoch {e}/3 - Loss: train {a}, val {b}",
    "Epoch {e}/3 train_loss: tensor({a}, device='cuda:0') val_loss: tensor({b})",
    "{{'epoch': {e}, 'epochs': 3, 'train_loss': {a}, 'val_loss': {b}}}",
    "📊 Ep {e}/3: Loss:{a} | Val Loss:{b}",
    "Epoch {e}/3\nTrain Loss: {a}\nVal Loss: {b}",
    "Epoch {e}/3\n----------\ntrain Loss: {a} Acc: 0.5\nval Loss: {b} Acc: 0.5\n",
    "Epoch {e}/3\nTraining:\n  loss: {a}\nValidation:\n  loss: {b}",
]


@pytest.mark.parametrize("line", EPOCH_LINES)
def test_an_epoch_of_any_shape(tmp_path: Path, line: str) -> None:
    losses = [("0.9", "1.1"), ("nan", "0.8"), ("2.5e-1", "0.75")]
    text = "\n".join(line.format(e=e, a=a, b=b) for e, (a, b) in enumerate(losses, 1)) + "\n"
    run = read(tmp_path, text)
    assert xs(run, "train_loss") == xs(run, "val_loss") == [1, 2, 3]
    assert np.array_equal(run.series["train_loss"].y, [0.9, np.nan, 0.25], equal_nan=True)
    assert values(run, "val_loss") == [1.1, 0.8, 0.75]
    assert run.series["val_loss"].axis == "epoch"
    if "'epochs'" not in line:
        assert (run.planned_epochs, run.status) == (3, Status.FINISHED)


def test_epochs_from_zero_count_from_one(tmp_path: Path) -> None:
    text = "".join(f"Epoch {e}: Train Loss {-0.1 * e:.4f}\n" for e in range(3))
    run = read(tmp_path, text)
    assert xs(run, "train_loss") == [1, 2, 3]
    assert values(run, "train_loss") == [0, -0.1, -0.2]


@pytest.mark.parametrize(("total", "planned"), [("24", 25), ("25", 25)])
def test_a_total_counted_from_zero_is_seen(tmp_path: Path, total: str, planned: int) -> None:
    text = "".join(f"Epoch {e}/{total}\nloss: 0.{9 - e}\n" for e in range(3))
    assert read(tmp_path, text).planned_epochs == planned


def test_percent_and_counts_are_fractions(tmp_path: Path) -> None:
    text = "".join(
        f"Train Epoch: {e} [640/60000 (1%)]\tLoss: 0.5{e}\n\n"
        f"Test set: Average loss: 0.0{e}74, Accuracy: 98{e}0/10000 (98%)\n\n"
        for e in (1, 2, 3)
    )
    run = read(tmp_path, text)
    assert values(run, "val_accuracy") == [0.981, 0.982, 0.983]
    assert values(run, "val_loss") == [0.0174, 0.0274, 0.0374]
    assert run.series["train_loss@step"].axis == "step"
    assert run.samples == {"val": 10000}
    lines = "".join(f"Epoch {e}/3, Train Loss: 1.0, Test Acc: 0.9{e}%\n" for e in (1, 2, 3))
    assert values(read(tmp_path, lines), "val_accuracy") == [0.0091, 0.0092, 0.0093]


def test_steps_with_and_without_an_epoch(tmp_path: Path) -> None:
    text = "".join(
        f"step {s}: train loss {4 - s / 500:.4f}, val loss {4.1 - s / 500:.4f}\n"
        f"iter {s}: loss 3.5, time 41.2ms, mfu 3.1%\niter {s + 10}: loss 3.4, time 40.2ms\n"
        for s in range(0, 1000, 250)
    )
    run = read(tmp_path, text)
    assert run.series["val_loss"].axis == "step"
    assert xs(run, "val_loss") == [0, 250, 500, 750]
    assert values(run, "train_loss") == [4.0, 3.5, 3.0, 2.5]
    assert len(run.series["batch_loss"]) == 8


def test_a_step_that_begins_anew_with_each_epoch_is_counted_on(tmp_path: Path) -> None:
    text = "".join(
        f"Epoch [{e}/2], Step [{s}/300], Loss: 0.{e}{s}\n" for e in (1, 2) for s in (100, 200, 300)
    )
    run = read(tmp_path, text)
    assert xs(run, "train_loss@step") == [100, 200, 300, 400, 500, 600]
    assert run.planned_epochs == 2
    assert not run.superseded


def test_epoch_headers_hold_for_the_steps_below(tmp_path: Path) -> None:
    text = "".join(
        f"Epoch {e}/5\n"
        + "".join(f"  batch {b}/20 loss: 0.{e}{b}\n" for b in (10, 20))
        + f"Validation loss: 0.{e} accuracy: 0.5{e}\n"
        for e in (1, 2)
    )
    run = read(tmp_path, text)
    assert xs(run, "train_loss@step") == [10, 20, 30, 40]
    assert xs(run, "val_loss") == [1, 2]
    assert run.epochs_done == 2


def test_yolox_and_imagenet_lines(tmp_path: Path) -> None:
    yolox = "".join(
        f"2026-01-05 14:31:02 | INFO     | yolox.core.trainer:261 - epoch: {e}/300, iter: {i}/20, "
        f"gpu mem: 5234Mb, iter_time: 0.412s, data_time: 0.001s, total_loss: 1{i}.2, "
        "iou_loss: 4.1, lr: 1.2e-06, size: 640, ETA: 2:05:11\n"
        for e in (1, 2)
        for i in (10, 20)
    )
    run = read(tmp_path, yolox)
    assert values(run, "train_loss@step") == [110.2, 120.2, 110.2, 120.2]
    assert run.planned_epochs == 300
    assert values(run, "learning_rate") == pytest.approx([1.2e-6] * 2, abs=1e-6)
    imagenet = "".join(
        f"Epoch: [{e}][ 10/50]\tTime  0.3 (0.4)\tData 0.1 (0.2)\tLoss 6.9e+00 (7.0e+00)\tAcc@1   "
        f"1.00 (  2.10)\nTest: [ 0/10]\tTime 0.1 (0.1)\tLoss 6.5e+00 (6.5e+00)\n"
        f" * Acc@1 1{e}.0 Acc@5 20.0\n"
        for e in range(3)
    )
    run = read(tmp_path, imagenet)
    assert values(run, "val_accuracy") == [0.1, 0.11, 0.12]


def test_hugging_face_dicts(tmp_path: Path) -> None:
    text = (
        "TrainingArguments(\nlearning_rate=5e-05,\nnum_train_epochs=2,\n"
        "per_device_train_batch_size=8,\n)\n"
        "{'loss': 0.7, 'grad_norm': 1.2, 'learning_rate': 4.8e-05, 'epoch': 0.5}\n"
        "{'eval_loss': 0.5, 'eval_f1': 0.6, 'eval_runtime': 3.2, 'epoch': 1.0}\n"
        "{'loss': '0.6', 'grad_norm': 'nan', 'learning_rate': '2.4e-05', 'epoch': '1.5'}\n"
        "{'eval_loss': 0.4, 'eval_f1': 0.7, 'eval_runtime': 3.2, 'epoch': 2.0}\n"
        "{'train_runtime': 805.0, 'train_loss': 0.65, 'epoch': 2.0}\n"
        "***** train metrics *****\n  epoch                    =        2.0\n"
        "  train_loss               =       0.65\n"
    )
    run = read(tmp_path, text, "slurm-12.out")
    assert xs(run, "train_loss") == [0.5, 1.5]
    assert values(run, "train_loss") == [0.7, 0.6]
    assert np.isnan(run.series["grad_norm"].y[-1])
    assert values(run, "val_f1") == [0.6, 0.7]
    assert not any("runtime" in name for name in run.series)
    assert (run.main_metric, run.planned_epochs, run.status) == ("val_f1", 2, Status.FINISHED)
    assert run.config.values["optimizer.lr"] == 5e-05
    assert run.config.spelled("data.batch_size") == "per_device_train_batch_size"


@pytest.mark.parametrize("newline", ["\n", "\r"])
@pytest.mark.parametrize(
    "bar",
    [
        "{k}/3 [{dots}] - ETA: 5:00 - loss: {loss} - accuracy: 0.5",
        "{k}/3 ━━━━━━━━━━ 3s 5ms/step - accuracy: 0.5 - loss: {loss}",
    ],
)
def test_keras_bars_count_when_they_are_full(tmp_path: Path, bar: str, newline: str) -> None:
    text = ""
    for e in (1, 2, 3):
        text += f"Epoch {e}/10\n"
        states = (2,) if e == 3 else (1, 2, 3)
        for k in states:
            tail = f" - val_loss: 0.{e}5" if k == 3 else ""
            dots = ">" * k + "." * 20
            text += bar.format(k=k, dots=dots, loss=f"0.{k}{e}") + tail
            text += "\n" if k == 3 else newline
    run = read(tmp_path, text)
    assert xs(run, "train_loss") == [1, 2]
    assert values(run, "train_loss") == [0.31, 0.32]
    assert values(run, "val_loss") == [0.15, 0.25]
    assert run.planned_epochs == 10


@pytest.mark.parametrize("between", ["\n", "\r"])
def test_lightning_bars(tmp_path: Path, between: str) -> None:
    lines = []
    for e in range(3):
        for k in (0, 60, 120):
            stale = f", val_loss=1.{e - 1}9" if e and k < 120 else f", val_loss=1.{e}9"
            lines.append(
                f"Epoch {e}: {100 * k // 120:3d}%|██████    | {k}/120 [00:12<00:00, 9.8it/s, "
                f"loss=0.{e}{k}, v_num=0{stale if e or k == 120 else ''}]"
            )
    lines[-1] += "\rEpoch 2: 100%|██████████| 120/120 [00:12<00:00, loss=0.2120, val_loss=1.29]"
    lines.append("Epoch 3:  50%|█████     | 60/120 [00:12<00:00, 9.8it/s, loss=0.9, v_num=0]")
    run = read(tmp_path, between.join(lines))
    assert xs(run, "train_loss") == [1, 2, 3]
    assert values(run, "val_loss") == [1.09, 1.19, 1.29]
    assert "v_num" not in run.series


def test_a_bar_that_shares_its_line_with_a_metrics_line(tmp_path: Path) -> None:
    text = "".join(
        "\r 50%|#####     | 5/10 [00:01<00:01, 4.9it/s]\r"
        f"Epoch {e}: train loss 0.{e}, val loss 0.5\n"
        for e in (1, 2, 3)
    )
    assert values(read(tmp_path, text), "train_loss") == [0.1, 0.2, 0.3]


def test_printed_tables(tmp_path: Path) -> None:
    skorch = (
        "  epoch    train_loss    valid_acc    valid_loss     dur\n"
        "-------  ------------  -----------  ------------  ------\n"
        "      1        0.6905       0.5300        0.6761  0.0400\n"
        "      2        0.6505       0.6300        0.6561  0.0400\n"
    )
    run = read(tmp_path, skorch)
    assert values(run, "train_loss") == [0.6905, 0.6505]
    assert values(run, "val_accuracy") == [0.53, 0.63]
    fastai = (
        "epoch     train_loss  valid_loss  accuracy  time    \n"
        "0         0.5         0.6         0.7       00:10   \n"
        "1         0.4         0.5         0.8       00:10   \n"
    )
    run = read(tmp_path, fastai)
    assert xs(run, "val_loss") == [1, 2]
    assert values(run, "val_accuracy") == [0.7, 0.8]


def test_yolo_tables(tmp_path: Path) -> None:
    text = "Logging results to runs/detect/train\nStarting training for 3 epochs...\n"
    for e in (1, 2, 3):
        text += (
            "\n      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size\n"
            f"      {e}/3      2.17G      1.{e}      3.2      1.0         12        640: 100%|"
            "██████████| 50/50 [00:10<00:00,  4.8it/s]\n"
            "                 Class     Images  Instances      Box(P          R      mAP50  "
            "mAP50-95): 100%|██████████| 5/5 [00:01<00:00,  4.8it/s]\n"
            f"                   all        100        929      0.63{e}      0.553      0.592"
            f"       0.4{e}\n"
        )
    run = read(tmp_path, text)
    assert values(run, "train_loss.box") == [1.1, 1.2, 1.3]
    assert values(run, "train_loss") == [5.3, 5.4, 5.5]
    assert values(run, "val_map50_95") == [0.41, 0.42, 0.43]
    assert run.planned_epochs == 3


def test_folds_are_other_trainings_and_no_resume(tmp_path: Path) -> None:
    text = "".join(
        f"Fold {f}/3\n"
        + "".join(f"Epoch {e}/5 | Loss: 0.{f}{e} | Val Acc: 0.9{f}\n" for e in (1, 2, 3))
        + "🛑 Early stopping triggered.\nTest accuracy: 0.95\n"
        for f in (1, 2, 3)
    )
    run = read(tmp_path, text)
    assert values(run, "train_loss") == [0.31, 0.32, 0.33]
    assert values(run, "val_accuracy") == [0.93] * 3
    assert [event.kind for event in run.events].count("fold") == 3
    assert not any(event.kind == "resumed" for event in run.events)
    assert run.superseded
    assert run.status is Status.STOPPED_EARLY


def test_final_results_are_no_curve(tmp_path: Path) -> None:
    text = "".join(f"Epoch {e}: loss: 0.{e}\n" for e in range(1, 6))
    text += "Test Loss: 0.7\nTest Accuracy: 0.9\nBest epoch: 3 val loss: 0.1\n"
    run = read(tmp_path, text)
    assert set(run.series) == {"train_loss"}


def test_settings_both_ways(tmp_path: Path) -> None:
    text = (
        "Namespace(batch_size=16, lr=0.001, model='resnet50', no_cuda=False)\n"
        "2026-01-05 10:00:00,000 - INFO - Weight decay: 0.0005\n  - Optimizer: AdamW\n"
        "Total steps: 87,500\n  num_epochs: 20\nWarning: learning rate: high\n"
        "Epoch 1: loss: 0.5\nEpoch 2: loss: 0.4\n"
    )
    run = read(tmp_path, text)
    assert run.config.values["data.batch_size"] == 16
    assert run.config.values["optimizer.weight_decay"] == 0.0005
    assert run.config.values["optimizer.type"] == "AdamW"
    assert run.config.spelled("optimizer.weight_decay") == "Weight decay"
    assert (run.planned_epochs, run.config.lines["train.epochs"]) == (20, 5)


def test_an_error_stream_belongs_to_its_output(tmp_path: Path) -> None:
    here = folder(
        tmp_path,
        train__out="Epoch 1: loss 0.5\nEpoch 2: loss 0.4\n",
        train__err=" 10%|#    | 1/10 [00:01<00:02]\nslurmstepd: error: *** JOB 27 ON n1 CANCELLED "
        "AT 2026-07-05T02:42:53 DUE TO TIME LIMIT ***\n",
    )
    (claim,) = console.claims(here)
    assert (claim.main, claim.files) == ("train.out", ("train.err",))
    run = console.read(here, claim)
    assert values(run, "train_loss") == [0.5, 0.4]
    assert run.status is Status.KILLED


def test_an_error_stream_alone_tells_the_plan(tmp_path: Path) -> None:
    text = (
        "Loading shards: 100%|####| 2/2 [00:15<00:00,  7.70s/it]\n"
        "100%|######| 400/400 [00:05<00:00, 78.56it/s]\n"
        " 50%|###   | 250/500 [40:00<40:00,  9.5s/it]\n"
        "Traceback (most recent call last):\n"
        '  File "site-packages/transformers/trainer.py", line 1, in train\n'
        "safetensors.SafetensorError: Disk quota exceeded\n"
    )
    run = read(tmp_path, text, "train.err")
    assert (run.planned_steps, run.steps_done, run.status) == (500, 0, Status.FAILED)


def test_an_error_that_the_training_survived_is_left_out(tmp_path: Path) -> None:
    trace = "Traceback (most recent call last):\n  File 'plot.py', line 1\nValueError: no plot\n"
    text = "".join(f"Epoch {e}: loss: 0.{e}\n" + (trace if e == 2 else "") for e in range(1, 6))
    run = read(tmp_path, text)
    assert not [event for event in run.events if event.kind == "error"]
    assert run.status is Status.UNKNOWN
    end = trace.replace("plot", "memory")
    (event,) = [e for e in read(tmp_path, text + end).events if e.kind == "error"]
    assert event.text == "ValueError: no memory"


def test_every_rank_prints_and_nothing_is_taken_for_a_restart(tmp_path: Path) -> None:
    text = "".join(f"Epoch {e}: train loss: 0.{e}{r}\n" for e in range(1, 6) for r in range(4))
    run = read(tmp_path, text)
    assert xs(run, "train_loss") == [1, 2, 3, 4, 5]
    assert not any(event.kind in ("restarted", "resumed") for event in run.events)


def test_a_start_line_of_every_epoch_is_no_restart(tmp_path: Path) -> None:
    text = "".join(f"Starting training...\nEpoch {e}: loss: 0.{e}\n" for e in range(1, 7))
    run = read(tmp_path, text)
    assert len(run.series["train_loss"]) == 6
    assert not run.superseded


@pytest.mark.parametrize("encoding", ["gb18030", "cp949", "utf-16", "utf-16-le", "utf-8-sig"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str) -> None:
    words = "에폭 {e}/9 손실: 0.{e}\r\n" if encoding == "cp949" else "轮次 {e}/9 损失: 0.{e}\r\n"
    intro = (
        "학습 설정: 데이터 로딩 완료\r\n" if encoding == "cp949" else "数据加载完成，开始训练\r\n"
    )
    text = intro * 3 + "".join(words.format(e=e) for e in range(1, 9))
    run = read(tmp_path, text.encode(encoding))
    assert values(run, "train_loss") == [round(0.1 * e, 1) for e in range(1, 9)]


NOT_TRAINING = {
    "README.md": "Epoch 1: loss 0.5\nEpoch 2: loss 0.4\nEpoch 3: loss 0.3\nEpoch 4: loss 0.2\n",
    "requirements.txt": "torch==2.1.0\nepoch==1.0\n",
    "gt_img_1.txt": "377,117,463,117,465,130,378,130,Epoch 1: loss 0.5\n",
    "classes.txt": "epoch\nloss\nstep 1\n",
    "pip.log": "Collecting torch==2.1\n  Downloading torch-2.1.0 (670.2 MB)\nstep 1: error\n",
    "server.log": "2026-01-05 10:00:00 ERROR request 12 failed: loss of connection, step 3\n"
    "Traceback (most recent call last):\n  File 'app.py', line 3\nValueError: bad\n",
    "notes.txt": "We train for 3 epochs. The loss was 0.5 after epoch 3.\n",
    "data.txt": "0.5 0.6 0.7\n0.1 0.2 0.3\n",
    "empty.log": "",
    "binary.out": "\0\1Epoch 1: loss 0.5",
    "paper.md": "| Model | Epochs | Accuracy |\n| --- | --- | --- |\n| A | 100 | 0.9 |\n",
    "install.log": "step 1/5 : FROM python:3.10\nstep 2/5 : RUN pip install torch\n",
}


@pytest.mark.parametrize("name", NOT_TRAINING)
def test_what_is_no_training_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(NOT_TRAINING[name])
    assert list(console.claims(Folder(DiskTree(tmp_path)))) == []


def test_of_many_text_files_some_are_left_out_and_said(tmp_path: Path) -> None:
    for number in range(console.MOST_CANDIDATES + 5):
        (tmp_path / f"a{number:04}.log").write_text("Epoch 1: loss: 0.5\nEpoch 2: loss: 0.4\n")
    here = Folder(DiskTree(tmp_path))
    claims = list(console.claims(here))
    assert len(claims) == console.MOST_CANDIDATES
    assert [note.text.partition(" in ")[0] for note in here.passed_over] == ["5 more text files"]


def test_damaged_text_is_read_without_an_error(tmp_path: Path) -> None:
    rng = random.Random(0)
    text = "\n".join(
        line.format(e=e, a=0.5, b=0.6) for line in EPOCH_LINES for e in range(1, 4)
    ).encode()
    path = tmp_path / "train.log"
    here = Folder(DiskTree(tmp_path))
    from analyzer.reading.claim import Claim

    for cut in [*range(0, len(text), 97), *([len(text)] * 40)]:
        data = bytearray(text[:cut])
        for _ in range(min(len(data), 20) if cut == len(text) else 0):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(bytes(data))
        list(console.claims(here))
        console.read(here, Claim("train.log", whole=False))


def test_what_another_stream_wrote_behind_a_bar_is_its_own_line(tmp_path: Path) -> None:
    text = "".join(
        f"Validation:  50%|##   | 5/10 [00:01<00:01, 4.9it/s]Epoch {e}: loss 0.{e} v_loss 0.5\n"
        f"Validation: |          | 0/? [00:00<?, ?it/s]Epoch {e}: reg_loss 0.7\n"
        for e in (1, 2, 3)
    )
    run = read(tmp_path, text)
    assert values(run, "train_loss") == [0.1, 0.2, 0.3]
    assert values(run, "val_loss") == [0.5] * 3


def test_a_capture_whose_returns_were_lost_is_one_long_line(tmp_path: Path) -> None:
    states = "".join(
        f"Epoch {e}: {100 * k // 3000:3d}%|####   | {k}/3000 [00:12<00:00, 1.3s/it, loss=1.{e}, "
        f"v_num=2, train_loss_step=1.{e}]"
        for e in range(3)
        for k in range(0, 3001, 10)
    )
    run = read(tmp_path, f"GPU available: True\nTraining: 0it [00:00, ?it/s]{states}\n")
    assert xs(run, "train_loss") == [1, 2, 3]
    assert values(run, "train_loss") == [1.0, 1.1, 1.2]


def test_other_words_for_a_loss_and_a_rate_below(tmp_path: Path) -> None:
    text = "".join(
        f"[epoch: {e}/200, iter: {i}/448] total: 0.{e}{i}\n"
        + (
            f"Validation accuracy: 0.5{e}\nEnd of epoch {e} / 200 \t Time Taken: 215.3 sec\n"
            * (i > 0)
        )
        + ("learning rate = 0.0001000\n" * (i > 0))
        for e in (79, 80, 81)
        for i in (0, 25)
    )
    run = read(tmp_path, text)
    assert values(run, "train_loss@step")[:2] == [0.79, 0.7925]
    assert values(run, "val_accuracy") == [0.579, 0.58, 0.581]
    assert xs(run, "learning_rate") == [79, 80, 81]
    assert run.planned_epochs == 200
    text = "".join(
        f"==>>> it: {i}, avg. loss: 6.{i}, running train acc: 0.1\n"
        f"==>>> it: {i}, mem avg. loss: 2.{i}, running mem acc: 0.200\n"
        for i in (1, 101, 201)
    )
    assert values(read(tmp_path, text), "train_loss") == [6.1, 6.101, 6.201]
    text = "".join(f"Epoch: {e:04} cost= 1.{e} time cost 3.2s\n" for e in (1, 2, 3))
    assert values(read(tmp_path, text), "train_loss") == [1.1, 1.2, 1.3]


def test_a_logger_called_train_says_nothing_of_the_data(tmp_path: Path) -> None:
    start = (
        "2025-10-18 21:47:22,696 - __main__ - INFO -   learning_rate: 2e-0{n}\n"
        "2025-10-18 21:47:22,696 - __main__ - INFO - Starting Training\n"
        "2025-10-18 21:47:28,335 - src.training.train - INFO - Epoch 1/1 - Loss: 0.{n}, F1: 0.5\n"
        "2025-10-18 21:47:28,618 - src.training.train - INFO - Validation - Loss: 0.6{n}\n"
        "2025-10-18 21:47:29,306 - src.training.train - INFO - Training completed!\n"
    )
    run = read(tmp_path, start.format(n=4) + start.format(n=5))
    assert values(run, "train_loss") == [0.5]
    assert values(run, "val_loss") == [0.65]
    assert values(run, "val_f1") == [0.5]
    assert run.status is Status.FINISHED


def test_the_settings_of_the_last_start_count(tmp_path: Path) -> None:
    text = "".join(
        f"batch_size: {16 * n}\nlr: 0.{n}\nmodel: resnet\n"
        + "".join(f"Epoch {e}/3: loss: 0.{e}\nlr: 0.00{e}\n" for e in (1, 2, 3))
        for n in (1, 2)
    )
    run = read(tmp_path, text)
    assert run.config.values["data.batch_size"] == 32
    assert run.config.values["optimizer.lr"] == 0.2
    assert run.config.lines["data.batch_size"] == 10


def test_two_brackets_are_epoch_and_step_and_a_global_step_counts_on(tmp_path: Path) -> None:
    text = "".join(
        f"[{e}/1200], [{i}/63], global_step: {63 * e - 63 + i}, loss: 1.{e}{i}, lr:0.001\n"
        for e in (1, 2, 3)
        for i in (30, 60)
    )
    run = read(tmp_path, text)
    assert xs(run, "train_loss@step") == [30, 60, 93, 123, 156, 186]
    assert run.planned_epochs == 1200
    run = read(tmp_path, text.replace("global_step: ", "speed "))
    assert xs(run, "train_loss@step") == [30, 60, 93, 123, 156, 186]


def test_a_bar_of_rich(tmp_path: Path) -> None:
    text = "".join(
        f"Epoch {e}/9 ━━━━━━━━━━━━ {k}/938 0:00:05 • 0:00:00 170.1it/s v_num: 0 "
        f"train_loss: 0.{e}{k}\n"
        for e in range(3)
        for k in (300, 938)
    )
    run = read(tmp_path, text)
    assert values(run, "train_loss") == [0.0938, 0.1938, 0.2938]
    assert run.planned_epochs == 10


def test_epochs_rounded_to_the_same_digits_are_counted_by_line(tmp_path: Path) -> None:
    text = "".join(
        f"{{'loss': 1.{n:02}, 'learning_rate': 4e-05, 'epoch': 0.0{n // 4}}}\n" for n in range(30)
    )
    run = read(tmp_path, text)
    assert xs(run, "train_loss") == list(range(1, 31))
    assert run.series["train_loss"].axis == "step"
    assert not run.superseded


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[{e},  2000] loss: 2.{e}", "train_loss@step"),
        ("Epoch: {e}, Loss: 1.0, Train: 0.5, Val: 0.6{e}, Test: 0.7", "val_score"),
        ("Epoch {e} | train_loss: 0.{e} | mAP@.5: 0.{e}3 | P: 0.9 | R: 0.8", "val_map50"),
        ("Epoch {e} | train_loss: 0.{e} | mAP@.5: 0.{e}3 | P: 0.9 | R: 0.8", "val_precision"),
        (
            "Epoch: [{e}/9] Iter:[0/4], lr: [0.01], Loss: 1.5\nLoss: 0.9, MeanIU:  0.4{e}",
            "val_loss",
        ),
        ("=> loaded checkpoint (epoch 352)\nEpoch: [{e}/9] Loss: 1.5", "train_loss"),
        ("Episode {e} reward: {e}0.5 loss: 0.1", "train_reward"),
        ("Epoch {e}/9: 100%|###| 10/10 [00:02<00:00, 4img/s, loss (batch)=0.{e}]", "train_loss"),
    ],
)
def test_more_that_people_print(tmp_path: Path, line: str, expected: str) -> None:
    run = read(tmp_path, "".join(line.format(e=e) + "\n" for e in (1, 2, 3)))
    assert len(run.series[expected]) == 3


def test_totals_and_counters_that_are_none_leave_gaps(tmp_path: Path) -> None:
    text = "".join(
        f"Epoch {e}: loss: 0.{e}\nTest set: Average loss: 0.5, Accuracy: {e}/{10 * (e % 2)}\n"
        for e in (1, 2, 3)
    )
    text += f"Epoch {'9' * 400}: loss: 0.5\nEpoch inf: loss: 0.5\n"
    run = read(tmp_path, text)
    assert values(run, "val_accuracy") == [0.1, 0.3]
    assert xs(run, "train_loss") == [1, 2, 3]
