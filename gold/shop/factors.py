"""Factors of sessions and items: ALS, with each session folded in when it asks, whether the fit saw it or not."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from gold.engines import fitting
from gold.engines.configuration import Configuration
from gold.engines.factors import Factors
from gold.engines.fold_in import folded_in
from gold.engines.ids import with_ids
from gold.engines.reasons import with_reasons
from gold.shop.interests import evidence, interests
from lakehouse.settings import ClickWeights

CONFIGURATION = Configuration(engine="implicit_als", rank=256, alpha=40.0, regularization=10.0)
"""What did best on YooChoose, see docs/shop.md: sessions are short, so that what little they say has to count."""


@dataclass(frozen=True)
class SessionFactors:
    """Vectors of items, `item_id` and `factors`, and what they were fitted with.

    What a session touched last counts most when it is folded in, though it does not in the fit: on YooChoose that is
    better, see docs/shop.md.
    """

    items: DataFrame
    configuration: Configuration

    def recommend(self, sessions: DataFrame, n: int) -> DataFrame:
        """Find the `n` items with the highest inner product; see `gold.shop.model.SessionModel`."""
        item_ids = _numbered(self.items.select(F.col("item_id").alias("id")))
        session_ids = _numbered(sessions.select(F.col("session_key").alias("id")))
        items = self.items.join(item_ids.toDF("item_id", "idx"), "item_id").select("idx", "factors")
        engaged = _engaged(interests(sessions), "interest", session_ids, item_ids)
        held = engaged.groupBy(F.col("user_idx").alias("idx")).agg(F.collect_list("item_idx").alias("excluded"))
        best = Factors(folded_in(engaged, items, self.configuration), items).recommend(held, n)
        # Popularity has no share in these factors.
        explained = with_reasons(best, engaged, items.withColumn("popularity", F.lit(0.0)), self.configuration)
        return (
            explained.where("score > 0")
            .transform(with_ids, session_ids, "idx", "session_key")
            .transform(with_ids, item_ids, "item_idx", "item_id")
            .transform(with_ids, item_ids, "because_idx", "because_item_id", "left")
            .select("session_key", "item_id", "score", "rank", "because_item_id")
        )


def fit(sessions: DataFrame, weights: ClickWeights, configuration: Configuration = CONFIGURATION) -> SessionFactors:
    """Factorise what sessions say of their items.

    Parameters
    ----------
    sessions : DataFrame
        `session_key`, and `items` as in `silver.sessions`.

    Raises
    ------
    DataTooLargeError
        There is more than the configuration's engine can work on.
    """
    known = evidence(sessions, weights).where("evidence > 0")
    session_ids = _numbered(known.select(F.col("session_key").alias("id")))
    item_ids = _numbered(known.select(F.col("item_id").alias("id")))
    factors = fitting.fit_factors(_engaged(known, "evidence", session_ids, item_ids), configuration)
    return SessionFactors(factors.items.transform(with_ids, item_ids, "idx", "item_id"), configuration)


def _numbered(ids: DataFrame) -> DataFrame:
    """Number ids, repeated or not, for the length of one computation: `id`, `idx`.

    In one task: there are no more than one node is fitted to, and to count in many tasks takes three times as long.
    """
    return ids.distinct().select("id", F.row_number().over(Window.orderBy("id")).alias("idx"))


def _engaged(known: DataFrame, engagement: str, session_ids: DataFrame, item_ids: DataFrame) -> DataFrame:
    return (
        known.select("session_key", "item_id", F.col(engagement).alias("engagement"))
        .join(session_ids.toDF("session_key", "user_idx"), "session_key")
        .join(item_ids.toDF("item_id", "item_idx"), "item_id")
        .select("user_idx", "item_idx", "engagement")
    )
