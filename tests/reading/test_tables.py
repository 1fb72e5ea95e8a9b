from __future__ import annotations

import numpy as np

from analyzer.reading.curves import build_curves
from analyzer.reading.tables import Column, Table, text_column


def test_epochs_given_as_ints_make_curves_of_floats() -> None:
    one = Table("step", "log")
    for step in range(4):
        one.add(step, [("train_loss", b"0.5")], step + 1, epoch=step // 2 + 1)
    many = Table("step", "log")
    columns = {"train_loss": text_column([b"0.5"] * 4)}
    many.extend(np.arange(4.0), columns, np.arange(1, 5), np.array([1, 1, 2, 2]))  # type: ignore[arg-type]
    for table in (one, many):
        curve = build_curves([table]).series["train_loss"]
        assert curve.axis == "epoch"
        assert curve.x.tolist() == [1.0, 2.0]
        assert curve.x.dtype == np.float64


def test_a_name_twice_in_a_row_has_its_last_value() -> None:
    one = Table("epoch", "log")
    for epoch in (1, 2, 1):
        one.add(epoch, [("val_f1", b"0.5"), ("val_f1", b"0.7")], epoch)
    many = Table("epoch", "log")
    columns = {"val_f1": Column(np.array([0, 0, 2]), np.array([0.5, 0.7, 0.7]))}
    many.extend(np.array([1.0, 2.0, 1.0]), columns, np.array([1, 2, 3]))
    for table in (one, many):
        curve = build_curves([table]).series["val_f1"]
        assert curve.y[-1] == 0.7
        assert len(curve.x) == len(curve.y) == len(curve.segment)


def test_whole_numbers_of_any_size_are_borne() -> None:
    table = Table("step", "log")
    table.add(10**400, [("train_loss", 10**400)], 1, epoch=10**400)
    table.add(1, [("train_loss", -(10**400))], 2)
    rows = table.rows()
    assert rows.x.tolist() == [1]
    assert rows.columns["train_loss"].y.tolist() == [-np.inf]
