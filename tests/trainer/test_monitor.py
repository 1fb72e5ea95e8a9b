"""A watched value: which is the best, and how long none was better."""

import pytest

from trainer.monitor import Watch, beats


@pytest.mark.parametrize(
    ("mode", "values", "kept"),
    [
        ("max", [0.0, 0.5, float("nan"), 0.5, 0.4], 1),
        ("min", [0.3, 0.5, float("-inf"), 0.2, 0.2], 3),
        ("max", [None, float("inf")], None),
    ],
)
def test_the_best_is_the_first_of_the_best_finite_values(mode, values, kept):
    at, best = None, None
    for epoch, value in enumerate(values):
        if beats(value, best, mode):
            at, best = epoch, value
    assert at == kept


def test_better_by_too_little_is_not_better():
    assert beats(0.52, 0.5, "max", by=0.01)
    assert not beats(0.51, 0.5, "max", by=0.01)
    assert beats(0.48, 0.5, "min", by=0.01)
    assert not beats(0.49, 0.5, "min", by=0.01)


def test_a_watch_counts_the_epochs_since_the_best():
    watch, waited = Watch(), []
    for value in [0.1, 0.2, 0.2, None, float("nan"), 0.3]:
        watch = watch.after(value, "max")
        waited.append(watch.waited)
    assert waited == [0, 0, 1, 2, 3, 0]
    assert watch.best == 0.3
