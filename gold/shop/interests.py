"""Interests: how much a session says of each of its items, by what was done there and how long ago."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.settings import ClickWeights

COUNTS = {
    "num_views": "view",
    "num_clicks": "click",
    "num_add_to_cart": "add_to_cart",
    "num_purchases": "purchase",
}
"""The columns that count events, and the weight that each type has in `ClickWeights`."""


def weighted_events(weights: ClickWeights, of: str = "") -> Column:
    """The weighted sum of the columns in `COUNTS`, or of the fields of that name in the struct `of`."""
    prefix = f"{of}." if of else ""
    total = F.lit(0.0)
    for column, kind in COUNTS.items():
        total += F.coalesce(F.col(f"{prefix}{column}"), F.lit(0)) * F.lit(getattr(weights, kind))
    return total


def interests(sessions: DataFrame, weights: ClickWeights) -> DataFrame:
    """Say how much each session is interested in each of its items.

    Parameters
    ----------
    sessions : DataFrame
        `session_key`, and `items` as in `silver.sessions`: last touched first.

    Returns
    -------
    DataFrame
        `session_key`, `item_id`, `place` (int, 1 is the item touched last), `evidence`, log2(1 + weighted events),
        which is 1 for one view and little more for each further event, and `interest`, evidence / place.
    """
    listed = sessions.select("session_key", F.posexplode("items").alias("at", "item"))
    return listed.select(
        "session_key",
        F.col("item.item_id").alias("item_id"),
        (F.col("at") + 1).alias("place"),
        F.log2(1 + weighted_events(weights, of="item")).alias("evidence"),
    ).withColumn("interest", F.col("evidence") / F.col("place"))
