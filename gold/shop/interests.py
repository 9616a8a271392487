"""Interests: what a session says of each of its items, by how long ago it was there and by what it did."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.settings import ClickWeights
from silver.shop.item_activity import COUNTED


def weighted_events(weights: ClickWeights, of: str = "") -> Column:
    """The weighted sum of the columns in `COUNTED`, or of the fields of that name in the struct `of`."""
    prefix = f"{of}." if of else ""
    total = F.lit(0.0)
    for column, kind in COUNTED.items():
        total += F.coalesce(F.col(f"{prefix}{column}"), F.lit(0)) * F.lit(getattr(weights, kind))
    return total


def interests(sessions: DataFrame) -> DataFrame:
    """Say how much each session is interested in each of its items now: 1 / place, whatever it did there.

    What was done there is left out on purpose: to weigh it changes nothing on YooChoose and finds fewer of the next
    items of simulated sessions, see docs/shop.md.

    Parameters
    ----------
    sessions : DataFrame
        `session_key`, and `items` as in `silver.sessions`: last touched first.

    Returns
    -------
    DataFrame
        `session_key`, `item_id`, `place` (int, 1 is the item touched last) and `interest` double.
    """
    listed = sessions.select("session_key", F.posexplode("items.item_id").alias("at", "item_id"))
    place = F.col("at") + 1
    return listed.select("session_key", "item_id", place.alias("place"), (1 / place).alias("interest"))


def evidence(sessions: DataFrame, weights: ClickWeights) -> DataFrame:
    """Say how sure it is that each session was interested in each of its items, whenever that was.

    Parameters
    ----------
    sessions : DataFrame
        `session_key`, and `items` as in `silver.sessions`.

    Returns
    -------
    DataFrame
        `session_key`, `item_id` and `evidence`, log2(1 + weighted events): 1 for one view, little more for each further
        event; 0 for events that weigh nothing.
    """
    listed = sessions.select("session_key", F.explode("items").alias("item"))
    sure = F.log2(1 + weighted_events(weights, of="item"))
    return listed.select("session_key", "item.item_id", sure.alias("evidence"))
