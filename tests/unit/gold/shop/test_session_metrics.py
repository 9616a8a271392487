"""Days of the shop."""

from decimal import Decimal

from gold.shop.session_metrics import session_metrics as metrics_of
from gold.shop.session_metrics import top_sessions
from gold.shop.tasks import session_metrics
from lakehouse import tables
from tests.unit.gold.shop.rows import FIRST_DAY, assert_rows, at, delete, item, put, session, sessions

METRICS = (
    "day date, num_sessions long, num_users long, num_bots long, num_events long, num_bot_events long, "
    "mean_length double, mean_events double, cart_rate double, conversion double, abandonment double, "
    "revenue decimal(38,2)"
)


def test_a_day_sums_up_sessions_of_people_and_counts_bots(spark):
    seen = sessions(
        spark,
        session("bought", [item("a", carts=1, purchases=1)], user_id="ann", revenue=Decimal("9.50")),
        session("left", [item("a", carts=1)], user_id="ann", session_length=0.0),
        session("looked", "abc"),
        session("bot", "abcd", is_bot=True, user_id="bot"),
        session("alone", "ab", day=1, is_bot=True),
    )

    none = (0, 0, 1, 0, 2, None, None, None, None, None, Decimal(0))
    expected = [
        (FIRST_DAY, 3, 1, 1, 8, 4, 400.0, 8 / 3, 2 / 3, 1 / 3, 0.5, Decimal("9.50")),
        (at(1).date(), *none),
    ]
    assert_rows(metrics_of(seen), spark.createDataFrame(expected, METRICS))


def test_the_most_active_sessions_have_the_most_events_and_are_no_bots(spark):
    seen = sessions(
        spark,
        session("b", "ab"),
        session("a", "ab"),
        session("long", "ab", session_length=900.0),
        session("most", "abc", user_id="ann"),
        session("bot", "abcdef", is_bot=True),
    )

    expected = [
        (FIRST_DAY, 1, "most", "ann", 3, 0, 600.0),
        (FIRST_DAY, 2, "long", None, 2, 0, 900.0),
        (FIRST_DAY, 3, "a", None, 2, 0, 600.0),
    ]
    assert_rows(top_sessions(seen, 3), spark.createDataFrame(expected, tables.top_sessions.schema))


def test_days_follow_sessions_that_come_change_and_go(lake):
    def counts():
        metrics, top = (lake.read(t).collect() for t in (tables.session_metrics, tables.top_sessions))
        return (
            {row["day"].day: row["num_sessions"] for row in metrics},
            sorted((row["day"].day, row["rank"], row["session_id"]) for row in top),
        )

    put(lake, session("s1", "ab"), session("s2", "a"), session("s3", "a", day=1), session("s4", "a", day=2))
    session_metrics.run(lake, {})
    first = counts()
    delete(lake, "s1", "s4")
    put(lake, session("s5", "abc", day=1))
    session_metrics.run(lake, {})

    assert first == ({1: 2, 2: 1, 3: 1}, [(1, 1, "s1"), (1, 2, "s2"), (2, 1, "s3"), (3, 1, "s4")])
    assert counts() == ({1: 1, 2: 2}, [(1, 1, "s2"), (2, 1, "s5"), (2, 2, "s3")])
