"""Item-item: products that follow each other in sessions, the baseline that session models find hard to beat.

Ludewig and Jannach, "Evaluation of Session-based Recommendation Algorithms" (UMUAI 2018), found such simple neighbours
beside or above neural networks. Two items of a session that are k steps apart, 10 at most, count 1 / k together. The
sum over sessions, with n(i) the number of sessions that hold item i, makes

    similarity(from, to) = sum / (n(from) ** .75 * n(to) ** .1)

and an item scores the sum of interest * similarity over the items of the session, see `gold.shop.interests`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from gold.shop.interests import interests

MOST_STEPS = 10
"""Items further apart than this have nothing to do with each other."""
FROM_EXPONENT, TO_EXPONENT = 0.75, 0.1
"""How much a pair loses by how common its items are; chosen on YooChoose, see docs/shop.md."""
NEWEST_ITEMS = 20
"""What was touched before these says next to nothing, and a session may hold a hundred items."""

_UNIT = math.lcm(*range(1, MOST_STEPS + 1))
"""What two neighbours in a session count: every 1 / k is then an integer, and sums do not depend on their order."""


@dataclass(frozen=True)
class ItemItem:
    """Neighbours of items, as `neighbours` returns them."""

    neighbours: DataFrame

    def recommend(self, sessions: DataFrame, n: int) -> DataFrame:
        """Find the `n` items nearest to what a session was about last; see `gold.shop.model.SessionModel`."""
        held = interests(sessions)
        asked = held.where(F.col("place") <= NEWEST_ITEMS)
        part = F.col("interest") * F.col("similarity")
        scored = (
            asked.join(self.neighbours.select("item_id", "similar_item_id", "similarity"), "item_id")
            .select("session_key", "similar_item_id", "item_id", "place", part.alias("part"))
            .toDF("session_key", "item_id", "because", "place", "part")
            .groupBy("session_key", "item_id")
            .agg(
                F.sum("part").alias("score"),
                # Of items that add the same, the one touched last.
                F.max(F.struct("part", -F.col("place"), "because"))["because"].alias("because_item_id"),
            )
        )
        best = F.row_number().over(Window.partitionBy("session_key").orderBy(F.desc("score"), "item_id"))
        return (
            scored.join(held.select("session_key", "item_id"), ["session_key", "item_id"], "left_anti")
            .where("score > 0")
            .withColumn("rank", best)
            .where(F.col("rank") <= n)
            .select("session_key", "item_id", "score", "rank", "because_item_id")
        )


def neighbours(sessions: DataFrame, most: int) -> DataFrame:
    """Find the items that are most often near each item in sessions.

    Parameters
    ----------
    sessions : DataFrame
        `items`, an array of structs with `item_id`, in the order in which they were touched or against it.
    most : int
        Neighbours kept per item.

    Returns
    -------
    DataFrame
        `item_id`, `similar_item_id`, `similarity` double and `rank` from 1, equal similarities by item. An item is its
        own neighbour only where a session holds it more than once.
    """
    listed = sessions.select(F.col("items.item_id").alias("items"))
    common = (
        listed.select(F.explode(F.array_distinct("items")).alias("item_id"))
        .groupBy("item_id")
        .agg(F.count("*").alias("num_sessions"))
    )
    here, there = (common.toDF(name, f"{name}_sessions") for name in ("item_id", "similar_item_id"))
    rarity = F.pow("item_id_sessions", F.lit(FROM_EXPONENT)) * F.pow("similar_item_id_sessions", F.lit(TO_EXPONENT))
    best = F.row_number().over(Window.partitionBy("item_id").orderBy(F.desc("similarity"), "similar_item_id"))
    return (
        co_occurrences(listed)
        .join(here, "item_id")
        .join(there, "similar_item_id")
        .select("item_id", "similar_item_id", (F.col("together") / rarity).alias("similarity"))
        .withColumn("rank", best)
        .where(F.col("rank") <= most)
    )


def co_occurrences(listed: DataFrame) -> DataFrame:
    """Sum up how near items are to each other: `item_id`, `similar_item_id`, `together` double; both directions.

    Parameters
    ----------
    listed : DataFrame
        `items` array<string>.
    """
    pairs = F.transform(
        "items",
        lambda item, at: F.transform(
            F.slice("items", at + 2, F.lit(MOST_STEPS)),
            lambda other, step: F.struct(
                item.alias("one"), other.alias("other"), (F.lit(_UNIT) / (step + 1)).cast("long").alias("together")
            ),
        ),
    )
    directions = F.array(
        F.struct(F.col("pair.one").alias("item_id"), F.col("pair.other").alias("similar_item_id")),
        F.struct(F.col("pair.other").alias("item_id"), F.col("pair.one").alias("similar_item_id")),
    )
    return (
        listed.select(F.explode(F.flatten(pairs)).alias("pair"))
        .select(F.inline(directions), "pair.together")
        .groupBy("item_id", "similar_item_id")
        .agg((F.sum("together") / F.lit(_UNIT)).alias("together"))
    )
