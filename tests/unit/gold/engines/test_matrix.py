"""Interactions as one sparse matrix."""

import pytest

from gold.engines.matrix import matrix_of
from lakehouse.errors import DataTooLargeError

PAIRS = "user_idx int, item_idx int, engagement double"


def test_rows_and_columns_follow_the_numbers_whatever_the_order(spark):
    interactions = spark.createDataFrame([(7, 30, 1.5), (2, 40, -3.0), (7, 20, 1.0)], PAIRS)

    matrix = matrix_of(interactions)

    assert matrix.users.tolist() == [2, 7]
    assert matrix.items.tolist() == [20, 30, 40]
    assert matrix.values.toarray().tolist() == [[0, 0, -3], [1, 1.5, 0]]
    assert matrix.values.dtype == "float32"
    assert matrix.values.has_sorted_indices


def test_what_is_liked_keeps_every_row_and_column(spark):
    liked = matrix_of(spark.createDataFrame([(7, 30, 1.5), (2, 40, -3.0)], PAIRS)).liked()

    assert liked.values.toarray().tolist() == [[0, 0], [1.5, 0]]
    assert liked.values.nnz == 1
    assert (liked.users.tolist(), liked.items.tolist()) == ([2, 7], [30, 40])


def test_more_interactions_than_there_is_room_for_are_refused(spark):
    interactions = spark.createDataFrame([(0, 1, 1.0), (0, 2, 1.0)], PAIRS)

    assert matrix_of(interactions, most_pairs=2).values.nnz == 2
    with pytest.raises(DataTooLargeError, match=r"2 interactions are more than the 1 .* spark_als"):
        matrix_of(interactions, most_pairs=1)
