import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.detection.metrics import DetectionMetric

NONE = np.zeros((0, 4, 2))


def box(x, y, width=10, height=10):
    return [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]


def score(*images, **options):
    metric = DetectionMetric(**options)
    for predicted, expected, ignored in images:
        metric.update(np.array(predicted), np.array(expected), np.array(ignored, bool))
    return metric.compute()


def test_a_perfect_answer():
    boxes = [box(0, 0), box(50, 50)]
    scores = score((boxes, boxes, [0, 0]))
    assert (scores.precision, scores.recall, scores.hmean) == (1, 1, 1)
    assert (scores.matched, scores.predicted, scores.expected, scores.images) == (2, 2, 2, 1)


def test_counts_add_up_over_images():
    first = ([box(0, 0), box(90, 90)], [box(0, 0)], [0])
    second = ([box(0, 0)], [box(0, 0), box(50, 50), box(80, 80)], [0, 0, 0])
    scores = score(first, second)
    assert scores.precision == pytest.approx(2 / 3)
    assert scores.recall == pytest.approx(2 / 4)
    assert scores.hmean == pytest.approx(4 / 7)
    assert scores.images == 2


@pytest.mark.parametrize(("shift", "matched"), [(3.3, 1), (3.4, 0)])
def test_iou_must_exceed_one_half(shift, matched):
    """Two squares of side 10 apart by s overlap with IoU (10 - s) / (10 + s): 1/2 at 10/3."""
    assert score(([box(shift, 0)], [box(0, 0)], [0])).matched == matched


def test_exactly_one_half_is_no_match():
    assert score(([box(0, 0, 20)], [box(0, 0, 10)], [0])).matched == 0


def test_a_word_is_found_once():
    scores = score(([box(0, 0), box(0, 0)], [box(0, 0)], [0]))
    assert (scores.matched, scores.predicted) == (1, 2)


def test_matching_is_greedy_in_order():
    """The first word takes the first prediction, though the second word needs it more."""
    words = [box(0, 0), box(2, 0)]
    assert score(([box(1, 0), box(-3, 0)], words, [0, 0])).matched == 1
    assert score(([box(-3, 0), box(1, 0)], words, [0, 0])).matched == 2


def test_predictions_on_ignored_words_are_left_out():
    scores = score(([box(0, 0), box(50, 50)], [box(0, 0), box(50, 50)], [0, 1]))
    assert (scores.matched, scores.predicted, scores.expected) == (1, 1, 1)


@pytest.mark.parametrize(("x", "predicted"), [(4.9, 0), (5.1, 1)])
def test_ignoring_goes_by_the_share_of_the_prediction(x, predicted):
    """The large ignored word covers (10 - x) / 10 of the prediction; the IoU is tiny."""
    word = box(-90, -40, 100, 100)
    assert score(([box(x, 0)], [word], [1])).predicted == predicted


def test_nothing_to_divide_by_is_zero():
    for image in ((NONE, NONE, []), (NONE, [box(0, 0)], [0]), ([box(0, 0)], NONE, [])):
        scores = score(image)
        assert (scores.precision, scores.recall, scores.hmean) == (0, 0, 0)
    assert score().images == 0
    assert score((NONE, [box(0, 0)], [1])).expected == 0


def test_quads_without_area_do_not_count():
    flat, broken = [[0, 0], [5, 0], [10, 0], [5, 0]], [[np.nan, 0], [1, 0], [1, 1], [0, 1]]
    infinite = [[np.inf, 0], [1, 0], [1, 1], [0, 1]]
    scores = score(([flat, broken, infinite], [flat, broken, box(0, 0)], [0, 1, 0]))
    assert (scores.matched, scores.predicted, scores.expected) == (0, 0, 1)


def test_crossed_corners_stand_for_their_hull():
    crossed = np.array(box(0, 0))[[0, 2, 1, 3]]
    assert score(([box(0, 0)], [crossed], [0])).matched == 1


def test_reset_starts_again():
    metric = DetectionMetric()
    metric.update(np.array([box(0, 0)]), np.array([box(0, 0)]), np.array([False]))
    metric.reset()
    assert metric.compute().images == 0


quads = st.lists(
    st.lists(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=2), min_size=4, max_size=4),
    max_size=5,
)


@settings(max_examples=100)
@given(quads, quads, st.integers(0, 31))
def test_any_quads_give_rates(predicted, expected, bits):
    ignored = [bool(bits >> k & 1) for k in range(len(expected))]
    scores = score((predicted, expected, ignored))
    for rate in (scores.precision, scores.recall, scores.hmean):
        assert 0 <= rate <= 1
    assert scores.matched <= min(scores.predicted, scores.expected)


def ranked(*images):
    """Images of (scores, hits, words): squares on words of their own, or far from any."""
    metric = DetectionMetric()
    for scores, hits, words in images:
        expected = [box(100 * k, 0) for k in range(words)]
        free = iter(expected)
        predicted = [next(free) if hit else box(100 * k, 500) for k, hit in enumerate(hits)]
        shape = np.array(predicted, float).reshape(-1, 4, 2)
        metric.update(shape, np.array(expected).reshape(-1, 4, 2), np.zeros(words, bool), scores)
    return metric


def test_a_threshold_cuts_the_less_sure_ones():
    metric = ranked(([0.9, 0.6, 0.4], [1, 0, 1], 3))
    found = metric.compute(0.5)
    assert (found.matched, found.predicted, found.expected) == (1, 2, 3)
    assert metric.compute(0.6).predicted == 2, "the threshold itself is kept"
    assert metric.compute(0.95).hmean == 0


def test_average_precision_by_hand():
    """Precision 1, 1/2, 2/3, 2/4, 3/5 at recall 1/4, 1/4, 2/4, 2/4, 3/4; the rest is not found.

    The highest from there on: 1, 2/3, 3/5, so the area is (1 + 2/3 + 3/5) / 4.
    """
    metric = ranked(([0.9, 0.8, 0.7, 0.6, 0.5], [1, 0, 1, 0, 1], 4))
    assert metric.average_precision() == pytest.approx((1 + 2 / 3 + 3 / 5) / 4)


def test_average_precision_ranks_over_all_images():
    one = ranked(([0.9, 0.2], [1, 0], 1), ([0.8], [1], 1))
    assert one.average_precision() == 1, "the miss is the least sure of all"
    other = ranked(([0.9, 0.85], [1, 0], 1), ([0.8], [1], 1))
    assert other.average_precision() == pytest.approx((1 + 2 / 3) / 2)


def test_average_precision_does_not_hang_on_the_order_of_equal_scores():
    values = {
        ranked(([0.5, 0.5, 0.5], hits, 2)).average_precision()
        for hits in ([1, 0, 0], [0, 1, 0], [0, 0, 1])
    }
    assert len(values) == 1
    assert values.pop() == pytest.approx(1 / 3 / 2)


@pytest.mark.parametrize("image", [([], [], 0), ([], [], 3), ([0.5], [0], 0), ([0.5], [0], 2)])
def test_average_precision_of_nothing_is_zero(image):
    assert ranked(image).average_precision() == 0
    assert DetectionMetric().average_precision() == 0


@settings(max_examples=50)
@given(st.data())
def test_one_matching_answers_for_every_threshold(data):
    """Crowded squares, each near several words: cut first or matched first, the pairs are one."""
    place = st.tuples(st.integers(0, 8), st.integers(0, 8))
    words = np.array([box(*p) for p in data.draw(st.lists(place, max_size=6))])
    words = words.reshape(-1, 4, 2)
    found = np.array([box(*p) for p in data.draw(st.lists(place, max_size=8))]).reshape(-1, 4, 2)
    scores = np.array(data.draw(st.lists(
        st.floats(0, 1), min_size=len(found), max_size=len(found)
    )))  # fmt: skip
    ignored = np.zeros(len(words), bool)
    metric = DetectionMetric()
    metric.update(found, words, ignored, scores)
    for threshold in (0, 0.25, 0.5, 0.75):
        kept = scores >= threshold
        cut = DetectionMetric()
        cut.update(found[kept], words, ignored, scores[kept])
        assert cut.compute() == metric.compute(threshold)
