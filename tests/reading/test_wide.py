"""Wide, sparse tables counted by epochs, by steps or by both."""

from __future__ import annotations

from pathlib import Path

from analyzer.reading.curves import build_curves
from analyzer.reading.delimited import read_cells
from analyzer.reading.folder import Folder, LooseFile
from analyzer.reading.names import of_table
from analyzer.reading.wide import Counters, wide_tables
from analyzer.run import Series


def curves(text: str, epoch: str | None = "epoch", step: str | None = None) -> dict[str, Series]:
    cells = read_cells(Folder(LooseFile(Path("x"), "t.csv", text.encode())), "t.csv", [])
    assert cells is not None
    series = of_table([name for name in cells.names if name not in (epoch, step)])
    return dict(build_curves(wide_tables(cells, "t.csv", Counters(epoch, step), series)).series)


def points(series: Series) -> list[tuple[float, float]]:
    return list(zip(series.x.tolist(), series.y.tolist(), strict=True))


def test_epochs_from_zero_count_from_one() -> None:
    assert points(curves("epoch,loss\n0,5\n1,4\n")["train_loss"]) == [(1, 5), (2, 4)]
    assert points(curves("epoch,loss\n1,5\n2,4\n")["train_loss"]) == [(1, 5), (2, 4)]


def test_without_a_counter_the_rows_are_the_epochs() -> None:
    assert points(curves("loss,val_loss\n5,6\n4,5\n", None)["val_loss"]) == [(1, 6), (2, 5)]


def test_values_once_an_epoch_are_by_epoch_and_others_by_step() -> None:
    text = "epoch,step,loss,val_loss\n0,0,8,\n0,1,6,\n,1,,3\n1,2,4,\n1,3,2,\n1,3,,2\n"
    found = curves(text, step="step")
    assert points(found["train_loss@step"]) == [(0, 8), (1, 6), (2, 4), (3, 2)]
    assert points(found["train_loss"]) == [(1, 7), (2, 3)]
    assert points(found["val_loss"]) == [(1, 3), (2, 2)]


def test_a_row_without_an_epoch_opens_the_next_or_closes_its_own() -> None:
    text = "epoch,step,loss,lr\n,0,,0.1\n0,1,8,\n0,2,6,\n,3,,0.2\n1,4,4,\n1,5,2,\n"
    assert points(curves(text, step="step")["learning_rate"]) == [(1, 0.1), (2, 0.2)]


def test_a_counter_that_restarts_in_each_epoch_runs_through() -> None:
    text = "epoch,batch,loss\n1,0,8\n1,1,6\n2,0,4\n2,1,2\n"
    found = curves(text, step="batch")
    assert points(found["train_loss@step"]) == [(0, 8), (1, 6), (2, 4), (3, 2)]
    assert points(found["train_loss"]) == [(1, 7), (2, 3)]


def test_rows_that_repeat_their_epoch_are_steps() -> None:
    found = curves("epoch,loss\n1,8\n1,6\n1,7\n2,4\n2,2\n2,3\n")
    assert points(found["train_loss"]) == [(1, 7), (2, 3)]
    assert len(found["train_loss@step"]) == 6


def test_epochs_in_parts_are_left_as_they_are() -> None:
    assert points(curves("epoch,loss\n0,8\n0.5,6\n1,4\n")["train_loss"])[-1] == (1, 4)
