"""Which images make which update: every image once, in batches and groups of the right size."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from trainer.order import EpochOrder

SIZES = st.integers(1, 9)


@given(st.integers(1, 60), SIZES, SIZES)
def test_every_image_once_in_full_updates_but_the_last(size, batch, accumulate):
    order = EpochOrder(size, 3, batch, accumulate)
    groups = order.groups()
    images = [[index for one in group for index in one] for group in groups]
    assert sorted(index for group in images for index in group) == list(range(size))
    assert [len(group) for group in images[:-1]] == [batch * accumulate] * (len(groups) - 1)
    assert all(len(one) == batch for group in groups for one in group[:-1])
    assert len(groups) == order.updates
    assert list(order) == [one for group in groups for one in group]
    assert len(order) == len(list(order))


@given(st.integers(1, 60), SIZES, SIZES)
def test_accumulation_takes_the_images_of_the_larger_batch_in_its_order(size, batch, accumulate):
    parted = EpochOrder(size, 3, batch, accumulate).groups()
    whole = EpochOrder(size, 3, batch * accumulate).groups()
    assert [[list(chain(*group))] for group in parted] == whole


@given(st.integers(4, 60), SIZES, st.integers(1, 3), st.integers(2, 4))
def test_processes_share_each_update_and_take_no_image_twice(size, batch, accumulate, world):
    ranks = [EpochOrder(size, 3, batch, accumulate, rank=r, world=world) for r in range(world)]
    groups = [order.groups() for order in ranks]
    assert {len(own) for own in groups} == {order.updates for order in ranks}
    every = [index for own in groups for group in own for one in group for index in one]
    assert sorted(every) == list(range(size))
    for update in zip(*groups, strict=True):
        shares = [sum(map(len, group)) for group in update]
        assert min(shares) >= 1
        assert max(shares) - min(shares) <= 1


def test_two_processes_take_the_batches_that_one_accumulates():
    one = EpochOrder(16, 3, 2, 2).groups()
    first, second = (EpochOrder(16, 3, 2, 1, rank=r, world=2).groups() for r in (0, 1))
    assert [[*a, *b] for a, b in zip(first, second, strict=True)] == one


def test_too_few_left_for_each_process_go_with_the_update_before():
    orders = [EpochOrder(9, 0, 2, 1, rank=rank, world=2) for rank in (0, 1)]
    assert [order.updates for order in orders] == [2, 2]
    assert [sum(map(len, order.groups()[-1])) for order in orders] == [3, 2]


def test_the_order_is_of_seed_and_epoch_and_a_resume_skips_updates():
    order = EpochOrder(10, 0, 2, 2)
    first = order.groups()
    order.epoch = 2
    second = order.groups()
    assert first != second
    order.skip = 1
    assert order.groups() == second[1:]
    assert EpochOrder(10, 1, 2, 2).groups() != first
