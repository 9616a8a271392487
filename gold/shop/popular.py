"""Popular items: what a session gets of which nothing better is known, and where its own list is too short."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.shop.model import RECOMMENDED, SessionModel
from lakehouse.rows import few_rows
from silver.shop.sessions import MOST_ITEMS


@dataclass(frozen=True)
class Popular:
    """Items by popularity: `item_id`, and `popularity` above 0 and at most 1."""

    items: DataFrame

    def recommend(self, sessions: DataFrame, n: int) -> DataFrame:
        """Find the `n` most popular items; see `gold.shop.model.SessionModel`."""
        none = few_rows(sessions.sparkSession, [], RECOMMENDED)
        return self.fill(none, sessions, n)

    def fill(self, found: DataFrame, sessions: DataFrame, n: int) -> DataFrame:
        """Fill the list of each session up to `n` with popular items.

        Their scores are at most half the lowest of what the session has, so that they come last.

        Parameters
        ----------
        found : DataFrame
            What another model recommends, `RECOMMENDED`.
        sessions : DataFrame
            All sessions, those of which nothing is found included.
        """
        best = self.items.orderBy(F.desc("popularity"), "item_id").limit(MOST_ITEMS + n)
        ordered = F.array_sort(F.collect_list(F.struct((-F.col("popularity")).alias("order"), "item_id", "popularity")))
        own = F.array_sort(F.collect_list(F.struct("rank", "item_id", "score", "because_item_id"))).alias("found")
        listed = (
            sessions.select("session_key", F.col("items.item_id").alias("held"))
            .join(found.groupBy("session_key").agg(own), "session_key", "left")
            .withColumn("found", F.coalesce("found", F.array().cast(_LISTED)))
            .withColumn("known", F.concat("held", "found.item_id"))
            .crossJoin(F.broadcast(best.agg(ordered.alias("popular"))))
        )
        missing = F.greatest(n - F.size("found"), F.lit(0))
        fresh = F.filter("popular", lambda item: ~F.array_contains(F.col("known"), item["item_id"]))
        highest = F.coalesce(F.try_element_at("found.score", F.lit(-1)) / 2, F.lit(1.0))
        more = F.transform(
            F.slice(fresh, F.lit(1), missing),
            lambda item, at: F.struct(
                (F.size("found") + at + 1).alias("rank"),
                item["item_id"].alias("item_id"),
                (item["popularity"] * highest).alias("score"),
                F.lit(None).cast("string").alias("because_item_id"),
            ),
        )
        return listed.select("session_key", F.inline(F.concat("found", more.cast(_LISTED)))).select(
            "session_key", "item_id", "score", "rank", "because_item_id"
        )


@dataclass(frozen=True)
class Filled:
    """A model whose lists are filled up with popular items, as they are served."""

    model: SessionModel
    popular: Popular

    def recommend(self, sessions: DataFrame, n: int) -> DataFrame:
        """Recommend by the model, and by popularity where that has too little; see `gold.shop.model.SessionModel`."""
        return self.popular.fill(self.model.recommend(sessions, n), sessions, n)


def by_sessions(sessions: DataFrame) -> Popular:
    """Items by the number of sessions that hold them.

    Parameters
    ----------
    sessions : DataFrame
        `items` as in `silver.sessions`.
    """
    counted = (
        sessions.select(F.explode(F.array_distinct("items.item_id")).alias("item_id"))
        .groupBy("item_id")
        .agg(F.count("*").alias("num_sessions"))
    )
    highest = counted.agg(F.max("num_sessions").alias("highest"))
    return Popular(
        counted.crossJoin(F.broadcast(highest)).select(
            "item_id", (F.col("num_sessions") / F.col("highest")).alias("popularity")
        )
    )


_LISTED = "array<struct<rank: int, item_id: string, score: double, because_item_id: string>>"
