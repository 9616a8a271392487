"""What is expected of clicks, purchases, sessions, of what could not be used, and that nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse import tables
from lakehouse.events import CLICK_EVENTS, HIGHEST_AMOUNT
from lakehouse.quality.expectation import Suite, between, in_set, not_null, warning
from lakehouse.quality.keys import KEY_ONCE, NOT_ONLY_DELETED, counted, tallies
from lakehouse.settings import Settings
from silver.conservation import conserved
from silver.expectations import quarantine
from silver.shop import funnel
from silver.shop.item_activity import COUNTS
from silver.shop.refinements import CLICKS, PURCHASES
from silver.shop.sessions import MOST_ITEMS


def suites(_: Settings) -> Sequence[Suite]:
    """What is expected of the layer's tables."""
    ways = conserved(CLICKS), conserved(PURCHASES)
    return [*ways, _clicks(), _purchases(), _sessions(), _daily_item_activity(), quarantine("shop")]


def _clicks() -> Suite:
    c = tables.clickstream_events.c
    return Suite(
        tables.clickstream_events,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            *(not_null(column) for column in (c.timestamp, c.item_id, c.event_type, c.past_purchases)),
            in_set("is_day_of_timestamp", True),
            in_set("is_somebodys", True),
            in_set(c.event_type, *CLICK_EVENTS),
            between(c.price, 0, HIGHEST_AMOUNT),
            between(c.past_purchases, 0),
            in_set("is_mean_of_purchases", True),
            # Revenue is the sum of prices: purchases without one make it too small.
            warning(not_null("price_of_purchase", mostly=0.95)),
        ),
        scope="touched",
        derived=counted(tables.clickstream_events)
        | {
            "is_day_of_timestamp": "day = to_date(timestamp)",
            "is_somebodys": "coalesce(session_id, user_id) IS NOT NULL",
            "is_mean_of_purchases": "(past_purchases > 0) = (avg_purchase_amount IS NOT NULL)",
            "price_of_purchase": "IF(event_type = 'purchase', price, 0)",
        },
    )


def _purchases() -> Suite:
    c = tables.purchases.c
    return Suite(
        tables.purchases,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            *(not_null(column) for column in (c.user_id, c.item_id, c.purchase_date)),
            between(c.purchase_amount, 0, HIGHEST_AMOUNT),
            not_null(c.purchase_amount),
        ),
        scope="touched",
        derived=counted(tables.purchases),
    )


def _sessions() -> Suite:
    c = tables.sessions.c
    return Suite(
        tables.sessions,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            *(not_null(column) for column in (c.owner, c.session_id, c.started_at, c.ended_at, c.is_bot)),
            in_set("is_day_of_start", True),
            between(c.num_events, 1),
            between("events_of_no_type", 0, 0),
            between("seconds_off", 0, 0.001),
            between("num_items", 1, MOST_ITEMS),
            between(c.revenue, 0),
            # A session of the producer's may be as long as it says; by the defaults a gap of 24 hours ends it.
            warning(between(c.session_length, 0, 86_400, mostly=0.99)),
        ),
        scope="touched",
        derived=counted(tables.sessions)
        | {
            "is_day_of_start": "day = to_date(started_at)",
            "events_of_no_type": " - ".join((c.num_events, *COUNTS)),
            "seconds_off": "abs(session_length - timestampdiff(MICROSECOND, started_at, ended_at) / 1000000)",
            "num_items": "size(items)",
        },
    )


def _daily_item_activity() -> Suite:
    return Suite(
        tables.daily_item_activity,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            *tallies(*COUNTS),
            between("num_events", 1),
        ),
        scope="touched",
        derived=counted(tables.daily_item_activity) | {"num_events": " + ".join(COUNTS)},
    )


def daily_user_activity() -> Suite:
    """What is expected of the days of shoppers; churn's gate looks at it, as churn is seen in it."""
    c = tables.daily_user_activity.c
    return Suite(
        tables.daily_user_activity,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            *tallies(*COUNTS),
            between("num_events", 1),
            between(c.num_sessions, 1),
            between(c.session_seconds, 0),
        ),
        scope="touched",
        derived=counted(tables.daily_user_activity) | {"num_events": " + ".join(COUNTS)},
    )


def funnel_summary() -> Suite:
    """What is expected of the funnel's windows, which are stored together with churn."""
    c = tables.funnel_summary.c
    return Suite(
        tables.funnel_summary,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            *tallies(*funnel.COUNTS),
            not_null(c.is_final),
            not_null(c.is_corrected),
            between("num_seconds", funnel.WINDOW_SECONDS, funnel.WINDOW_SECONDS),
            in_set("is_even", True),
        ),
        scope="touched",
        derived=counted(tables.funnel_summary)
        | {
            "num_seconds": "unix_seconds(window_end) - unix_seconds(window_start)",
            "is_even": f"unix_seconds(window_start) % {funnel.WINDOW_SECONDS} = 0",
        },
    )
