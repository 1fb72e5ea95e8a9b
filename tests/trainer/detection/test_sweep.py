from pathlib import Path

import numpy as np
import pytest

from trainer.config import ValidateConfig
from trainer.detection.decode import DecodeConfig, decode
from trainer.detection.metrics import DetectionMetric
from trainer.detection.sweep import BOXES, PIXELS, ThresholdSweep, explain_low, explain_zero

WORDS = [(10, 10), (10, 60), (60, 10), (60, 60)]
QUADS = np.array([
    [[x, y], [x + 30, y], [x + 30, y + 20], [x, y + 20]] for x, y in WORDS
], float)  # fmt: skip
NO_IGNORED = np.zeros(len(WORDS), bool)


def drawn(*, word, between=0.05, count=4):
    """A map of 100 x 100: the cores of ``count`` words at ``word``, all else at ``between``."""
    prob = np.full((100, 100), between, np.float32)
    for x, y in WORDS[:count]:
        prob[y + 6 : y + 15, x + 6 : x + 25] = word
    return prob


GROWN = DecodeConfig(unclip_ratio=1.9)


def sweep_of(*probs, config=GROWN):
    sweep = ThresholdSweep(config)
    for prob in probs:
        sweep.update(prob, scale=1.0, source_size=(100, 100), quads=QUADS, ignored=NO_IGNORED)
    return sweep


def test_the_fixed_thresholds_give_what_decoding_with_them_gives():
    rng = np.random.default_rng(0)
    config = DecodeConfig(unclip_ratio=1.9)
    prob = np.clip(drawn(word=0.6) + rng.normal(0, 0.15, (100, 100)), 0, 1)
    boxes = decode(prob, source_size=(100, 100), config=config)
    metric = DetectionMetric()
    metric.update(boxes.quads, QUADS, NO_IGNORED, boxes.scores)
    assert sweep_of(prob, config=config).set_scores() == metric.compute()


def test_words_that_are_not_sure_are_found_at_a_lower_box_threshold():
    sweep = sweep_of(drawn(word=0.42))
    assert sweep.set_scores().hmean == 0
    best = sweep.best()
    assert best.scores.hmean == 1
    assert best.threshold == 0.3
    assert best.box_threshold == pytest.approx(0.4)


def test_words_that_run_together_are_found_at_a_higher_pixel_threshold():
    best = (sweep := sweep_of(drawn(word=0.9, between=0.4))).best()
    assert sweep.set_scores().hmean == 0
    assert (best.threshold, best.box_threshold, best.scores.hmean) == (0.5, 0.5, 1)


def test_very_dark_words_are_found_at_a_lower_pixel_threshold():
    best = sweep_of(drawn(word=0.22)).best()
    assert (best.threshold, best.box_threshold, best.scores.hmean) == (0.15, 0.2, 1)


def test_of_equals_what_is_set_stays():
    for config in (DecodeConfig(), DecodeConfig(threshold=0.4, box_threshold=0.55)):
        best = sweep_of(drawn(word=0.95), config=config).best()
        assert (best.threshold, best.box_threshold) == (config.threshold, config.box_threshold)
        nothing = sweep_of(np.zeros((100, 100), np.float32), config=config).best()
        assert nothing.threshold == config.threshold
        assert nothing.box_threshold == config.box_threshold


def test_a_pixel_threshold_near_the_set_one_is_not_decoded_twice():
    assert len({row.threshold for row in sweep_of().table()}) == len(PIXELS)
    near = ThresholdSweep(DecodeConfig(threshold=0.32))
    assert {row.threshold for row in near.table()} == {0.15, 0.32, 0.5}


def test_the_table_has_every_pair_that_can_differ():
    table = sweep_of(drawn(word=0.7)).table()
    assert {row.box_threshold for row in table} <= set(BOXES)
    assert all(row.box_threshold >= row.threshold - 0.05 or row.box_threshold == 0.5
               for row in table)  # fmt: skip
    assert [(r.threshold, r.box_threshold) for r in table] == sorted(
        (r.threshold, r.box_threshold) for r in table
    )


def test_reset_starts_again():
    sweep = sweep_of(drawn(word=0.9))
    sweep.reset()
    assert sweep.set_scores().images == 0
    assert all(row.scores.images == 0 for row in sweep.table())


@pytest.mark.parametrize(
    ("best", "thresholds", "said"),
    [
        (0.62, (0.5, 0.5), "not yet dark enough"),
        (0.62, (0.3, 0.35), "not yet surely"),
        (0.62, (0.3, 0.7), "0.62 at 0.3 and 0.7"),
    ],
)
def test_a_low_f1_is_explained(best, thresholds, said):
    record = {"val_f1": 0.1, "val_best_f1": best}
    record |= dict(zip(("val_best_threshold", "val_best_box_threshold"), thresholds, strict=True))
    told = explain_low(record, ValidateConfig())
    assert told.startswith("F1 0.10 at thresholds 0.3 (pixel) and 0.5 (box); 0.62 at ")
    assert said in told


def test_an_f1_that_the_thresholds_do_not_explain_is_left_alone():
    record = {"val_best_threshold": 0.3, "val_best_box_threshold": 0.5}
    assert explain_low(record | {"val_f1": 0.5, "val_best_f1": 0.58}, ValidateConfig()) == ""
    assert explain_low({"train_loss": 1.0}, ValidateConfig()) == "", "no validation"


@pytest.mark.parametrize(
    ("f1", "best", "explained"),
    [(0.0, 0.0, True), (0.0004, 0.04, True), (0.0, 0.1, False), (0.0006, 0.0006, False)],
)
def test_an_f1_of_0_that_no_threshold_helps_is_explained(f1, best, explained):
    record = {"val_f1": f1, "val_best_f1": best}
    record |= {"val_best_threshold": 0.3, "val_best_box_threshold": 0.5}
    told = explain_zero(record, Path("w/exp_1"), "data")
    assert bool(told) == explained
    assert not (told and explain_low(record, ValidateConfig())), "one sentence is enough"
    if told:
        assert told.startswith(f"F1 0, and {best:.2f} at the best thresholds, so")
        assert "python -m analyzer dataset data)" in told
        assert "python -m trainer.evaluate w/exp_1 --split train" in told


def test_without_validation_there_is_no_f1_of_0():
    assert explain_zero({"train_loss": 1.0}, Path("w"), "data") == ""
    assert explain_zero({"val_f1": float("nan"), "val_best_f1": 0.0}, Path("w"), "data") == ""
