"""Recommendations and similar items from a matrix of item-to-item weights."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from gold.engines import item_weights
from gold.engines.item_weights import ItemWeights
from gold.engines.matrix import Matrix

QUERY = "idx int, excluded array<int>"
WEIGHTS = np.array([[0, 2, 1, 1], [3, 0, -1, 0], [1, 1, 0, 0], [0, 0, 0, 0]], dtype=np.float32)


@pytest.fixture(params=[np.array, csr_matrix], ids=["dense", "sparse"])
def model(request, spark):
    values = csr_matrix(np.array([[1, 0, 0, 0], [0, 1, 2, 0], [0, 0, 0, 5]], dtype=np.float32))
    users, items = np.array([1, 2, 8], dtype=np.int32), np.array([10, 20, 30, 40], dtype=np.int32)
    return ItemWeights(spark, Matrix(values, users, items), request.param(WEIGHTS))


def found(df):
    rows = sorted(df.collect(), key=lambda row: (row["idx"], row["rank"]))
    return [(row["idx"], row["item_idx"], row["score"], row["rank"]) for row in rows]


def test_scores_are_sums_over_what_is_liked_and_ties_come_in_order_of_number(model, spark):
    queries = spark.createDataFrame([(2, None), (1, None)], QUERY)

    assert found(model.recommend(queries, 2)) == [(1, 20, 2.0, 1), (1, 30, 1.0, 2), (2, 10, 5.0, 1), (2, 20, 2.0, 2)]


def test_excluded_items_and_those_without_a_positive_score_are_left_out(model, spark):
    queries = spark.createDataFrame([(1, [20, 99]), (2, [10, 20]), (8, [])], QUERY)

    assert found(model.recommend(queries, 5)) == [(1, 30, 1.0, 1), (1, 40, 1.0, 2)]


def test_unknown_users_get_no_rows(model, spark):
    answer = model.recommend(spark.createDataFrame([(0, None), (99, [10])], QUERY), 3)

    assert found(answer) == []
    assert answer.schema.simpleString() == "struct<idx:int,item_idx:int,score:double,rank:int>"


def test_similar_items_are_what_one_item_alone_recommends(model):
    assert found(model.similar_items(2)) == [
        (10, 20, 2.0, 1),
        (10, 30, 1.0, 2),
        (20, 10, 3.0, 1),
        (30, 10, 1.0, 1),
        (30, 20, 1.0, 2),
    ]


def test_blocks_of_users_give_what_one_block_gives(model, spark, monkeypatch):
    queries = spark.createDataFrame([(1, [20]), (2, [10]), (8, None)], QUERY)
    at_once = found(model.recommend(queries, 3))
    monkeypatch.setattr(item_weights, "SCORE_BYTES", 1)

    assert found(model.recommend(queries, 3)) == at_once
