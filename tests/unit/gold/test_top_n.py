"""Exact top-N by inner product."""

import numpy as np
import pytest

from gold.top_n import best_of, top_n, unit
from reclake.errors import NothingToServeError

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


def test_items_in_several_blocks_give_what_one_block_gives(spark):
    random = np.random.default_rng(1)
    items = spark.createDataFrame([(i, random.integers(-3, 4, 4).astype(float).tolist()) for i in range(50)], ITEM)
    queries = spark.createDataFrame(
        [(u, random.integers(-3, 4, 4).astype(float).tolist(), [u, u + 1]) for u in range(20)], QUERY
    )
    at_once = found(top_n(queries, items, 7))

    assert found(top_n(queries, items, 7, closure_bytes=7 * 16)) == at_once


def test_best_of_equals_a_full_sort():
    random = np.random.default_rng(2)
    for n in (1, 5, 30):
        scores = random.integers(-4, 4, 30).astype(np.float32)
        scores[random.integers(0, 30, 5)] = -np.inf
        numbers = random.permutation(30)
        everything = sorted((-s, i) for s, i in zip(scores.tolist(), numbers.tolist(), strict=True) if s > -np.inf)

        items, best = best_of(scores, numbers, n)

        assert list(zip((-best).tolist(), items.tolist(), strict=True)) == everything[:n]


def test_unit_vectors_have_length_one_and_zero_vectors_go(spark):
    vectors = spark.createDataFrame([(0, [3.0, 4.0]), (1, [0.0, 0.0])], ITEM)

    assert [(r["idx"], [round(x, 4) for x in r["factors"]]) for r in unit(vectors).collect()] == [(0, [0.6, 0.8])]
