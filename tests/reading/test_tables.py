from __future__ import annotations

import numpy as np

from analyzer.reading.curves import build_curves
from analyzer.reading.tables import Table, text_column


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
