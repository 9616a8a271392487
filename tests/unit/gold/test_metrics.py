"""Ranking metrics against values computed by hand."""

import math

import pytest

from gold import metrics

RECOMMENDED, RELEVANT = "user_idx int, item_idx int, rank int", "user_idx int, item_idx int"


def measured(spark, recommended, relevant, k=3):
    rows = metrics.per_user(
        spark.createDataFrame(recommended, RECOMMENDED), spark.createDataFrame(relevant, RELEVANT), k
    )
    return {row["user_idx"]: (row["ndcg"], row["map"], row["recall"]) for row in rows.collect()}


def test_hits_count_by_rank(spark):
    values = measured(spark, [(1, 10, 1), (1, 11, 2), (1, 12, 3), (1, 13, 4)], [(1, 10), (1, 12), (1, 13), (1, 99)])

    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert values[1] == pytest.approx(((1 + 1 / 2) / ideal, (1 + 2 / 3) / 3, 2 / 4))


def test_perfect_is_one_and_nothing_recommended_is_zero(spark):
    values = measured(spark, [(1, 10, 1)], [(1, 10), (2, 10)])

    assert values == {1: (1.0, 1.0, 1.0), 2: (0.0, 0.0, 0.0)}


def test_users_without_relevant_items_do_not_count(spark):
    assert measured(spark, [(1, 10, 1), (5, 10, 1)], [(1, 10)]).keys() == {1}


def test_the_summary_has_means_and_standard_errors(spark):
    per_user = spark.createDataFrame(
        [(1, 1.0, 1.0, 0.5), (2, 0.0, 1.0, 0.5)], "user_idx int, ndcg double, map double, recall double"
    )

    summary = metrics.summary(per_user, 10)

    assert summary["ndcg_at_10"] == pytest.approx((0.5, math.sqrt(0.5) / math.sqrt(2)))
    assert summary["map_at_10"] == (1.0, 0.0)
    assert summary["num_users"] == (2.0, 0.0)


def test_coverage_is_the_share_of_items_that_anybody_is_shown(spark):
    shown = spark.createDataFrame([(1, 10, 1), (2, 10, 1), (2, 11, 2), (2, 12, 3)], RECOMMENDED)

    assert metrics.coverage(shown, catalogue_size=8, k=2) == 0.25
