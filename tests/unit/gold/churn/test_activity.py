"""Inputs and label of churn, from days of activity."""

import datetime as dt
import itertools

from hypothesis import given
from hypothesis import strategies as st

from gold.churn.activity import inputs, labelled, weekly
from gold.churn.features import INPUTS

AS_OF = dt.date(2024, 5, 29)
SCHEMA = (
    "user_id string, day date, num_views long, num_clicks long, num_add_to_cart long, num_purchases long, "
    "num_sessions long, session_seconds double"
)


def activity(spark, *rows):
    """Rows of user, days before `AS_OF`, and counts."""
    full = [(user, AS_OF - dt.timedelta(days=age), *counts) for user, age, counts in rows]
    return spark.createDataFrame(full, SCHEMA)


def test_what_lies_in_the_history_is_summed_up(spark):
    one = (4, 3, 2, 1, 2, 60.0)
    seen = activity(spark, ("u", 0, one), ("u", 1, one), ("u", 8, one), ("u", 28, one), ("u", 29, one), ("u", 400, one))

    (row,) = inputs(seen, [AS_OF]).collect()

    assert {name: row[name] for name in INPUTS} == {
        "num_views": 12,
        "num_clicks": 9,
        "num_add_to_cart": 6,
        "num_purchases": 3,
        "recent_events": 10,
        "recency_days": 1,
        "active_days": 3,
        "num_sessions": 6,
        "mean_session_seconds": 30.0,
        "tenure_days": 365,
    }
    assert row["as_of"] == AS_OF


def test_who_did_nothing_in_the_history_has_no_inputs(spark):
    one = (1, 0, 0, 0, 1, 0.0)

    found = inputs(activity(spark, ("gone", 29, one), ("new", 0, one), ("there", 28, one)), [AS_OF]).collect()

    assert {(row["user_id"], row["recent_events"], row["recency_days"]) for row in found} == {("there", 0, 28)}


def test_churned_is_who_does_nothing_in_the_horizon(spark):
    one = (1, 0, 0, 0, 1, 0.0)
    seen = activity(
        spark,
        ("stays", 3, one),
        ("stays", 0, one),
        ("last day", 3, one),
        ("last day", -6, one),
        ("too late", 3, one),
        ("too late", -7, one),
        ("leaves", 3, one),
    )

    found = {row["user_id"]: row["churned"] for row in labelled(seen, [AS_OF], horizon_days=7).collect()}

    assert found == {"stays": False, "last day": False, "too late": True, "leaves": True}


def test_each_day_is_asked_for_by_itself(spark):
    one = (1, 0, 0, 0, 1, 0.0)
    seen = activity(spark, ("u", 20, one), ("u", 8, one), ("u", 2, one))
    days = [AS_OF - dt.timedelta(days=14), AS_OF - dt.timedelta(days=7), AS_OF]

    together = labelled(seen, days, 7).select("as_of", "churned", *INPUTS).collect()
    alone = [row for day in days for row in labelled(seen, [day], 7).select("as_of", "churned", *INPUTS).collect()]

    assert sorted(together) == sorted(alone)
    assert [row["churned"] for row in sorted(together)] == [False, False, True]


@given(st.dates(dt.date(2000, 1, 1), dt.date(2030, 1, 1)), st.integers(0, 800), st.integers(1, 90))
def test_looks_at_the_past_have_a_history_and_a_label(newest, span, horizon):
    oldest = newest - dt.timedelta(days=span)

    days = weekly(newest, oldest, horizon)

    assert all(oldest < day <= newest - dt.timedelta(days=horizon) for day in days)
    assert all(later - earlier == dt.timedelta(days=7) for earlier, later in itertools.pairwise(days))
    assert bool(days) == (span > horizon)
