"""ALS on one node."""

import numpy as np
import pytest

from gold.engines import implicit_als
from gold.engines.configuration import Configuration

PAIRS = "user_idx int, item_idx int, engagement double"
CONFIGURATION = Configuration(engine="implicit_als", rank=2, alpha=10, regularization=0.1, iterations=30)
ANN = 90
LIKES = [(user, item, 1.0) for user in range(10) for item in (10, 20, 30)]
LIKES += [(user, 40, 1.0) for user in range(5, 10)] + [(ANN, 10, 1.0), (ANN, 20, 1.0)]


@pytest.fixture
def fit(spark):
    def factors(rows, configuration=CONFIGURATION):
        fitted = implicit_als.fit(spark.createDataFrame(rows, PAIRS), configuration)
        return tuple({row["idx"]: row["factors"] for row in side.collect()} for side in (fitted.users, fitted.items))

    return factors


def score(factors, user, item):
    users, items = factors
    return np.dot(users[user], items[item])


def test_every_user_and_item_has_a_vector_of_the_rank(fit):
    users, items = fit(LIKES)

    assert sorted(users) == [*range(10), ANN]
    assert sorted(items) == [10, 20, 30, 40]
    assert {len(vector) for vector in (*users.values(), *items.values())} == {2}


def test_a_dislike_is_a_confident_zero_and_more_than_not_known(fit):
    unknown = score(fit(LIKES), ANN, 30)
    disliked = score(fit([*LIKES, (ANN, 30, -1.0)]), ANN, 30)
    liked = score(fit([*LIKES, (ANN, 30, 1.0)]), ANN, 30)

    assert abs(disliked) < 0.3 < 0.8 < unknown < liked


def test_the_same_seed_gives_the_same_factors_in_any_order_of_rows(fit):
    assert fit(LIKES) == fit(LIKES[::-1])
    assert fit(LIKES) != fit(LIKES, CONFIGURATION.model_copy(update={"seed": 7}))


def test_one_user_and_one_item_are_enough(fit):
    assert score(fit([(3, 4, 1.0)]), 3, 4) == pytest.approx(1, abs=0.1)
