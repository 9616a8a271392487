"""What is expected of the gold of the shop."""

from __future__ import annotations

from collections.abc import Sequence

from gold.shop.item_popularity import TREND_DAYS, WINDOW_DAYS
from gold.shop.profiles import MOST_FAVOURITES, MOST_HOURS
from lakehouse import tables
from lakehouse.quality.expectation import Suite, at_most_one_value, between, in_set, not_empty, not_null, warning
from lakehouse.quality.keys import KEY_ONCE, NOT_ONLY_DELETED, RANK_ONCE, STAMPED, counted, ranked
from lakehouse.recommendations import POPULAR, SESSION
from lakehouse.settings import Settings
from silver.shop.item_activity import COUNTS


def suites(settings: Settings) -> Sequence[Suite]:
    """What is expected of the layer's tables."""
    return [
        _item_popularity(),
        _session_metrics(),
        _top_sessions(),
        _user_profiles(),
        _item_item(settings.session_similar_n),
        _item_factors(),
        _recommendations(settings.top_n),
    ]


def _item_popularity() -> Suite:
    c = tables.item_popularity.c
    return Suite(
        tables.item_popularity,
        (
            not_empty(),
            KEY_ONCE,
            RANK_ONCE,
            *(between(count, 0) for count in COUNTS),
            not_null(c.popularity),
            between(c.popularity, 0, 1),
            # All of four weeks in the last of them; weights of 0 leave nothing to compare.
            between(c.trend, 0, WINDOW_DAYS / TREND_DAYS + 0.0001),
            warning(between(c.conversion, 0, 1, mostly=0.95)),
        ),
        scope="whole",
        derived=ranked(tables.item_popularity),
    )


def _session_metrics() -> Suite:
    c = tables.session_metrics.c
    return Suite(
        tables.session_metrics,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            *(not_null(count) for count in (c.num_sessions, c.num_users, c.num_events, c.revenue)),
            *(not_null(count) for count in (c.num_bots, c.num_bot_events)),
            between("users_beyond_sessions", None, 0),
            *(between(share, 0, 1) for share in (c.cart_rate, c.conversion, c.abandonment)),
            between(c.mean_length, 0),
            between(c.mean_events, 1),
            between(c.revenue, 0),
            warning(between("share_of_bots", 0, 0.5)),
            warning(between("share_of_bot_events", 0, 0.5)),
        ),
        scope="touched",
        derived=counted(tables.session_metrics)
        | {
            "users_beyond_sessions": "num_users - num_sessions",
            "share_of_bots": "try_divide(num_bots, num_bots + num_sessions)",
            "share_of_bot_events": "try_divide(num_bot_events, num_bot_events + num_events)",
        },
    )


def _top_sessions() -> Suite:
    c = tables.top_sessions.c
    return Suite(
        tables.top_sessions,
        (NOT_ONLY_DELETED, KEY_ONCE, not_null(c.session_id), between(c.rank, 1), between(c.num_events, 1)),
        scope="touched",
        derived=counted(tables.top_sessions),
    )


def _user_profiles() -> Suite:
    c = tables.user_profiles.c
    return Suite(
        tables.user_profiles,
        (
            KEY_ONCE,
            between(c.num_sessions, 1),
            between(c.conversion, 0, 1),
            between(c.spend, 0),
            between(c.sessions_per_week, 0),
            between(c.median_days_between, 0),
            in_set("is_in_order", True),
            between("num_favourites", 0, MOST_FAVOURITES),
            between("num_hours", 1, MOST_HOURS),
            # More often than every half hour, day and night: a machine that no rule for bots has caught.
            warning(between(c.sessions_per_week, 0, 336)),
        ),
        scope="touched",
        derived=counted(tables.user_profiles)
        | {
            "is_in_order": "first_seen_at <= last_seen_at",
            "num_favourites": "size(favourite_items)",
            "num_hours": "size(favourite_hours)",
        },
    )


def _item_item(similar_n: int) -> Suite:
    # No rows where another model serves.
    c = tables.session_item_item.c
    return Suite(
        tables.session_item_item,
        (
            KEY_ONCE,
            RANK_ONCE,
            in_set("is_itself", False),
            between(c.rank, 1, similar_n),
            not_null(c.similarity),
            # Above 0 and finite: also what catches NaN.
            between(c.similarity, 1e-12, 1e12),
            not_null(c.model_version),
            at_most_one_value(c.model_version),
        ),
        scope="whole",
        derived=ranked(tables.session_item_item, c.item_id)
        | {
            "is_itself": "item_id = similar_item_id",
        },
    )


def _item_factors() -> Suite:
    # No rows where another model serves.
    c = tables.session_item_factors.c
    return Suite(
        tables.session_item_factors,
        (KEY_ONCE, not_null(c.factors), not_null(c.configuration), at_most_one_value(c.model_version)),
        scope="whole",
        derived=counted(tables.session_item_factors),
    )


def _recommendations(top_n: int) -> Suite:
    c = tables.session_recommendations.c
    return Suite(
        tables.session_recommendations,
        (
            not_empty(),
            KEY_ONCE,
            RANK_ONCE,
            between(c.rank, 1, top_n),
            not_null(c.score),
            between(c.score, 0, 1e12),
            not_null(c.reason),
            in_set("reason_with_item", SESSION),
            in_set("reason_without_item", POPULAR),
            in_set("is_itself", False),
            *STAMPED,
        ),
        scope="whole",
        derived=ranked(tables.session_recommendations, c.session_id)
        | {
            "reason_with_item": "IF(because_item_id IS NOT NULL, reason, NULL)",
            "reason_without_item": "IF(because_item_id IS NULL, reason, NULL)",
            "is_itself": "item_id = because_item_id",
        },
    )
