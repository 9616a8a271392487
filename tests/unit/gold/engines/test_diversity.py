"""Diverse recommendations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gold.engines.diversity import Diverse, chosen
from gold.engines.factors import Factors

# Items 0 and 1 are the same in all but name, 2 is another thing.
UNITS = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
SCORES = np.array([0.9, 0.8, 0.5])


@pytest.mark.parametrize(("share", "order"), [(0.0, [0, 1, 2]), (0.2, [0, 1, 2]), (0.5, [0, 2, 1]), (1.0, [0, 2, 1])])
def test_the_more_diversity_the_further_down_goes_what_repeats(share, order):
    assert chosen(SCORES, UNITS, 3, share) == order


@given(
    st.lists(st.floats(-1, 1), min_size=1, max_size=12).map(lambda scores: np.array(sorted(scores, reverse=True))),
    st.integers(1, 15),
    st.floats(0, 1),
)
def test_each_candidate_is_chosen_at_most_once_the_best_first(scores, n, share):
    units = np.tile(UNITS, (4, 1))[: scores.size]

    picked = chosen(scores, units, n, share)

    assert picked[0] == 0
    assert len(set(picked)) == len(picked) == min(n, scores.size)


def test_a_model_is_diverse_user_by_user_and_keeps_its_scores(spark):
    items = spark.createDataFrame(
        [(10, [0.9, 0.0]), (11, [0.8, 0.0]), (12, [0.5, 0.5])], "idx int, factors array<float>"
    )
    users = spark.createDataFrame([(0, [1.0, 0.0]), (1, [0.0, 1.0])], "idx int, factors array<float>")
    queries = spark.createDataFrame([(0, None), (1, [10])], "idx int, excluded array<int>")
    factors = Factors(users, items)

    def found(model):
        rows = sorted(model.recommend(queries, 2).collect(), key=lambda row: (row["idx"], row["rank"]))
        return [(row["idx"], row["item_idx"], round(row["score"], 3), row["rank"]) for row in rows]

    assert found(Diverse(factors, 0.0)) == [(0, 10, 0.9, 1), (0, 11, 0.8, 2), (1, 12, 0.5, 1), (1, 11, 0.0, 2)]
    assert found(Diverse(factors, 0.9)) == [(0, 10, 0.9, 1), (0, 12, 0.5, 2), (1, 12, 0.5, 1), (1, 11, 0.0, 2)]
