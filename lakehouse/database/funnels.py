"""The funnel as people read it: how many shoppers came how far, by window and over all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from lakehouse.database.connection import Connection

_STAGES = sql.SQL("""
    count(*) FILTER (WHERE num_views + num_add_to_cart + num_purchases > 0),
    count(*) FILTER (WHERE num_add_to_cart + num_purchases > 0),
    count(*) FILTER (WHERE num_purchases > 0)
""")


@dataclass(frozen=True)
class Funnel:
    """Shoppers by stage, each counted once per stage.

    Who bought counts as one who had a cart, and who had a cart as one who looked: what they did in an earlier window
    is not asked for. So no stage has more than the one before.
    """

    viewed: int
    carted: int
    purchased: int

    @property
    def cart_rate(self) -> float | None:
        """Share of those who looked that had a cart; none if nobody looked."""
        return self.carted / self.viewed if self.viewed else None

    @property
    def purchase_rate(self) -> float | None:
        """Share of those with a cart that bought; the rest dropped off."""
        return self.purchased / self.carted if self.carted else None

    @property
    def conversion(self) -> float | None:
        """Share of those who looked that bought."""
        return self.purchased / self.viewed if self.viewed else None


@dataclass(frozen=True)
class WindowFunnel:
    """The funnel of one window of ten minutes."""

    start: dt.datetime
    is_final: bool
    is_corrected: bool
    funnel: Funnel


def newest_windows(connection: Connection, n: int) -> Sequence[WindowFunnel]:
    """The funnels of the newest `n` windows in which anybody did something, newest first."""
    statement = sql.SQL("""
        SELECT window_start, bool_and(is_final), bool_or(is_corrected), {stages}
        FROM funnel_summary WHERE window_start >= (
            SELECT min(window_start)
            FROM (SELECT DISTINCT window_start FROM funnel_summary ORDER BY window_start DESC LIMIT %s) newest
        )
        GROUP BY window_start ORDER BY window_start DESC
    """).format(stages=_STAGES)
    return [
        WindowFunnel(start, is_final, is_corrected, Funnel(*stages))
        for start, is_final, is_corrected, *stages in connection.execute(statement, [n])
    ]


def overall(connection: Connection, since: dt.datetime) -> Funnel:
    """The funnel of all windows from `since` on, each shopper counted once."""
    statement = sql.SQL("""
        SELECT {stages} FROM (
            SELECT
                sum(num_views) AS num_views,
                sum(num_add_to_cart) AS num_add_to_cart,
                sum(num_purchases) AS num_purchases
            FROM funnel_summary WHERE window_start >= %s GROUP BY user_id
        ) shoppers
    """).format(stages=_STAGES)
    row = connection.execute(statement, [since]).fetchone()
    assert row is not None
    return Funnel(*row)
