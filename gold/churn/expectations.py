"""What is expected of the activity of shoppers, of the funnel, and of predicted churn."""

from __future__ import annotations

from collections.abc import Sequence

from gold.churn.features import HISTORY_DAYS, LONGEST_SESSION_SECONDS, MOST_EVENTS, MOST_TENURE_DAYS
from lakehouse import tables
from lakehouse.quality.expectation import Suite, between, in_set, not_null, warning
from lakehouse.quality.keys import KEY_ONCE, counted
from lakehouse.settings import Settings
from silver.shop.expectations import daily_user_activity, funnel_summary
from silver.shop.item_activity import COUNTS


def suites(_: Settings) -> Sequence[Suite]:
    """What is expected of the layer's tables."""
    return [daily_user_activity(), funnel_summary(), _features(), _predictions()]


def _features() -> Suite:
    # As the churn API takes them; what it would refuse must not be written.
    c = tables.churn_features.c
    counts = (*COUNTS, c.recent_events, c.num_sessions)
    return Suite(
        tables.churn_features,
        (
            KEY_ONCE,
            *(not_null(count) for count in counts),
            *(between(count, 0, MOST_EVENTS) for count in counts),
            between(c.recency_days, 1, HISTORY_DAYS),
            between(c.active_days, 1, HISTORY_DAYS),
            between(c.tenure_days, 1, MOST_TENURE_DAYS),
            between(c.mean_session_seconds, 0, LONGEST_SESSION_SECONDS),
            between("recent_beyond_all", None, 0),
        ),
        scope="whole",
        derived=counted(tables.churn_features) | {"recent_beyond_all": " - ".join((c.recent_events, *COUNTS))},
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
