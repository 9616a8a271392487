"""Listeners of two tastes, and ALS fitted to them once for all tests that need factors."""

import numpy as np
import pytest

from gold.engines import spark_als
from tests.unit.gold.engagement import TWO_TASTES


@pytest.fixture(scope="session")
def engaged(spark):
    """Two tastes, items 0 to 5 and 6 to 11, and some dislike across them."""
    random = np.random.default_rng(5)
    likes = [
        (user, item + 6 * (user % 2), float(random.integers(1, 4)))
        for user in range(24)
        for item in random.choice(6, 4, replace=False).tolist()
    ]
    dislikes = [(user, int(random.integers(6)) + 6 * (1 - user % 2), -1.0) for user in range(24)]
    return spark.createDataFrame(likes + dislikes, "user_idx int, item_idx int, engagement double")


@pytest.fixture(scope="session")
def factors(engaged):
    return spark_als.fit(engaged, TWO_TASTES)
