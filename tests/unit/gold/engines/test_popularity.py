"""Popularity, alone and as a share of a factor model."""

import datetime as dt

import pytest

from gold.engines.configuration import Configuration
from gold.engines.factors import Factors
from gold.engines.fitting import fit
from gold.engines.popularity import blended, popularity

PAIR = "user_idx int, item_idx int, engagement double, last_ts timestamp"
FACTORS, QUERY = "idx int, factors array<float>", "idx int, excluded array<int>"


def on_day(day):
    return dt.datetime(2024, 5, day)


@pytest.fixture
def interactions(spark):
    rows = [(1, 10, 2.0, on_day(1)), (2, 10, 1.0, on_day(1)), (3, 11, 1.0, on_day(11)), (3, 12, -1.0, on_day(11))]
    return spark.createDataFrame(rows, PAIR)


def values(df):
    return {row["idx"]: row["popularity"] for row in df.collect()}


def found(df):
    rows = sorted(df.collect(), key=lambda row: (row["idx"], row["rank"]))
    return [(row["idx"], row["item_idx"], round(row["score"], 3)) for row in rows]


def test_users_who_like_an_item_are_counted_and_scaled(interactions):
    assert values(popularity(interactions)) == {10: 1.0, 11: 0.5, 12: 0.0}


def test_users_count_half_after_each_half_life(interactions):
    assert values(popularity(interactions, half_life_days=5)) == pytest.approx({10: 2 * 0.25, 11: 1.0, 12: 0.0})


def test_when_nobody_likes_anything_everything_has_none(spark):
    rows = spark.createDataFrame([(1, 10, -1.0, on_day(1))], PAIR)

    assert values(popularity(rows)) == {10: 0.0}


def test_popularity_alone_recommends_the_same_to_all_even_to_strangers(spark, interactions):
    queries = spark.createDataFrame([(1, [10]), (99, None)], QUERY)

    model = fit(interactions, Configuration(engine="popularity", popularity_half_life_days=None))

    assert found(model.recommend(queries, 2)) == [(1, 11, 0.5), (1, 12, 0.0), (99, 10, 1.0), (99, 11, 0.5)]


def test_a_blend_weighs_both_and_gives_strangers_popularity(spark):
    factors = Factors(
        spark.createDataFrame([(1, [1.0, 0.0])], FACTORS),
        spark.createDataFrame([(10, [0.2, 9.0]), (11, [0.8, 9.0])], FACTORS),
    )
    popular = spark.createDataFrame([(10, 1.0), (11, 0.5), (12, 0.1)], "idx int, popularity double")

    mixed = blended(factors, popular, share=0.25, rank=2)

    answers = mixed.recommend(spark.createDataFrame([(1, None), (99, [10])], QUERY), 3)
    assert found(answers) == [
        (1, 11, round(0.75 * 0.8 + 0.25 * 0.5, 3)),
        (1, 10, round(0.75 * 0.2 + 0.25, 3)),
        (1, 12, round(0.25 * 0.1, 3)),
        (99, 11, 0.5),
        (99, 12, 0.1),
    ]


def test_similar_items_point_the_same_way_and_are_never_the_item_itself(spark):
    items = spark.createDataFrame([(1, [1.0, 0.0]), (2, [5.0, 0.1]), (3, [0.0, 1.0])], FACTORS)

    answers = Factors(items, items).similar_items(1)

    assert [(idx, item) for idx, item, _ in found(answers)] == [(1, 2), (2, 1), (3, 2)]


def test_configurations_survive_the_registry_and_name_what_distinguishes_them():
    configuration = Configuration(rank=8, half_life_days=30, popularity_share=0.2)

    assert Configuration.model_validate_json(configuration.model_dump_json()) == configuration
    assert str(configuration) == (
        "spark ALS, rank 8, alpha 1, regularization 0.3, half-life 30 days, 20% popularity of 7.0 days"
    )
    assert str(Configuration(popularity_share=1)) == "popularity, half-life 7 days"
