"""Sessions: what a session is recommended, what the shop looks at most, and how engaged its sessions are."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from serving.dashboard import charts
from serving.dashboard.panels import choices, listed, live, panel, say_where_served
from serving.reading.queries import shop as query

_DAYS = {1: "1 day", 7: "7 days", 28: "28 days"}
_EMPTY = "The shop has no sessions yet: run `reclake simulate clickstream`, then `reclake run shop`."
_SHARES = {"cart_rate": "with a cart", "conversion": "with a purchase", "abandonment": "cart left behind"}
_COUNTS = {"num_views": "views", "num_add_to_cart": "carts", "num_purchases": "purchases"}


def page() -> None:
    """Draw the page."""
    st.title("Sessions")
    say_where_served()
    left, right = st.columns([2, 1])
    session = left.selectbox(
        "Session",
        choices("session", query.find_sessions),
        key="session",
        bind="query-params",
        accept_new_options=True,
        placeholder="Choose one, or type any session_id",
        help="The latest sessions that have recommendations; any other id can be typed.",
    )
    days = right.segmented_control(
        "Days, up to the newest",
        list(_DAYS),
        format_func=lambda one: _DAYS[one],
        default=7,
        key="days",
        bind="query-params",
        required=True,
    )

    def figures() -> None:
        if session:
            _session(session)
        _shop(int(days or 7))

    live(figures)


def _session(session: str) -> None:
    left, right = st.columns(2)
    with left:
        panel(
            "Recommended to this session",
            query.recommended,
            session,
            10,
            draw=lambda rows: listed(rows, "rank", "item_id", "score", "because"),
            columns={"session_id": "made for", "model_version": None},
            about="As applications read them; made for * means that nothing is known of the session.",
        )
    with right:
        panel("What happened in it", query.touched, session, empty="Nothing is known of this session.")


def _shop(days: int) -> None:
    left, right = st.columns(2)
    with left:
        panel(
            "Most viewed products",
            query.most_viewed,
            12,
            draw=lambda rows: charts.ranked(
                rows, "item_id", "num_views", "views of the last 28 days", ["item_id", *_COUNTS, "conversion"]
            ),
            empty=_EMPTY,
        )
    with right:
        panel(
            "Top active sessions of the newest day", query.most_active, empty=_EMPTY, columns={"day": None, "rank": "#"}
        )
    left, right = st.columns(2)
    with left:
        panel(
            "Conversion by day",
            query.by_day,
            days,
            draw=_shares,
            empty=_EMPTY,
            about="Shares of sessions of people; a cart left behind is one of those with a cart.",
        )
    with right:
        panel(
            "Sessions by day",
            query.by_day,
            days,
            draw=_sessions,
            empty=_EMPTY,
            about="Sessions of people; bots are kept out.",
        )
    left, right = st.columns(2)
    with left:
        panel(
            "How long sessions last",
            query.lengths,
            days,
            draw=lambda rows: charts.columns(rows, "length", "sessions", "length", "sessions", label_angle=-40),
            empty=_EMPTY,
            about="From the first event to the last; each bin is twice as wide as the one before.",
            columns={"bin": None},
        )
    with right:
        panel(
            "How many events they have",
            query.sizes,
            days,
            draw=lambda rows: charts.columns(
                rows, "events", "sessions", "events of the session (20: 20 and more)", "sessions"
            ),
            empty=_EMPTY,
        )


def _shares(rows: pd.DataFrame) -> charts.Drawing:
    long = (
        rows.rename(columns={"day": "at"} | _SHARES)
        .melt(["at"], list(_SHARES.values()), "share", "of sessions")
        .dropna()
    )
    return charts.over_time(long, "of sessions", "share of sessions", "share", list(_SHARES.values()), format_=".0%")


def _sessions(rows: pd.DataFrame) -> charts.Drawing:
    shown = rows.assign(date=rows["day"].dt.strftime("%a %m-%d"), sessions=rows["num_sessions"])
    return charts.columns(shown, "date", "sessions", "UTC day on which they began", "sessions")
