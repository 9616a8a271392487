"""Exact top-N by inner product."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.ml.recommendation import ALS

from gold.engines.top_n import best_of, best_of_each, top_n, width
from lakehouse.errors import NothingToServeError

QUERY, ITEM = "idx int, factors array<float>, excluded array<int>", "idx int, factors array<float>"


def found(df):
    rows = sorted(df.collect(), key=lambda row: (row["idx"], row["rank"]))
    return [(row["idx"], row["item_idx"], round(row["score"], 3), row["rank"]) for row in rows]


def test_the_best_items_come_first_and_ties_in_order_of_number(spark):
    queries = spark.createDataFrame([(0, [1.0, 0.0], None), (1, [0.0, 1.0], [12])], QUERY)
    items = spark.createDataFrame([(12, [1.0, 3.0]), (10, [1.0, 2.0]), (11, [2.0, 2.0])], ITEM)

    assert found(top_n(queries, items, 2)) == [(0, 11, 2.0, 1), (0, 10, 1.0, 2), (1, 10, 2.0, 1), (1, 11, 2.0, 2)]


def test_fewer_come_back_where_fewer_are_left(spark):
    queries = spark.createDataFrame([(0, [1.0], [10, 99]), (1, [1.0], [10, 11])], QUERY)
    items = spark.createDataFrame([(10, [1.0]), (11, [2.0])], ITEM)

    assert found(top_n(queries, items, 5)) == [(0, 11, 2.0, 1)]


def test_no_items_is_an_error_and_not_an_empty_answer(spark):
    with pytest.raises(NothingToServeError, match="run the training first"):
        top_n(spark.createDataFrame([(0, [1.0], None)], QUERY), spark.createDataFrame([], ITEM), 2)


@pytest.fixture
def queries(spark):
    random = np.random.default_rng(1)
    excluded = [None, [], [7, 8, 9], [0, 49, 99]]
    return spark.createDataFrame(
        [(u, random.integers(-3, 4, 4).astype(float).tolist(), excluded[u % 4]) for u in range(20)], QUERY
    )


@pytest.fixture
def items(spark):
    random = np.random.default_rng(2)
    return spark.createDataFrame([(i, random.integers(-3, 4, 4).astype(float).tolist()) for i in range(50)], ITEM)


def test_queries_in_several_blocks_give_what_one_block_gives(queries, items, monkeypatch):
    at_once = found(top_n(queries, items, 7))

    monkeypatch.setattr("gold.engines.top_n.SCORE_BYTES", 3 * 64 * 7)

    assert found(top_n(queries, items, 7)) == at_once


def test_items_in_several_blocks_give_what_one_block_gives(queries, items):
    at_once = found(top_n(queries, items, 7))

    assert found(top_n(queries, items, 7, block_bytes=7 * 16)) == at_once


@st.composite
def scored(draw):
    """Scores of several queries for numbered items, of which many are equal and some -inf or NaN."""
    num_items = draw(st.integers(1, 300))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    distinct = draw(st.integers(1, 1000))
    scores = random.integers(0, distinct, (draw(st.integers(1, 6)), num_items)).astype(np.float32) - distinct // 2
    for never in (-np.inf, np.nan):
        scores[random.random(scores.shape) < draw(st.sampled_from([0, 0.1, 0.95, 1]))] = never
    numbers = np.sort(random.choice(10_000, num_items, replace=False)).astype(np.int32)
    return scores, numbers, draw(st.one_of(st.just(1), st.integers(2, 10), st.integers(1, 400)))


def full_sort(scores, numbers, n):
    pairs = zip(scores.tolist(), numbers.tolist(), strict=True)
    return sorted((-score, number) for score, number in pairs if score > -np.inf)[:n]


@given(scored())
@settings(max_examples=300)
def test_the_best_of_one_query_are_those_of_a_full_sort(example):
    scores, numbers, n = example
    for row in scores:
        items, best = best_of(row, numbers, n)

        assert list(zip((-best).tolist(), items.tolist(), strict=True)) == full_sort(row, numbers, n)


@given(scored())
@settings(max_examples=300)
def test_the_best_of_each_query_are_those_of_a_full_sort(example):
    scores, numbers, n = example
    block = np.full((len(scores), width(numbers.size, n)), -np.inf, dtype=np.float32)
    block[:, : numbers.size] = scores

    found = best_of_each(block, numbers, n)

    actual = sorted(zip(found.rows, found.ranks, -found.scores, found.items, strict=True))
    assert actual == [
        (row, rank, score, number)
        for row, one in enumerate(scores)
        for rank, (score, number) in enumerate(full_sort(one, numbers, n), 1)
    ]


def test_a_score_that_is_not_a_number_is_never_recommended(spark):
    queries = spark.createDataFrame([(0, [1.0], None), (1, [math.nan], None)], QUERY)
    items = spark.createDataFrame([(10, [math.nan]), (11, [2.0]), (12, [math.inf])], ITEM)

    assert found(top_n(queries, items, 5)) == [(0, 12, math.inf, 1), (0, 11, 2.0, 2)]


def test_the_same_items_as_sparks_own_recommendations(spark):
    random = np.random.default_rng(3)
    ratings = [(u, i, float(random.random())) for u in range(30) for i in random.choice(90, 12, replace=False).tolist()]
    model = ALS(rank=5, maxIter=2, seed=1).fit(spark.createDataFrame(ratings, "user int, item int, rating float"))
    users = model.userFactors.selectExpr("id AS idx", "features AS factors", "CAST(NULL AS array<int>) AS excluded")
    items = model.itemFactors.selectExpr("id AS idx", "features AS factors")

    actual = {(idx, item) for idx, item, _, _ in found(top_n(users, items, 4))}

    rows = model.recommendForAllUsers(4).collect()
    assert actual == {(row["user"], best["item"]) for row in rows for best in row["recommendations"]}
