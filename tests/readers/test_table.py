"""Tables that nobody prescribed: what is a training, what is not, and how it is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import NoRunFound
from analyzer.readers import read
from analyzer.run import Run


def one(folder: Path, name: str, text: str) -> Run:
    (folder / name).write_text(text)
    (run,) = read(folder)
    assert run.format == "table"
    return run


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "Epoch,Train Loss,Val Loss,Val Acc\n1,2,3,55\n2,1,2,60\n"),
        ("a.tsv", "epoch\ttrain_loss\tvalid_loss\tvalid_acc\n0\t2\t3\t55\n1\t1\t2\t60\n"),
        ("a.log", "epoch  train_loss  val_loss  val_acc\n1  2  3  55\n2  1  2  60\n"),
        (
            "log.txt",
            "Learning Rate\tTrain Loss\tValid Loss\tValid Acc.\t\n"
            "0.1\t2\t3\t55\t\n0.1\t1\t2\t60\t\n",
        ),
        ("a.csv", ",epoch,trainloss,valloss,valacc\n0,1,2,3,0.55\n1,2,1,2,0.6\n"),
        (
            "a.csv",
            '"epoch","r - train/loss","r - val/loss","r - val/acc","r - val/acc__MIN"\n'
            '"1","2","3","0.55","0"\n"2","1","2","0.6","0"\n',
        ),
    ],
)
def test_one_training_in_many_shapes(tmp_path: Path, name: str, text: str) -> None:
    run = one(tmp_path, name, text)
    assert run.series["train_loss"].x.tolist() == [1, 2]
    assert run.series["train_loss"].y.tolist() == [2, 1]
    assert run.series["val_loss"].y.tolist() == [3, 2]
    assert run.series["val_accuracy"].y.tolist() == pytest.approx([0.55, 0.6])
    assert run.main_metric == "val_accuracy"


def test_statistics_of_a_loss_are_no_parts_of_it(tmp_path: Path) -> None:
    run = one(tmp_path, "a.csv", "epoch,avg_loss,min_loss,max_loss\n1,2,1,3\n")
    assert set(run.series) == {"train_loss", "train_min_loss", "train_max_loss"}


def test_a_sparse_table_by_step(tmp_path: Path) -> None:
    text = (
        "timestamp,step,train/loss,train/running_loss,eval/loss,summary/final_train_loss\n"
        "1756179661,0,9,9,,\n1756179662,50,,,8,\n1756179663,50,5,7,,\n1756179664,100,4,6,,4\n"
    )
    run = one(tmp_path, "metrics.csv", text)
    assert run.series["train_loss"].x.tolist() == [0, 50, 100]
    assert run.series["train_loss"].axis == "step"
    assert run.series["val_loss"].y.tolist() == [8]
    assert set(run.series) == {"train_loss", "train/running_loss", "val_loss"}


def test_batches_counted_in_each_epoch(tmp_path: Path) -> None:
    text = "epoch,batch,loss\n0,0,8\n0,1,6\n1,0,4\n1,1,2\n"
    run = one(tmp_path, "a.csv", text)
    assert run.series["train_loss"].y.tolist() == [7, 3]
    assert run.series["train_loss@step"].x.tolist() == [0, 1, 2, 3]


def test_rows_that_tell_their_split(tmp_path: Path) -> None:
    text = "epoch,phase,loss,acc\n1,train,4,0.1\n1,val,5,0.2\n2,train,2,0.3\n2,val,3,0.4\n"
    run = one(tmp_path, "a.csv", text)
    assert run.series["train_loss"].y.tolist() == [4, 2]
    assert run.series["val_accuracy"].y.tolist() == [0.2, 0.4]
    assert run.epochs_done == 2
    assert not run.events


def test_folds_are_told_apart_from_a_resume(tmp_path: Path) -> None:
    text = "fold,epoch,loss\n1,1,4\n1,2,3\n2,1,5\n2,2,2\n"
    run = one(tmp_path, "a.csv", text)
    assert run.series["train_loss"].y.tolist() == [5, 2]
    assert "fold" in {event.kind for event in run.events}
    assert "resumed" not in {event.kind for event in run.events}


def test_settings_beside_the_only_table(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"train": {"epochs": 9, "lr": 1e-3}}')
    run = one(tmp_path, "log.csv", "epoch,loss\n1,2\n")
    assert (run.planned_epochs, run.config.get("optimizer.lr")) == (9, 0.001)
    (tmp_path / "log2.csv").write_text("epoch,loss\n1,2\n")
    assert [run.planned_epochs for run in read(tmp_path)] == [None, None]


@pytest.mark.parametrize(
    "text",
    [
        "epoch,open,close\n1,2,3\n",
        "epoch,loss\n1756179661,0.5\n1756179662,0.4\n",
        "id,text,loss\na,b,c\n",
        "step,description,loss\nfirst,do this,no\nsecond,do that,no\n",
        "epoch\n1\n",
        "epoch,loss\n",
        "name,step,author,title,loss\n" + "a,1,b,c,\n" * 5,
        "val_loss,lr\n1,2\n",
        "numpy\ntorch loss step\n",
    ],
)
def test_what_is_no_training(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(NoRunFound):
        read(tmp_path)


def test_label_files_in_masses_are_not_opened(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"img_{number}.txt").write_text("epoch,loss\n1,2\n")
    (tmp_path / "train_log.csv").write_text("epoch,loss\n1,2\n")
    assert [run.name for run in read(tmp_path)] == ["train_log.csv"]
