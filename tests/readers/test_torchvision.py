"""torchvision's references, the ImageNet example, Swin: now and mean, percent, epochs from 0."""

from __future__ import annotations

from pathlib import Path

import pytest
from ondisk import claims, read_one

from analyzer.readers import torchvision
from analyzer.run import Run, Status

IMAGENET = Path(__file__).parents[1] / "runs/torchvision/imagenet"
AP = " Average Precision  (AP) @[ IoU={} | area=   all | maxDets=100 ] = {}\n"


def of(folder: Path, text: str) -> Run:
    (folder / "train.log").write_text(text, encoding="utf-8")
    run = read_one(folder)
    assert run.format == "torchvision"
    return run


def test_the_imagenet_example() -> None:
    run = read_one(IMAGENET)
    assert run.series["train_loss"].y.tolist() == [6.5, 5.5]
    assert run.series["train_loss@step"].x.tolist() == [0, 10, 20, 30, 40]
    assert run.series["train_loss@step"].y.tolist() == [7, 6, 6, 5, 5]
    assert run.series["train_accuracy@step"].y[1] == pytest.approx(0.004)
    assert run.series["val_accuracy"].x.tolist() == [1, 2]
    assert run.series["val_accuracy"].y.tolist() == pytest.approx([0.00812, 0.00912])
    assert run.series["val_loss"].y.tolist() == [5.5, 4.5]
    assert run.series["data_time@step"].y[0] == 0.01
    assert run.main_metric == "val_accuracy"


def test_a_detection_reference_with_boxes_and_masks(tmp_path: Path) -> None:
    row = (
        "Epoch: [{}]  [ {}/20]  eta: 0:05:11  lr: 0.0010  loss: 1.79 (2.01)  "
        "loss_classifier: 0.43 (0.5)  time: 0.41  data: 0.01  max mem: 2852\n"
    )
    text = "Namespace(model='maskrcnn', epochs=2, lr=0.02, batch_size=2)\n"
    for epoch in (0, 1):
        text += row.format(epoch, 0) + row.format(epoch, 10)
        text += f"Epoch: [{epoch}] Total time: 0:00:20 (1.0000 s / it)\n"
        text += "Test:  [ 0/15]  eta: 0:01:00  model_time: 0.1 (0.1)  time: 0.2  data: 0.1\n"
        text += "IoU metric: bbox\n" + AP.format("0.50:0.95", 0.37) + AP.format("0.50     ", 0.58)
        text += "IoU metric: segm\n" + AP.format("0.50:0.95", 0.34)
    run = of(tmp_path, text + "Training time 0:00:40\n")
    assert run.series["val_map50_95"].y.tolist() == [0.37, 0.37]
    assert run.series["val_map50_95.segm"].y.tolist() == [0.34, 0.34]
    assert run.series["epoch_time"].y.tolist() == [20, 20]
    assert run.series["train_loss"].y.tolist() == [2.01, 2.01]
    assert run.series["gpu_memory_mb@step"].y[0] == 2852
    assert (run.main_metric, run.planned_epochs) == ("val_map50_95", 2)
    assert run.status is Status.FINISHED
    assert run.config.spelled("train.epochs") == "epochs"
    assert "eta" not in run.series


def test_a_segmentation_reference(tmp_path: Path) -> None:
    text = (
        "Epoch: [0]  [  0/10]  eta: 0:05:11  lr: 0.01  loss: 1.5 (1.5)  time: 0.41  data: 0.01\n"
        "global correct: 92.1\naverage row correct: ['97.1', '80.0']\n"
        "IoU: ['91.0', '60.0']\nmean IoU: 60.3\n"
    )
    run = of(tmp_path, text)
    assert run.series["val_miou"].y.tolist() == pytest.approx([0.603])
    assert run.series["val_pixel_accuracy"].y.tolist() == pytest.approx([0.921])


def test_swin_behind_a_logger_and_its_plan(tmp_path: Path) -> None:
    p = "[2021-12-05 08:12:33 swin_tiny](main.py 189): INFO "
    text = (
        f"{p}Train: [0/300][0/20]\teta 5:12:00 lr 0.000001\t wd 0.0500\ttime 0.4100 (0.4100)\t"
        "loss 6.9500 (6.9500)\tgrad_norm 1.2000 (1.2000)\tmem 8000MB\n"
        f"{p}Train: [0/300][10/20]\teta 0:12:00 lr 0.000011\t wd 0.0500\ttime 0.4100 (0.4100)\t"
        "loss nan (nan)\tgrad_norm inf (inf)\tmem 8000MB\n"
        f"{p} * Acc@1 1.234 Acc@5 4.500\n"
        f"{p}Accuracy of the network on the 50000 test images: 1.2%\n"
        f"{p}Max accuracy: 1.23%\n"
    )
    run = of(tmp_path, text)
    assert (run.planned_epochs, run.samples) == (300, {"val": 50000})
    assert run.series["val_accuracy"].y.tolist() == pytest.approx([0.01234])
    assert run.series["learning_rate"].y.tolist() == pytest.approx([6e-6])
    assert not run.series["train_loss"].finite.any()
    assert run.series["grad_norm@step"].y.tolist()[0] == 1.2


def test_a_restart_in_the_same_file(tmp_path: Path) -> None:
    row = "Epoch: [{}][{}/10]\tTime 0.1 (0.1)\tLoss {} (9.0)\tPrec@1 10.0 (10.0)\n"
    text = "".join(row.format(e, b, 5 - e) for e in (0, 1) for b in (0, 5))
    text += "".join(row.format(e, b, 3 - e) for e in (0, 1, 2) for b in (0, 5))
    run = of(tmp_path, text)
    assert run.series["train_loss@step"].y.tolist() == [3, 3, 2, 2, 1, 1]
    assert [event.kind for event in run.events] == ["restarted"]
    assert len(run.superseded) > 0


def test_epochs_that_count_from_1_stay(tmp_path: Path) -> None:
    row = "Epoch: [{}/2][{}/10]\tTime 0.1 (0.1)\tLoss 2.0 (3.0)\n"
    run = of(tmp_path, "".join(row.format(e, b) for e in (1, 2) for b in (0, 5)))
    assert run.series["train_loss"].x.tolist() == [1, 2]
    assert run.series["train_loss@step"].x.tolist() == [0, 5, 10, 15]
    assert run.status is Status.FINISHED


def test_other_rows_with_brackets_are_not_claimed(tmp_path: Path) -> None:
    text = "2022 - mmdet - INFO - Epoch [1][50/1250]\tlr: 1.990e-03, loss: 1.0\nEpoch: [1/5] a\n"
    (tmp_path / "a.log").write_text(text, encoding="utf-8")
    assert not claims(torchvision, tmp_path)


def test_validations_in_words_of_the_program(tmp_path: Path) -> None:
    text = "".join(
        f"Epoch: [{e}][0/20] Loss 1.9 (1.9) Prec@1 5.0 (5.0)\n"
        f"Epoch: [{e}][19/20] Loss 1.{e} (1.{e}) Prec@1 9.0 (8.0)\n"
        f"Training Results: Prec@1 8.0 Loss 1.{e}\nTesting Results: Prec@1 4{e}.0 Loss 0.9{e}\n"
        for e in (0, 1)
    )
    run = of(tmp_path, text)
    assert run.series["val_accuracy"].x.tolist() == [1, 2]
    assert run.series["val_accuracy"].y.tolist() == pytest.approx([0.4, 0.41])
    assert run.series["train_loss"].y.tolist() == [1.0, 1.1]


def test_the_example_for_mnist_is_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text("Train Epoch: 1 [0/60 (0%)]\tLoss: 2.3\n")
    assert not claims(torchvision, tmp_path)
