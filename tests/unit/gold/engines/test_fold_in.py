"""Users that the fit did not see get the vectors that it would have given them."""

import numpy as np
import pytest

from gold.engines.fold_in import folded_in
from gold.engines.vectors import collected
from lakehouse.errors import DataTooLargeError
from tests.unit.gold.engagement import TWO_TASTES

PAIRS = "user_idx int, item_idx int, engagement double"


def test_folded_in_users_have_the_vectors_that_the_fit_solved_for_last(engaged, factors):
    fitted = collected(factors.users)

    folded = collected(folded_in(engaged, factors.items, TWO_TASTES))

    assert folded.numbers.tolist() == list(range(24))
    np.testing.assert_allclose(folded.rows, fitted.rows, atol=1e-5)


def test_items_that_the_fit_did_not_see_say_nothing(spark, factors):
    sessions = spark.createDataFrame([(7, 2, 1.0), (8, 2, 1.0), (8, 99, 5.0), (9, 99, 1.0)], PAIRS)

    folded = collected(folded_in(sessions, factors.items, TWO_TASTES))

    assert folded.numbers.tolist() == [7, 8]
    np.testing.assert_array_equal(*folded.rows)


def test_more_items_than_the_workers_can_be_handed_is_one_sentence(engaged, factors, monkeypatch):
    monkeypatch.setattr("gold.engines.fold_in.CLOSURE_BYTES", 1)

    with pytest.raises(DataTooLargeError, match="use fewer factors"):
        folded_in(engaged, factors.items, TWO_TASTES)
