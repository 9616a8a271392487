"""How candidates are judged."""

import pytest

from gold.shop.judging import METRIC, SessionSplit, best_of, time_split
from gold.shop.popular import by_sessions
from tests.unit.gold.shop.rows import session, sessions


def keys(rows):
    return {row["session_key"] for row in rows.collect()}


def test_the_newest_sessions_have_to_give_up_their_newest_item(spark):
    seen = [session(f"s{n}", "ab", day=n) for n in range(8)]
    late = [session("short", "a", day=8), session("long", "cab", day=9), session("longer", "dab", day=10)]

    trial = time_split(sessions(spark, *seen, *late))

    assert keys(trial.train) == {f"s{n}" for n in range(8)} | {"short"}
    assert {r["session_key"]: [i["item_id"] for i in r["items"]] for r in trial.given.collect()} == {
        "long": ["a", "b"],
        "longer": ["a", "b"],
    }
    assert {tuple(row) for row in trial.wanted.collect()} == {("long", "c"), ("longer", "d")}


def test_a_model_is_measured_by_where_it_ranks_what_is_wanted(spark):
    train = sessions(spark, session("s", "abc"), session("t", "ab"), session("u", "a"))
    given = sessions(spark, session("x", "a"), session("y", "b"))
    wanted = spark.createDataFrame([("x", "c"), ("y", "z")], "session_key string, item_id string")

    scores = SessionSplit(train, given, wanted).measure(by_sessions(train))

    # c is second to b for x, and nobody has seen z.
    assert scores["recall_at_20"][0] == pytest.approx(0.5)
    assert scores[METRIC] == (pytest.approx(0.25), pytest.approx(0.25))


def test_of_equal_candidates_the_first_serves():
    def scores(mrr):
        return {METRIC: (mrr, 0.0)}

    assert best_of({"item-item": scores(0.2), "ALS": scores(0.2), "popularity": scores(0.1)}) == "item-item"
    assert best_of({"item-item": scores(0.2), "ALS": scores(0.3)}) == "ALS"
