"""Why the hybrid recommends something: how much each source adds to the score, and which like of the listener it is."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.engines.factors import Factors
from gold.engines.top_n import SCHEMA, Batches, by_user
from gold.engines.vectors import CLOSURE_BYTES, Floats, Ints, Vectors, collected, matrix, slices, unit_rows
from gold.listening.hybrid.sources import Sources
from gold.listening.hybrid.weights import SOURCES
from lakehouse.recommendations import LIKED, POPULAR, SIMILAR

REASONS = dict(zip(SOURCES, (LIKED, SIMILAR, POPULAR), strict=True))
"""What is said of a recommendation by the source that adds most to it."""

_SHARES = "map<string, double>"

log = logging.getLogger(__name__)


def with_explanations(best: DataFrame, liked: DataFrame, weighed: Factors, sources: Sources) -> DataFrame:
    """Add to each recommendation what its sources add, and the like that is nearest to it by the strongest source.

    Parameters
    ----------
    best : DataFrame
        `idx`, `item_idx`, `score`, `rank`.
    liked : DataFrame
        `user_idx`, `item_idx`: what the users like.
    weighed : Factors
        What `best` was made from: `sources` with their weights.

    Returns
    -------
    DataFrame
        The same rows with `sources` (name to what it adds to the score), `reason` (of `REASONS`) and `because_idx`, an
        item that the user likes (null where popularity is the reason, or nothing is known of the user). All are null
        where there are more items than the workers can be handed.
    """
    als, text = (collected(sources.items.select("idx", F.col(name).alias("factors"))) for name in ("als", "text"))
    if als.rows.nbytes + text.rows.nbytes > CLOSURE_BYTES:
        log.warning("nothing is explained: the vectors of %d items are more than fit", als.numbers.size)
        none = {"sources": _SHARES, "reason": "string", "because_idx": "int"}
        return best.select("*", *(F.lit(None).cast(kind).alias(name) for name, kind in none.items()))
    popularity = collected(sources.items.select("idx", F.array(F.col("popularity").cast("float")).alias("factors")))
    own = liked.groupBy(F.col("user_idx").alias("idx")).agg(F.array_sort(F.collect_list("item_idx")).alias("own"))
    anyone = F.lit([float(one) for one in weighed.anyone or ()]).cast("array<float>")
    asked = (
        by_user(best)
        .join(own, "idx", "left")
        .join(weighed.users, "idx", "left")
        .select(
            "idx",
            "best",
            F.coalesce("own", F.array().cast("array<int>")).alias("own"),
            F.coalesce("factors", anyone).alias("factors"),
        )
    )
    explained = asked.mapInArrow(
        _explaining(als, text, popularity), f"{SCHEMA}, als double, text double, popularity double, because_idx int"
    )
    shares = F.create_map(*(part for name in SOURCES for part in (F.lit(name), F.col(name))))
    strongest = F.greatest(*SOURCES)
    reason = F.coalesce(*(F.when(F.col(name) == strongest, REASONS[name]) for name in reversed(SOURCES)))
    return explained.select(
        "idx", "item_idx", "score", "rank", shares.alias("sources"), reason.alias("reason"), "because_idx"
    )


def _explaining(als: Vectors, text: Vectors, popularity: Vectors) -> Callable[[Batches], Batches]:
    split = als.rows.shape[1], als.rows.shape[1] + text.rows.shape[1]

    def nearest(items: Floats, own: Ints, vectors: Vectors) -> Ints:
        """The like of the highest cosine with each item; -1 where there is none."""
        if not own.size:
            return np.full(len(items), -1)
        likeness = unit_rows(items) @ unit_rows(vectors.of(own)).T
        found: Ints = own[likeness.argmax(axis=1)]
        return found

    def explain(batches: Batches) -> Batches:
        for batch in batches:
            best, own = batch["best"].flatten(), batch["own"].flatten().to_numpy()
            items = best.field("item_idx").to_numpy()
            parts, because = [], []
            for user, some, likes in zip(
                matrix(batch["factors"]), slices(batch["best"]), slices(batch["own"]), strict=True
            ):
                theirs = items[some]
                of_als, of_text, of_popularity = np.split(user, split)
                in_als, in_text = als.of(theirs), text.of(theirs)
                adds = np.column_stack([in_als @ of_als, in_text @ of_text, popularity.of(theirs) @ of_popularity])
                parts.append(adds)
                nearest_likes = [nearest(in_als, own[likes], als), nearest(in_text, own[likes], text)]
                because.append(np.choose(adds.argmax(axis=1), [*nearest_likes, np.full(theirs.size, -1)]))
            all_adds, all_because = np.concatenate(parts).astype(np.float64), np.concatenate(because)
            yield pa.record_batch(
                {
                    "idx": np.repeat(batch["idx"].to_numpy(), batch["best"].value_lengths().to_numpy()),
                    **{name: best.field(name) for name in ("item_idx", "score", "rank")},
                    **dict(zip(SOURCES, np.ascontiguousarray(all_adds.T), strict=True)),
                    "because_idx": pa.array(all_because, pa.int32(), mask=all_because < 0),
                }
            )

    return explain
