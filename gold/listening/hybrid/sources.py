"""The sources of the hybrid, brought to one scale and into one factorisation.

Each source scores an item by an inner product: ALS by factors, text by the embedding of what a listener likes,
popularity by one number. Scores of different sources are not comparable, nor are those of two listeners. So each
listener's scores are divided by their standard deviation over the catalogue, which for a vector x is sqrt(x' C x), C
being the covariance of the items' vectors. (Their mean is the same for all items, and changes no order.) A weighted sum
of such scores is an inner product again, of vectors that stand side by side: one exact top-N serves it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.engines.factors import VECTOR_SQL, Factors
from gold.engines.top_n import Batches
from gold.engines.vectors import CLOSURE_BYTES, Floats, Vectors, collected, lists, matrix, slices, unit_rows
from gold.listening.hybrid.weights import Weights, as_matrix, group_of
from gold.text import cold_items
from lakehouse.errors import DataTooLargeError
from lakehouse.scratch import Scratch


@dataclass(frozen=True)
class Scale:
    """What brings the scores of each source to a standard deviation of 1 over the catalogue.

    Attributes
    ----------
    als, text : array (dimensions, dimensions)
        Covariances of the items' vectors.
    popularity : float
        Standard deviation of popularity; 1 where all items are equally popular.
    """

    als: Floats
    text: Floats
    popularity: float

    def scaled(self, als: Floats, text: Floats) -> tuple[Floats, Floats]:
        """Divide the vectors of users (rows) by the deviation of the scores that they give; zeros stay zeros."""
        return _divided(als, self.als), _divided(text, self.text)


@dataclass(frozen=True)
class Sources:
    """What the sources know of users and items.

    Attributes
    ----------
    users : DataFrame
        `idx`, `als`, `text` array<float> (zeros where a source knows nothing), `likes` int.
    items : DataFrame
        `idx`, `als` (of an item that nobody has heard: what its text lets expect), `text`, `popularity`, `is_cold`.
    """

    users: DataFrame
    items: DataFrame
    scale: Scale

    def without(self, items: DataFrame) -> Sources:
        """Leave items (`idx`) out."""
        return replace(self, items=self.items.join(items, "idx", "left_anti"))

    def weighed(self, weights: Weights) -> Factors:
        """Weigh the sources, each user's as the number of their likes asks for."""
        told = F.array(F.col("popularity").cast("float"))
        items = self.items.select("idx", F.concat("als", "text", told).alias("factors"))
        users = self.users.mapInArrow(_weighing(self.scale, as_matrix(weights)), f"idx int, factors {VECTOR_SQL}")
        none = [0.0] * (len(self.scale.als) + len(self.scale.text))
        return Factors(users, items, anyone=[*none, 1.0], tastes=self.items.selectExpr("idx", "als AS factors"))


def gathered(model: Factors, popular: DataFrame, embeddings: DataFrame, liked: DataFrame, scratch: Scratch) -> Sources:
    """Bring together what is known of users and items.

    Parameters
    ----------
    model : Factors
        What listening says.
    popular : DataFrame
        `idx`, `popularity`.
    embeddings : DataFrame
        `idx`, `embedding` array<float> of length 1, of one encoder; items without are not known by their text.
    liked : DataFrame
        `user_idx`, `item_idx`, `engagement` above 0.

    Raises
    ------
    DataTooLargeError
        The embeddings do not fit what the workers can be handed.
    """
    known = scratch("embeddings", embeddings.where("embedding IS NOT NULL"))
    factors = scratch("factors", model.items.select("idx", "factors"))
    told = collected(known.selectExpr("idx", "embedding AS factors"))
    if told.rows.nbytes > CLOSURE_BYTES:
        raise DataTooLargeError(
            f"The embeddings of {told.numbers.size:,} episodes are more than the workers can be handed. "
            "Use an encoder of fewer dimensions (TEXT_ENCODER)."
        )
    expected = _expected(factors, known)
    vectors = factors.withColumn("is_cold", F.lit(False)).unionByName(expected.withColumn("is_cold", F.lit(True)))
    items = scratch(
        "items",
        vectors.join(known, "idx", "left")
        .join(popular.select("idx", "popularity"), "idx", "left")
        .select(
            "idx",
            F.col("factors").alias("als"),
            F.coalesce("embedding", zeros(told.rows.shape[1])).alias("text"),
            F.coalesce("popularity", F.lit(0.0)).alias("popularity"),
            "is_cold",
        ),
    )
    warm = items.where("NOT is_cold")
    als = collected(warm.selectExpr("idx", "als AS factors")).rows
    popularity = warm.agg(F.stddev_pop("popularity").alias("spread")).first()
    scale = Scale(_covariance(als), _covariance(told.rows), float((popularity and popularity["spread"]) or 1.0))
    tastes = liked.groupBy(F.col("user_idx").alias("idx")).agg(
        F.array_sort(F.collect_list(F.struct("item_idx", F.col("engagement").cast("float").alias("engagement")))).alias(
            "liked"
        )
    )
    users = (
        tastes.mapInArrow(_tasting(told), f"idx int, text {VECTOR_SQL}, likes int")
        .join(model.users.select("idx", F.col("factors").alias("als")), "idx", "full")
        .select(
            "idx",
            F.coalesce("als", zeros(als.shape[1])).alias("als"),
            F.coalesce("text", zeros(told.rows.shape[1])).alias("text"),
            F.coalesce("likes", F.lit(0)).alias("likes"),
        )
    )
    return Sources(scratch("users", users), items, scale)


def _expected(factors: DataFrame, embeddings: DataFrame) -> DataFrame:
    """The factors that texts let expect of items which have none."""
    heard = factors.join(embeddings, "idx")
    if heard.isEmpty():
        return factors.limit(0)
    unheard = embeddings.join(factors, "idx", "left_anti")
    return cold_items.fit_to(heard).with_factors(unheard)


def _tasting(embeddings: Vectors) -> Callable[[Batches], Batches]:
    """A listener's taste in text: the embeddings of what they like, by their engagement, as a vector of length 1.

    Less the mean of all embeddings, which says nothing of a taste: on MovieLens, that nearly doubles nDCG on unheard
    items (docs/text.md).
    """
    mean = embeddings.rows.mean(axis=0) if embeddings.numbers.size else 0
    centred = Vectors(embeddings.numbers, embeddings.rows - mean)

    def taste(batches: Batches) -> Batches:
        for batch in batches:
            liked = batch["liked"].flatten()
            vectors = centred.of(liked.field("item_idx").to_numpy())
            vectors *= liked.field("engagement").to_numpy()[:, None]
            sums = [vectors[own].sum(axis=0) for own in slices(batch["liked"])]
            tastes = np.stack(sums) if sums else np.zeros((0, vectors.shape[1]), dtype=np.float32)
            likes = batch["liked"].value_lengths()
            yield pa.record_batch({"idx": batch["idx"], "text": lists(unit_rows(tastes)), "likes": likes})

    return taste


def _weighing(scale: Scale, weights: npt.NDArray[np.float64]) -> Callable[[Batches], Batches]:
    def weigh(batches: Batches) -> Batches:
        for batch in batches:
            als, text = scale.scaled(matrix(batch["als"]), matrix(batch["text"]))
            own = weights[group_of(batch["likes"].to_numpy())]
            weighed = [own[:, :1] * als, own[:, 1:2] * text, own[:, 2:] / scale.popularity]
            factors = np.hstack(weighed).astype(np.float32)
            yield pa.record_batch({"idx": batch["idx"], "factors": lists(factors)})

    return weigh


def _covariance(vectors: Floats) -> Floats:
    centred = vectors - vectors.mean(axis=0) if len(vectors) else vectors
    return (centred.T @ centred / max(1, len(vectors))).astype(np.float32)


def _divided(vectors: Floats, covariance: Floats) -> Floats:
    variance: Floats = ((vectors @ covariance) * vectors).sum(axis=1, keepdims=True)
    deviation = np.sqrt(np.maximum(variance, 0))
    np.divide(vectors, deviation, out=(divided := np.zeros_like(vectors)), where=deviation > 0)
    return divided


def zeros(size: int) -> Column:
    """A literal vector of zeros."""
    return F.lit([0.0] * size).cast(VECTOR_SQL)
