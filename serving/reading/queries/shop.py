"""Sessions of the shop: what they are recommended, what is looked at most, how engaged they are."""

from __future__ import annotations

import pandas as pd

from lakehouse import recommendations, tables
from serving.reading.figure import Figure
from serving.reading.stores import Stores

MOST_FOUND = 50
MOST_POPULAR = 100
"""Products that may be trending: of a rare one, two views are a trend."""


def find_sessions(stores: Stores) -> list[str]:
    """Name the latest sessions that have recommendations."""
    return stores.served.sessions(MOST_FOUND)


def recommended(stores: Stores, session_id: str, n: int) -> Figure:
    """Products for a session, as applications read them: `rank`, `item_id`, `score`, `because`, the reason in words."""
    found = stores.served.for_session(session_id, n)
    rows = pd.DataFrame(found).assign(because=[recommendations.why_product(one) for one in found])
    columns = ["rank", "item_id", "score", "because", "session_id", "model_version"]
    return Figure(rows.reindex(columns=columns), rows["generated_at"].max())


def touched(stores: Stores, session_id: str) -> Figure:
    """What happened in a session: `at`, `event`, `item_id`, `price`."""
    rows = stores.lake.rows(
        f"""
        SELECT timestamp AS at, event_type AS event, item_id, price FROM {tables.clickstream_events}
        WHERE session_id = $session_id ORDER BY timestamp DESC LIMIT 100
        """,  # noqa: S608
        session_id=session_id,
    )
    until = rows["at"].iloc[0].to_pydatetime() if len(rows) else None
    return Figure(rows, stores.lake.written_at(tables.clickstream_events), until)


def most_viewed(stores: Stores, n: int) -> Figure:
    """Products by views of the last 28 days: `item_id`, counts by type, `conversion`, `trend`."""
    rows = stores.lake.rows(
        f"""
        SELECT item_id, num_views, num_clicks, num_add_to_cart, num_purchases, conversion, trend
        FROM {tables.item_popularity} ORDER BY num_views DESC, item_id LIMIT $n
        """,  # noqa: S608
        n=n,
    )
    return Figure(rows, stores.lake.written_at(tables.item_popularity))


def trending(stores: Stores, n: int) -> Figure:
    """Popular products that gain the most: `item_id`, `trend`, `rank`, `num_views`, carts, purchases, `conversion`."""
    rows = stores.lake.rows(
        f"""
        SELECT item_id, trend, rank, num_views, num_add_to_cart, num_purchases, conversion
        FROM {tables.item_popularity} WHERE rank <= {MOST_POPULAR} AND trend IS NOT NULL
        ORDER BY trend DESC, rank LIMIT $n
        """,  # noqa: S608
        n=n,
    )
    return Figure(rows, stores.lake.written_at(tables.item_popularity))


def most_active(stores: Stores) -> Figure:
    """The most active sessions of the newest day: `rank`, `session_id`, `user_id`, events, purchases, minutes."""
    rows = stores.lake.rows(
        f"""
        SELECT day, rank, session_id, coalesce(user_id, 'anonymous') AS user_id, num_events, num_purchases,
               session_length / 60 AS minutes
        FROM {tables.top_sessions} WHERE day = (SELECT max(day) FROM {tables.top_sessions}) ORDER BY rank
        """  # noqa: S608
    )
    return Figure(rows, stores.lake.written_at(tables.top_sessions))


def by_day(stores: Stores, days: int) -> Figure:
    """What people did on the newest days, by `day`, and how much bots did (`num_bots`, `num_bot_events`)."""
    rows = stores.lake.rows(
        f"""
        SELECT day, num_sessions, num_users, num_bots, num_bot_events, mean_length / 60 AS minutes, mean_events,
               cart_rate, conversion, abandonment, CAST(revenue AS DOUBLE) AS revenue
        FROM {tables.session_metrics} ORDER BY day DESC LIMIT $days
        """,  # noqa: S608
        days=days,
    )
    return Figure(rows.sort_values("day"), stores.lake.written_at(tables.session_metrics))


def lengths(stores: Stores, days: int) -> Figure:
    """How long sessions of people last: `bin`, `sessions`, and in words `from` and `length`; bins double."""
    rows = stores.lake.rows(
        f"""
        SELECT CAST(CASE WHEN session_length < 1 THEN -1 ELSE floor(ln(session_length) / ln(2)) END AS INT) AS bin,
               count(*) AS sessions
        FROM {tables.sessions}
        WHERE NOT is_bot AND day > (SELECT max(day) FROM {tables.sessions}) - CAST($days AS INT)
        GROUP BY 1 ORDER BY 1
        """,  # noqa: S608
        days=days,
    )
    rows["from"] = [("0 s" if power < 0 else _length(2**power)) for power in rows["bin"]]
    rows["length"] = [f"up to {_length(2 ** (power + 1))}" for power in rows["bin"]]
    return Figure(rows, stores.lake.written_at(tables.sessions))


def sizes(stores: Stores, days: int) -> Figure:
    """How many events sessions of people have: `events` (20 stands for 20 and more), `sessions`."""
    rows = stores.lake.rows(
        f"""
        SELECT least(num_events, 20) AS events, count(*) AS sessions FROM {tables.sessions}
        WHERE NOT is_bot AND day > (SELECT max(day) FROM {tables.sessions}) - CAST($days AS INT)
        GROUP BY 1 ORDER BY 1
        """,  # noqa: S608
        days=days,
    )
    return Figure(rows, stores.lake.written_at(tables.sessions))


def _length(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds / 60:.0f} min" if seconds < 3_600 else f"{seconds / 3_600:.1f} h"
