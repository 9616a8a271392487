"""Why something is recommended."""

import numpy as np

from gold.engines.reasons import contributions, with_reasons
from gold.engines.vectors import collected
from tests.unit.gold.engagement import TWO_TASTES

BEST = "idx int, item_idx int, score double, rank int"


def test_what_interactions_contribute_sums_to_the_score_of_spark(engaged, factors):
    users, items = collected(factors.users), collected(factors.items)
    own = {row["item_idx"]: row["engagement"] for row in engaged.where("user_idx = 3").collect()}
    rows = items.rows.astype(float)
    liked = sum(value > 0 for value in own.values())

    parts = contributions(
        rows,
        items.of(np.array(list(own))).astype(float),
        np.array(list(own.values())),
        rows.T @ rows,
        TWO_TASTES.alpha,
        TWO_TASTES.regularization * liked,
    )

    np.testing.assert_allclose(parts.sum(axis=1), rows @ users.of(np.array([3]))[0], atol=1e-5)
    assert not parts[:, [value < 0 for value in own.values()]].any()


def test_the_reason_is_the_strongest_of_what_the_user_likes_or_popularity(spark, engaged, factors):
    items = factors.items.selectExpr("idx", "factors", "IF(idx = 11, 1.0D, 0.0D) AS popularity")
    # User 0 likes items of 0 to 5, and knows nothing of 11; user 99 has done nothing at all.
    best = spark.createDataFrame([(0, 2, 0.5, 1), (0, 11, 0.4, 2), (99, 11, 0.4, 1)], BEST)

    named = with_reasons(best, engaged, items, TWO_TASTES.model_copy(update={"popularity_share": 0.3}))

    found = {(row["idx"], row["item_idx"]): row for row in named.collect()}
    assert {key: row["reason"] for key, row in found.items()} == {
        (0, 2): "liked",
        (0, 11): "popular",
        (99, 11): "popular",
    }
    likes = {row["item_idx"] for row in engaged.where("user_idx = 0 AND engagement > 0").collect()}
    assert found[0, 2]["because_idx"] in likes
    assert found[0, 11]["because_idx"] is None
    assert [(row["rank"], row["score"]) for row in found.values()] == [(1, 0.5), (2, 0.4), (1, 0.4)]


def test_without_room_for_the_vectors_nothing_is_claimed(spark, engaged, factors, monkeypatch):
    monkeypatch.setattr("gold.engines.reasons.CLOSURE_BYTES", 1)
    items = factors.items.selectExpr("idx", "factors", "0.0D AS popularity")

    (row,) = with_reasons(spark.createDataFrame([(0, 2, 0.5, 1)], BEST), engaged, items, TWO_TASTES).collect()

    assert (row["item_idx"], row["reason"], row["because_idx"]) == (2, None, None)
