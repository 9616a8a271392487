"""Vectors in this process."""

import numpy as np

from gold.engines.vectors import collected, unit

SCHEMA = "idx int, factors array<float>"


def test_unit_vectors_have_length_one_and_zero_vectors_go(spark):
    vectors = spark.createDataFrame([(0, [3.0, 4.0]), (1, [0.0, 0.0])], SCHEMA)

    assert [(r["idx"], [round(x, 4) for x in r["factors"]]) for r in unit(vectors).collect()] == [(0, [0.6, 0.8])]


def test_a_vector_is_found_by_its_number_and_an_unknown_one_is_zero(spark):
    vectors = collected(spark.createDataFrame([(7, [3.0, 4.0]), (2, [1.0, 2.0])], SCHEMA))

    assert vectors.of(np.array([7, 8, 2, 1])).tolist() == [[3, 4], [0, 0], [1, 2], [0, 0]]


def test_of_no_vectors_each_is_unknown(spark):
    assert collected(spark.createDataFrame([], SCHEMA)).of(np.array([1, 2])).shape == (2, 0)
