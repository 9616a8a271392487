"""Reasons: which of a user's own interactions a recommendation owes most to.

The score that ALS gives item i for user u is a sum over the items j that u likes (Hu, Koren and Volinsky,
"Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008, section 5): j adds the inner product of i's vector
with the part of u's vector that is owed to j, see `gold.engines.fold_in`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from threadpoolctl import threadpool_limits

from gold.engines.configuration import Configuration
from gold.engines.fold_in import Doubles, gram_of, own_interactions, parts_of_user, regularization_of
from gold.engines.top_n import SCHEMA, Batches, by_user
from gold.engines.vectors import CLOSURE_BYTES, Ints, Vectors, collected, slices
from lakehouse.recommendations import LIKED, POPULAR

log = logging.getLogger(__name__)


def with_reasons(best: DataFrame, engaged: DataFrame, items: DataFrame, configuration: Configuration) -> DataFrame:
    """Add to each recommendation what speaks most for it: something that the user likes, or how popular it is.

    Parameters
    ----------
    best : DataFrame
        `idx`, `item_idx`, `score`, `rank`.
    engaged : DataFrame
        `user_idx`, `item_idx`, `engagement` of the users' interactions.
    items : DataFrame
        `idx`, `factors` (without popularity), `popularity`.
    configuration : Configuration
        What the factors were fitted with.

    Returns
    -------
    DataFrame
        The same rows with `reason` (`LIKED` or `POPULAR`) and `because_idx`, the item that the user likes (else null).
        Both are null where there are more items than the workers can be handed.
    """
    vectors = collected(items)
    if vectors.rows.nbytes > CLOSURE_BYTES:
        log.warning("no reasons: the vectors of %d items take more than %d bytes", vectors.numbers.size, CLOSURE_BYTES)
        return best.select(
            "*", F.lit(None).cast("string").alias("reason"), F.lit(None).cast("int").alias("because_idx")
        )
    popularity = collected(items.select("idx", F.array(F.col("popularity").cast("float")).alias("factors")))
    none = F.array().cast("array<struct<item_idx: int, engagement: double>>")
    named = (
        by_user(best)
        .join(own_interactions(engaged), "idx", "left")
        .withColumn("own", F.coalesce("own", none))
        .mapInArrow(_explainer(vectors, popularity, configuration), f"{SCHEMA}, because_idx int")
    )
    reason = F.when(F.col("because_idx").isNull(), POPULAR).otherwise(LIKED)
    return named.withColumn("reason", reason)


def contributions(
    best: Doubles, own: Doubles, engagement: Doubles, gram: Doubles, alpha: float, regularization: float
) -> Doubles:
    """Divide the scores of a user's recommendations among the user's interactions.

    Parameters
    ----------
    best : array (n, rank)
        Vectors of the recommended items.
    own, engagement, gram, alpha, regularization
        As in `gold.engines.fold_in.parts_of_user`.

    Returns
    -------
    array (n, m)
        Rows sum to the scores.
    """
    parts: Doubles = best @ parts_of_user(own, engagement, gram, alpha, regularization)
    return parts


def _explainer(vectors: Vectors, popularity: Vectors, configuration: Configuration) -> Callable[[Batches], Batches]:
    gram = gram_of(vectors)
    share = configuration.popularity_share

    def strongest(best: Ints, own: Ints, engagement: Doubles) -> Ints:
        """The item that each recommendation owes most to; -1 where popularity adds more."""
        if not (engagement > 0).any():
            return np.full(best.size, -1)
        parts = (1 - share) * contributions(
            vectors.of(best).astype(np.float64),
            vectors.of(own).astype(np.float64),
            engagement,
            gram,
            configuration.alpha,
            regularization_of(configuration, engagement),
        )
        popular = np.maximum(share * popularity.of(best)[:, 0], 0)
        return np.where(parts.max(axis=1) > popular, own[parts.argmax(axis=1)], -1)

    def explain(batches: Batches) -> Batches:
        # As many workers as cores run already.
        with threadpool_limits(limits=1, user_api="blas"):
            for batch in batches:
                best, own = batch["best"].flatten(), batch["own"].flatten()
                items, owned, engagement = (
                    rows.field(name).to_numpy()
                    for rows, name in ((best, "item_idx"), (own, "item_idx"), (own, "engagement"))
                )
                users = zip(slices(batch["best"]), slices(batch["own"]), strict=True)
                because = np.concatenate([strongest(items[a], owned[b], engagement[b]) for a, b in users])
                yield pa.record_batch(
                    {
                        "idx": np.repeat(batch["idx"].to_numpy(), batch["best"].value_lengths().to_numpy()),
                        **{name: best.field(name) for name in ("item_idx", "score", "rank")},
                        "because_idx": pa.array(because, pa.int32(), mask=because < 0),
                    }
                )

    return explain
