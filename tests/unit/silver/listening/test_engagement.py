"""Engagement of a day."""

from decimal import Decimal

from silver.listening.engagement import MOST_EVENTS, daily


def test_more_events_than_a_person_makes_are_counted_and_say_nothing(spark):
    liked = spark.range(2 * MOST_EVENTS + 1).selectExpr(
        f"IF(id <= {MOST_EVENTS}, 'machine', 'fan') AS user_id",
        "'e1' AS new_episode_id",
        "DATE '2024-05-01' AS day",
        "TIMESTAMP '2024-05-01 10:00:00' AS ts",
        "'like' AS event",
        "CAST(2 AS DECIMAL(18, 6)) AS weight",
    )

    rows = {row["user_id"]: (row["num_events"], row["engagement"]) for row in daily(liked).collect()}

    assert rows == {"machine": (MOST_EVENTS + 1, 0), "fan": (MOST_EVENTS, Decimal(2 * MOST_EVENTS))}
