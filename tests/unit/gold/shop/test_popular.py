"""Popular products where there is nothing better."""

import pytest

from gold.shop.model import RECOMMENDED
from gold.shop.popular import Popular, by_sessions
from tests.unit.gold.shop.rows import assert_rows, session, sessions


@pytest.fixture
def popular(spark):
    return Popular(
        spark.createDataFrame([("a", 1.0), ("b", 0.5), ("c", 0.5), ("d", 0.25)], "item_id string, popularity double")
    )


def test_lists_are_filled_with_what_the_session_does_not_hold_and_come_last(spark, popular):
    given = sessions(spark, session("s", "a"), session("t", "z"), session("full"))
    found = spark.createDataFrame(
        [("s", "c", 4.0, 1, "a"), ("full", "x", 3.0, 1, "q"), ("full", "y", 2.0, 2, "q"), ("full", "z", 1.0, 3, "q")],
        RECOMMENDED,
    )

    expected = [
        ("s", "c", 4.0, 1, "a"),
        ("s", "b", 1.0, 2, None),
        ("s", "d", 0.5, 3, None),
        ("t", "a", 1.0, 1, None),
        ("t", "b", 0.5, 2, None),
        ("t", "c", 0.5, 3, None),
        ("full", "x", 3.0, 1, "q"),
        ("full", "y", 2.0, 2, "q"),
        ("full", "z", 1.0, 3, "q"),
    ]
    assert_rows(popular.fill(found, given, 3), spark.createDataFrame(expected, RECOMMENDED))


def test_fewer_come_back_where_the_shop_has_no_more(spark, popular):
    best = popular.recommend(sessions(spark, session("s", "abc")), 5)

    assert_rows(best, spark.createDataFrame([("s", "d", 0.25, 1, None)], RECOMMENDED))


def test_without_popular_items_there_are_no_rows(spark):
    nothing = Popular(spark.createDataFrame([], "item_id string, popularity double"))

    assert nothing.recommend(sessions(spark, session("s", "abc")), 5).isEmpty()


def test_popularity_is_the_share_of_sessions_of_the_most_popular(spark):
    found = by_sessions(sessions(spark, session("s", "ab"), session("t", "a"))).items

    assert {row["item_id"]: row["popularity"] for row in found.collect()} == {"a": 1.0, "b": 0.5}
