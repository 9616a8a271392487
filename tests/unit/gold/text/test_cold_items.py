"""The map from texts to ALS item factors."""

import numpy as np
import pytest

from gold.text.cold_items import fit, fit_to
from lakehouse.errors import NothingToServeError

random = np.random.default_rng(8)
TRUTH = random.standard_normal((6, 3))
EMBEDDINGS = random.standard_normal((200, 6)).astype(np.float32)
FACTORS = (EMBEDDINGS @ TRUTH + 5 + 0.1 * random.standard_normal((200, 3))).astype(np.float32)


def test_a_linear_map_is_found_again():
    cold = fit(EMBEDDINGS, FACTORS, regularization=0.01)

    assert cold.coefficients == pytest.approx(TRUTH, abs=0.05)
    assert cold.intercept == pytest.approx(5, abs=0.05)
    assert cold.predict(EMBEDDINGS[:4]) == pytest.approx(FACTORS[:4], abs=0.5)


def test_the_solution_has_the_least_penalised_error():
    def loss(coefficients, intercept):
        errors = EMBEDDINGS @ coefficients + intercept - FACTORS
        return (errors**2).sum() + 40 * (coefficients**2).sum()

    cold = fit(EMBEDDINGS, FACTORS, regularization=40)

    least = loss(cold.coefficients, cold.intercept)
    for scale in (1e-3, 1e-1):
        for _ in range(20):
            change = scale * random.standard_normal((7, 3))
            assert loss(cold.coefficients + change[:-1], cold.intercept + change[-1]) > least


def test_much_regularization_leaves_the_mean_item():
    cold = fit(EMBEDDINGS, FACTORS, regularization=1e9)

    assert cold.predict(EMBEDDINGS[:2]) == pytest.approx(np.tile(FACTORS.mean(axis=0), (2, 1)), abs=1e-3)


def test_fewer_items_than_dimensions_are_enough():
    assert np.isfinite(fit(EMBEDDINGS[:1], FACTORS[:1]).predict(EMBEDDINGS)).all()


def test_nothing_to_learn_from_is_an_error():
    with pytest.raises(NothingToServeError, match="No episode has both a text and ALS factors"):
        fit(EMBEDDINGS[:0], FACTORS[:0])


def test_spark_adds_up_to_the_same_map_and_applies_it(spark):
    rows = zip(EMBEDDINGS.tolist(), FACTORS.tolist(), strict=True)
    items = spark.createDataFrame(rows, "embedding array<float>, factors array<float>").repartition(3)
    texts = spark.createDataFrame([(7, EMBEDDINGS[0].tolist()), (8, None)], "idx int, embedding array<float>")

    guessed = fit_to(items, 2.0).with_factors(texts).collect()

    assert [row["idx"] for row in guessed] == [7]
    assert guessed[0]["factors"] == pytest.approx(fit(EMBEDDINGS, FACTORS, 2.0).predict(EMBEDDINGS[:1])[0], abs=1e-5)
    with pytest.raises(NothingToServeError):
        fit_to(items.limit(0))
