"""A paired bootstrap over users."""

import numpy as np
import pytest

from gold.judging.bootstrap import paired_difference


def measured(spark, values):
    return spark.createDataFrame(
        [(user, float(value)) for user, value in enumerate(values)], "user_idx int, ndcg double"
    )


def test_a_clear_gain_is_one_and_its_mirror_is_a_loss(spark):
    random = np.random.default_rng(1)
    theirs = random.uniform(0, 0.5, 200)
    ours = theirs + random.normal(0.05, 0.1, 200)

    gain = paired_difference(measured(spark, ours), measured(spark, theirs), "ndcg")
    loss = paired_difference(measured(spark, theirs), measured(spark, ours), "ndcg")

    assert gain.mean == pytest.approx((ours - theirs).mean())
    assert gain.is_gain
    assert loss.is_loss
    # The normal approximation of the same interval.
    assert gain.high - gain.low == pytest.approx(2 * 1.96 * (ours - theirs).std() / np.sqrt(200), rel=0.15)


def test_noise_is_neither(spark):
    random = np.random.default_rng(2)

    difference = paired_difference(
        measured(spark, random.uniform(0, 1, 50)), measured(spark, random.uniform(0, 1, 50)), "ndcg"
    )

    assert not difference.is_gain
    assert not difference.is_loss


def test_the_interval_does_not_depend_on_how_rows_lie(spark):
    random = np.random.default_rng(3)
    ours, theirs = measured(spark, random.uniform(0, 1, 30)), measured(spark, random.uniform(0, 1, 30))

    here = paired_difference(ours, theirs, "ndcg")
    there = paired_difference(ours.repartition(5), theirs.orderBy("ndcg"), "ndcg")

    assert (here.low, here.high) == pytest.approx((there.low, there.high))


def test_only_users_that_both_were_measured_on_count(spark):
    difference = paired_difference(measured(spark, [1, 1, 1]), measured(spark, [0]), "ndcg")

    assert (difference.mean, difference.num_users) == (1.0, 1)


def test_nobody_to_compare_on_decides_nothing(spark):
    difference = paired_difference(measured(spark, []), measured(spark, []), "ndcg")

    assert (difference.num_users, difference.is_gain, difference.is_loss) == (0, False, False)
