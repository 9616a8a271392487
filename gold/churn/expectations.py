"""What is expected of the activity of shoppers, of the funnel, and of predicted churn."""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse import tables
from lakehouse.quality.expectation import Suite, between, in_set, not_null, warning
from lakehouse.quality.keys import KEY_ONCE, counted
from lakehouse.settings import Settings
from silver.shop.expectations import activity, funnel


def suites(_: Settings) -> Sequence[Suite]:
    """What is expected of the layer's tables."""
    return [activity(), funnel(), _features(), _predictions()]


def _features() -> Suite:
    # As the churn API takes them; what it would refuse must not be written.
    c = tables.churn_features.c
    counts = (c.num_views, c.num_clicks, c.num_add_to_cart, c.num_purchases, c.recent_events, c.num_sessions)
    return Suite(
        tables.churn_features,
        (
            KEY_ONCE,
            *(not_null(count) for count in counts),
            *(between(count, 0, 1_000_000_000) for count in counts),
            between(c.recency_days, 1, 28),
            between(c.active_days, 1, 28),
            between(c.tenure_days, 1, 365),
            between(c.mean_session_seconds, 0, 28 * 86_400),
            between("recent_beyond_all", None, 0),
        ),
        scope="whole",
        derived=counted(tables.churn_features)
        | {"recent_beyond_all": "recent_events - num_views - num_clicks - num_add_to_cart - num_purchases"},
    )


def _predictions() -> Suite:
    c = tables.churn_predictions.c
    return Suite(
        tables.churn_predictions,
        (
            KEY_ONCE,
            *(not_null(column) for column in (c.churn_probability, c.churned, c.threshold, c.model_version)),
            between(c.churn_probability, 0, 1),
            between(c.threshold, 0, 1),
            in_set("is_by_threshold", True),
            # Most shoppers leaving at once is news, or a model that learned from a shop at rest.
            warning(between("share_churned", 0, 0.9)),
        ),
        scope="touched",
        derived=counted(tables.churn_predictions)
        | {
            "is_by_threshold": "churned = (churn_probability >= threshold)",
            "share_churned": "avg(CAST(churned AS DOUBLE)) OVER (PARTITION BY as_of)",
        },
    )
