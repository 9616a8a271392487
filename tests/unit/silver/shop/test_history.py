"""What a shopper had bought before the day of each event."""

import datetime as dt
from decimal import Decimal

from chispa import assert_df_equality

from silver.shop.history import with_history

EVENTS = "event_id string, day date, user_id string"
PURCHASES = "user_id string, purchase_amount decimal(18,2), purchase_date date"


def may(day):
    return dt.date(2024, 5, day)


def test_only_earlier_days_of_the_same_shopper_count(spark):
    events = spark.createDataFrame(
        [
            ("before", may(1), "u1"),
            ("same day", may(2), "u1"),
            ("after", may(3), "u1"),
            ("also after", may(3), "u1"),
            ("of another", may(3), "u2"),
            # Of nobody, by the name of somebody who has bought.
            ("u1", may(3), None),
        ],
        EVENTS,
    )
    bought = [("u1", Decimal(10), may(1)), ("u1", Decimal(25), may(2)), ("u3", Decimal(99), may(1))]
    purchases = spark.createDataFrame(bought, PURCHASES)

    actual = with_history(events, purchases).select("event_id", "avg_purchase_amount", "past_purchases")

    expected = spark.createDataFrame(
        [
            ("before", None, 0),
            ("same day", 10.0, 1),
            ("after", 17.5, 2),
            ("also after", 17.5, 2),
            ("of another", None, 0),
            ("u1", None, 0),
        ],
        "event_id string, avg_purchase_amount double, past_purchases long",
    )
    assert_df_equality(actual, expected, ignore_row_order=True, ignore_nullable=True)
