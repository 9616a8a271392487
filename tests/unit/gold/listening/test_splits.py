"""Train and test: nothing that is held out can be learned from."""

import pytest

from gold.listening.splits import (
    cold_items_split,
    cut_of,
    global_split,
    leave_last_out,
    per_user_split,
    random_split,
    time_split,
)
from tests.unit.gold.engagement import daily, pairs


def learned(split):
    return {(row["user_id"], row["new_episode_id"]) for row in split.train.collect()}


def test_each_users_newest_quarter_is_held_out(spark):
    rows = [("u", f"i{n}", n, 1, 0) for n in range(8)] + [("v", f"i{n}", n, 1, 0) for n in range(3)]

    split = per_user_split(daily(spark, *rows))

    assert pairs(split.test) == {("u", "i6"), ("u", "i7")}
    assert len(learned(split)) == 9


def test_a_global_split_tests_what_users_first_touch_after_the_cut(spark):
    rows = [("u", "a", 0, 1, 0), ("u", "b", 1, 1, 0), ("u", "c", 2, 1, 0), ("u", "a", 4, 1, 0), ("u", "d", 4, 1, 0)]

    engagement = daily(spark, *rows)
    split = global_split(engagement, cut_of(engagement))

    assert split.name == "global_time"
    assert learned(split) == {("u", "a"), ("u", "b"), ("u", "c")}
    assert pairs(split.test) == {("u", "d")}


def test_the_newest_item_is_held_out_of_users_who_have_two(spark):
    rows = [("u", f"i{n}", n, 1, 0) for n in range(3)] + [("v", "a", 0, 1, 0)]

    split = leave_last_out(daily(spark, *rows))

    assert pairs(split.test) == {("u", "i2")}
    assert learned(split) == {("u", "i0"), ("u", "i1"), ("v", "a")}


def test_a_random_quarter_depends_on_the_seed_and_not_on_the_order(spark):
    rows = [(f"u{u}", f"i{n}", n, 1, 0) for u in range(5) for n in range(8)]

    held_out = pairs(random_split(daily(spark, *rows), seed=1).test)

    assert held_out == pairs(random_split(daily(spark, *rows[::-1]).repartition(3), seed=1).test)
    assert held_out != pairs(random_split(daily(spark, *rows), seed=2).test)
    assert len(held_out) == 5 * 2


def test_cold_items_are_in_no_train_row(spark):
    split = cold_items_split(daily(spark, *((f"u{n % 3}", f"i{n}", n, 1, 0) for n in range(60))), seed=1, share=0.3)

    cold = {item for _, item in pairs(split.test)}
    assert 5 < len(cold) < 35
    assert not cold & {item for _, item in learned(split)}


@pytest.mark.parametrize("split", [lambda rows: global_split(rows, cut_of(rows)), per_user_split])
def test_what_comes_later_never_changes_what_is_learned_from(spark, split):
    past = [(f"u{u}", f"i{n}", n, 1 + u, 0) for u in range(3) for n in range(8)]
    likes = daily(spark, *past)
    dislikes = daily(spark, *((u, i, n, v if n < 6 else -v, 0) for u, i, n, v, _ in past))

    assert sorted(split(likes).train.collect()) == sorted(split(dislikes).train.collect())


def test_few_warm_users_are_split_each_on_their_own(spark):
    rows = [("u", f"i{n}", n, 1, 0) for n in range(4)]

    assert time_split(daily(spark, *rows)).name == "per_user_time"


def test_many_warm_users_are_split_at_one_time(spark):
    rows = [(f"u{u}", f"i{n}", n, 1, 0) for u in range(200) for n in (0, 1, 2, 3)]

    assert time_split(daily(spark, *rows)).name == "global_time"
