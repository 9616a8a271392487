"""Products that follow each other in sessions, by numbers worked out by hand."""

import pytest

from gold.shop.item_item import ItemItem, co_occurrences, neighbours
from tests.unit.gold.shop.rows import assert_rows, session, sessions

TOGETHER = "item_id string, similar_item_id string, together double"
NEIGHBOURS = "item_id string, similar_item_id string, similarity double, rank int"
FOUND = "session_key string, item_id string, score double, rank int, because_item_id string"


def test_items_count_together_by_how_near_they_are_in_both_directions(spark):
    listed = spark.createDataFrame([(["a", "b", "c"],), (["c", "a"],), (["a"],)], "items array<string>")

    expected = [("a", "b", 1.0), ("b", "a", 1.0), ("b", "c", 1.0), ("c", "b", 1.0), ("a", "c", 1.5), ("c", "a", 1.5)]
    assert_rows(co_occurrences(listed), spark.createDataFrame(expected, TOGETHER))


def test_items_more_than_ten_steps_apart_have_nothing_to_do_with_each_other(spark):
    listed = spark.createDataFrame([([f"i{n:02}" for n in range(12)],)], "items array<string>")

    near = {row["similar_item_id"] for row in co_occurrences(listed).where("item_id = 'i00'").collect()}

    assert near == {f"i{n:02}" for n in range(1, 11)}


def test_an_item_is_near_itself_where_a_session_comes_back_to_it(spark):
    listed = spark.createDataFrame([(["a", "b", "a"],)], "items array<string>")

    expected = spark.createDataFrame([("a", "a", 1.0), ("a", "b", 2.0), ("b", "a", 2.0)], TOGETHER)
    assert_rows(co_occurrences(listed), expected)


def test_similarity_is_less_the_more_sessions_hold_the_items(spark):
    seen = sessions(spark, session("s", "abc"), session("t", "ca"), session("u", "a"))

    # a is in three sessions, b in one, c in two.
    expected = [
        ("a", "c", 1.5 / (3**0.75 * 2**0.1), 1),
        ("a", "b", 1 / 3**0.75, 2),
        ("b", "c", 1 / 2**0.1, 1),
        ("b", "a", 1 / 3**0.1, 2),
        ("c", "a", 1.5 / (2**0.75 * 3**0.1), 1),
        ("c", "b", 1 / 2**0.75, 2),
    ]
    assert_rows(neighbours(seen, 5), spark.createDataFrame(expected, NEIGHBOURS))


def test_only_the_nearest_are_kept_and_ties_go_by_item(spark):
    seen = sessions(spark, session("s", "abc"))

    expected = spark.createDataFrame([("a", "b", 1.0, 1), ("b", "a", 1.0, 1), ("c", "b", 1.0, 1)], NEIGHBOURS)
    assert_rows(neighbours(seen, 1), expected)


@pytest.fixture(scope="module")
def model(spark):
    rows = [("a", "x", 0.5, 1), ("a", "y", 0.25, 2), ("b", "x", 0.5, 1), ("b", "a", 0.4, 2), ("c", "z", 1.0, 1)]
    return ItemItem(spark.createDataFrame(rows, NEIGHBOURS))


def test_an_item_scores_what_the_items_of_the_session_say_of_it_the_last_one_most(spark, model):
    given = sessions(spark, session("ab", "ab"), session("ba", "ba"), session("new", "q"))

    expected = [
        ("ab", "x", 0.5 + 0.25, 1, "a"),
        ("ab", "y", 0.25, 2, "a"),
        ("ba", "x", 0.5 + 0.25, 1, "b"),
        ("ba", "y", 0.125, 2, "a"),
    ]
    assert_rows(model.recommend(given, 5), spark.createDataFrame(expected, FOUND))


def test_what_was_touched_long_ago_says_nothing_and_is_not_recommended_either(spark, model):
    later = [f"i{n}" for n in range(19)]
    given = sessions(spark, session("kept", [*later, "a"]), session("lost", [*later, "q", "a"]))

    expected = spark.createDataFrame([("kept", "x", 0.025, 1, "a"), ("kept", "y", 0.0125, 2, "a")], FOUND)
    assert_rows(model.recommend(given, 5), expected)
