"""What people call their values, and which series they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reading.names import distinct, higher_is_better, is_share, of_table, plain


@pytest.mark.parametrize(
    ("own", "series"),
    [
        ("Train Loss", "train_loss"),
        ("loss/train", "train_loss"),
        ("trainloss", "train_loss"),
        ("valacc", "val_accuracy"),
        ("avg_loss", "train_loss"),
        ("test_acc5", "val_accuracy_top5"),
        ("val/overall_f1", "val_f1"),
        ("val/cls_loss", "val_loss.cls"),
        ("max_loss", "train_max_loss"),
        ("best_val_loss", "val_best_loss"),
        ("Valid Acc.", "val_accuracy"),
        ("learning_rate/group_0", "learning_rate"),
        ("lr-Adam", "learning_rate"),
        ("lr-SGD-momentum", "lr-SGD-momentum"),
        ("lr-AdamW/pg1", "learning_rate"),
        ("lr-SGD-1/pg2", "learning_rate"),
        ("grad_norm_before_clip", "grad_norm"),
        ("mIoU/val", "val_mIoU"),
        ("DiarizationErrorRate/valid", "val_DiarizationErrorRate"),
        ("something odd", "something_odd"),
    ],
)
def test_a_free_name_means_a_series(own: str, series: str) -> None:
    assert plain(own).series == series


def test_the_plainer_of_two_names_has_the_series() -> None:
    names = ["test_loss", "val_loss", "train/running_loss", "train/loss"]
    assert distinct(names, lambda name: plain(name).series) == {
        "test_loss": "test_loss",
        "val_loss": "val_loss",
        "train/running_loss": "train/running_loss",
        "train/loss": "train_loss",
    }


@pytest.mark.parametrize(
    ("names", "metric", "series"),
    [
        (("loss", "accuracy"), "accuracy", "train_accuracy"),
        (("loss", "accuracy", "val_loss", "val_accuracy"), "accuracy", "train_accuracy"),
        (("train_loss", "val_loss", "accuracy"), "accuracy", "val_accuracy"),
        (("train_loss", "val_loss", "aux_loss"), "aux_loss", "train_loss.aux"),
        (("loss", "mAP50"), "mAP50", "val_map50"),
        (("loss", "f1", "val_f1"), "f1", "train_f1"),
    ],
)
def test_the_other_columns_tell_the_split_of_a_name(
    names: tuple[str, ...], metric: str, series: str
) -> None:
    assert of_table(names)[metric] == series


def test_the_rows_may_tell_the_split() -> None:
    told = of_table(["loss", "accuracy", "mIoU"], {"accuracy": "val", "mIoU": "val"})
    assert (told["accuracy"], told["mIoU"]) == ("val_accuracy", "val_mIoU")


@given(st.lists(st.text(max_size=12), unique=True, max_size=8))
def test_no_two_columns_of_a_table_get_one_series(names: list[str]) -> None:
    found = of_table(names)
    assert list(found) == names
    assert all("@" not in series and series for series in found.values())


def test_words_tell_the_direction() -> None:
    assert higher_is_better("val_map50")
    assert not higher_is_better("val_abs_rel")


@pytest.mark.parametrize(
    ("series", "share"),
    [
        ("val_miou", True),
        ("val_accuracy_top5", True),
        ("train_decode_acc_seg", True),
        ("val_segm_map50_95", True),
        ("val_accuracy@step", True),
        ("val_loss", False),
        ("val_map_error", False),
        ("val_psnr", False),
        ("grad_norm", False),
    ],
)
def test_a_share_is_known_by_its_words(series: str, share: bool) -> None:
    assert is_share(series) is share
