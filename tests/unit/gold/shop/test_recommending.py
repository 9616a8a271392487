"""Sessions that go on get what goes with their items, and then what is popular."""

import pytest

from gold.shop.champion import install
from gold.shop.item_item import ItemItem, neighbours
from gold.shop.recent import active_sessions, recent_sessions, still_active
from gold.shop.tasks import recommend_sessions
from lakehouse import tables
from lakehouse.recommendations import ANYONE
from tests.unit.gold.shop.rows import at, delete, put, session, sessions


def test_active_are_the_newest_sessions_of_a_name_before_the_last_event(spark):
    seen = sessions(
        spark,
        session("old", "a", day=0, hour=11),
        session("edge", "a", day=0, hour=12),
        session("again", "a", day=0, hour=20, session_id="same"),
        session("later", "b", day=1, hour=1, session_id="same"),
        session("newest", "a", day=1, hour=12),
        session("nobody's", "a", day=1, hour=12, session_id=ANYONE),
    )

    assert {row["session_key"] for row in still_active(seen, 24).collect()} == {"edge", "later", "newest"}


def test_recent_are_the_newest_days_without_bots(lake):
    put(
        lake,
        session("old", "a", day=0),
        session("first", "a", day=1),
        session("last", "a", day=3),
        session("bot", "a", day=9, is_bot=True),
    )

    assert {row["session_key"] for row in recent_sessions(lake, 3).collect()} == {"first", "last"}


def test_a_session_is_active_by_when_it_ended_however_long_ago_it_began(lake):
    put(
        lake,
        session("long", "a", day=0, ended_at=at(9)),
        session("over", "a", day=7),
        session("newest", "a", day=9),
        session("bot", "a", day=11, is_bot=True),
    )

    assert {row["session_key"] for row in active_sessions(lake, 24).collect()} == {"long", "newest"}


@pytest.fixture
def lake(lake):
    """A shop of seven products, of which p is the most popular, with lists of three."""
    lake = lake.with_settings(lake.settings.model_copy(update={"top_n": 3}))
    popular = [(one, *[1] * 4, 1.0, 1.0, 1 / n, n) for n, one in enumerate("pqrabcd", 1)]
    lake.replace(tables.item_popularity, lake.spark.createDataFrame(popular, tables.item_popularity.schema))
    return lake


def lists(lake):
    found = {}
    for row in lake.read(tables.session_recommendations).orderBy("session_id", "rank").collect():
        found.setdefault(row["session_id"], []).append((row["item_id"], row["reason"], row["because_item_id"]))
    return found


def test_lists_hold_nothing_of_the_session_say_why_and_follow_it(lake):
    put(
        lake,
        session("s", "ab", user_id="ann"),
        session("alone", "?"),
        session("yesterday", "a", day=-2),
        session("bot", "a", is_bot=True),
    )
    trained = neighbours(sessions(lake.spark, session("x", "abc"), session("y", "abc")), 10)
    install(lake, ItemItem(trained), "v1")

    recommend_sessions.run(lake, {})
    first, rows = lists(lake), lake.read(tables.session_recommendations).collect()
    put(lake, session("s", "cab", user_id="ann"))
    delete(lake, "alone")
    recommend_sessions.run(lake, {})
    second = lists(lake)

    popular = [(one, "popular", None) for one in "pqr"]
    assert first == {
        "s": [("c", "session", "a"), ("p", "popular", None), ("q", "popular", None)],
        "alone": popular,
        ANYONE: popular,
    }
    assert second == {"s": popular, ANYONE: popular}
    assert {(row["session_id"], row["user_id"], row["session_ended_at"]) for row in rows} == {
        ("s", "ann", at(0, 12 + 1 / 6)),
        ("alone", None, at(0, 12 + 1 / 6)),
        (ANYONE, None, None),
    }
    assert {row["model_version"] for row in rows} == {"v1"}
    assert all(row["score"] > 0 and row["generated_at"] for row in rows)


def test_before_any_training_sessions_get_what_is_popular(lake):
    put(lake, session("s", "pab"))

    recommend_sessions.run(lake, {})

    assert [item for item, *_ in lists(lake)["s"]] == ["q", "r", "c"]
    assert {row["model_version"] for row in lake.read(tables.session_recommendations).collect()} == {"popularity"}
