"""Item-kNN and EASE: models of item-to-item weights, on interactions small enough to compute by hand."""

from math import log

import pytest

from gold.engines import ease, item_knn
from gold.engines.configuration import Configuration
from gold.engines.item_knn import K1, B
from lakehouse.errors import DataTooLargeError

PAIRS, QUERY = "user_idx int, item_idx int, engagement double", "idx int, excluded array<int>"
KNN, EASE = Configuration(engine="item_knn"), Configuration(engine="ease", regularization=1)

both = pytest.mark.parametrize(("fit", "configuration"), [(item_knn.fit, KNN), (ease.fit, EASE)], ids=["knn", "ease"])


def found(df):
    rows = sorted(df.collect(), key=lambda row: (row["idx"], row["rank"]))
    return [(row["idx"], row["item_idx"], pytest.approx(row["score"], rel=1e-5)) for row in rows]


def asked(spark, *users):
    return spark.createDataFrame([(user, []) for user in users], QUERY)


def test_ease_solves_for_the_weights(spark):
    # The inverse of [[2, 1], [1, 1]] + 1 on the diagonal is [[2, -1], [-1, 3]] / 5.
    model = ease.fit(spark.createDataFrame([(0, 10, 5.0), (0, 11, 0.5), (1, 10, 2.0)], PAIRS), EASE)

    assert found(model.recommend(asked(spark, 0, 1), 2)) == [(0, 10, 1 / 2), (0, 11, 1 / 3), (1, 11, 1 / 3)]
    assert found(model.similar_items(1)) == [(10, 11, 1 / 3), (11, 10, 1 / 2)]


def test_ease_refuses_more_items_than_it_can_invert(spark, monkeypatch):
    monkeypatch.setattr(ease, "MOST_ITEMS", 1)

    with pytest.raises(DataTooLargeError, match=r"2 items are more than the 1 .* item_knn"):
        ease.fit(spark.createDataFrame([(0, 10, 1.0), (0, 11, 1.0)], PAIRS), EASE)


def test_the_nearest_items_have_the_highest_product_of_bm25_weights(spark):
    likes = [(0, 10, 1.0), (0, 11, 3.0), (1, 10, 2.0), (1, 12, 1.0), (2, 13, 1.0), (3, 14, 1.0)]
    model = item_knn.fit(spark.createDataFrame(likes, PAIRS), KNN)

    def weight(engagement, length):
        mean_length, num_items, liked_by_user = 9 / 5, 5, 2
        norm = K1 * (1 - B + B * length / mean_length)
        return engagement * (K1 + 1) / (norm + engagement) * (log(num_items) - log(1 + liked_by_user))

    near = {11: weight(1, 3) * weight(3, 3), 12: weight(2, 3) * weight(1, 1)}
    assert found(model.similar_items(5)) == sorted(
        [(10, 11, near[11]), (10, 12, near[12]), (11, 10, near[11]), (12, 10, near[12])],
        key=lambda row: (row[0], -row[2]),
    )
    assert found(model.recommend(asked(spark, 1), 5)) == sorted(
        [(1, 12, 2 * near[12]), (1, 11, 2 * near[11]), (1, 10, near[12])], key=lambda row: -row[2]
    )


def test_only_so_many_neighbours_are_kept(spark):
    likes = [(0, 10, 1.0), (0, 11, 1.0), (1, 10, 1.0), (1, 11, 1.0), (2, 10, 1.0), (2, 12, 1.0), (3, 13, 1.0)]
    few = Configuration(engine="item_knn", neighbours=1)

    rows = item_knn.fit(spark.createDataFrame(likes, PAIRS), few).similar_items(5).collect()

    assert sorted((row["idx"], row["item_idx"]) for row in rows) == [(10, 11), (11, 10), (12, 10)]


@both
def test_negative_engagement_counts_as_none(spark, fit, configuration):
    likes = [(0, 10, 1.0), (0, 11, 1.0), (1, 10, 1.0), (1, 12, 1.0), (2, 13, 1.0)]
    alone = fit(spark.createDataFrame(likes, PAIRS), configuration)

    model = fit(spark.createDataFrame([*likes, (1, 11, -5.0), (3, 10, -1.0)], PAIRS), configuration)

    assert found(model.recommend(asked(spark, 0, 1, 3), 3)) == found(alone.recommend(asked(spark, 0, 1), 3))


@both
def test_items_liked_alike_come_in_order_of_number(spark, fit, configuration):
    likes = [(0, 10, 1.0), (1, 10, 1.0), (1, 12, 1.0), (2, 10, 1.0), (2, 11, 1.0), (3, 13, 1.0), (4, 14, 1.0)]
    model = fit(spark.createDataFrame(likes, PAIRS), configuration)

    rows = sorted(model.recommend(asked(spark, 0), 5).collect(), key=lambda row: row["rank"])

    assert [row["item_idx"] for row in rows] == [11, 12]
    assert rows[0]["score"] == rows[1]["score"]


@both
def test_the_order_of_interactions_does_not_matter(spark, fit, configuration):
    likes = [(user, user * item % 11, 1.0 + item) for user in range(6) for item in range(1, 6)]
    model, same = (fit(spark.createDataFrame(rows, PAIRS), configuration) for rows in (likes, likes[::-1]))

    assert sorted(model.similar_items(9).collect()) == sorted(same.similar_items(9).collect())


@both
def test_one_user_gets_what_they_like_together(spark, fit, configuration):
    model = fit(spark.createDataFrame([(4, 10, 1.0), (4, 11, 1.0)], PAIRS), configuration)

    assert [row[:2] for row in found(model.recommend(asked(spark, 4), 3))] == [(4, 10), (4, 11)]


@both
def test_one_item_has_nothing_beside_it(spark, fit, configuration):
    model = fit(spark.createDataFrame([(4, 10, 1.0), (5, 10, 2.0)], PAIRS), configuration)

    assert found(model.recommend(asked(spark, 4, 5), 3)) == []
    assert found(model.similar_items(3)) == []
