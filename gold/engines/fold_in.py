"""Fold-in: the vector that ALS would give to a user, or a session, that it was not fitted to.

With the vectors y of items fixed, Y all of them, the vector of a user is the solution of one small system (Hu, Koren
and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008, sections 4 and 5). With
c = 1 + alpha * |engagement| the confidence in each of the user's interactions, it is a sum over the items j that the
user likes, of

    c[j] * W y[j],  W being the inverse of  Y'Y + sum over the user's items of (c - 1) y y' + regularization * I
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from threadpoolctl import threadpool_limits

from gold.engines.configuration import Configuration
from gold.engines.top_n import Batches
from gold.engines.vectors import CLOSURE_BYTES, Vectors, collected, lists, slices
from lakehouse.errors import DataTooLargeError

Doubles = npt.NDArray[np.float64]


def folded_in(engaged: DataFrame, items: DataFrame, configuration: Configuration) -> DataFrame:
    """Give users their vectors by what they engaged with, item vectors being what they are.

    Parameters
    ----------
    engaged : DataFrame
        `user_idx` int, `item_idx` int, `engagement` double; one row per pair. Items without a vector say nothing.
    items : DataFrame
        `idx` int, `factors` array<float>.
    configuration : Configuration
        What the factors were fitted with.

    Returns
    -------
    DataFrame
        `idx` int, `factors` array<float> of the users who engaged with an item that has a vector.

    Raises
    ------
    DataTooLargeError
        There are more items than the workers can be handed.
    """
    vectors = collected(items)
    if vectors.rows.nbytes > CLOSURE_BYTES:
        raise DataTooLargeError(
            f"The vectors of {vectors.numbers.size:,} items take {vectors.rows.nbytes:,} bytes; users can be folded in "
            f"with at most {CLOSURE_BYTES:,}: use fewer factors."
        )
    known = engaged.join(items.select(F.col("idx").alias("item_idx")), "item_idx", "left_semi")
    return own_interactions(known).mapInArrow(_folding(vectors, configuration), "idx int, factors array<float>")


def own_interactions(engaged: DataFrame) -> DataFrame:
    """Gather interactions in a row per user: `idx`, and `own`, structs of item_idx, engagement by item."""
    own = F.array_sort(F.collect_list(F.struct("item_idx", F.col("engagement").cast("double").alias("engagement"))))
    return engaged.groupBy(F.col("user_idx").alias("idx")).agg(own.alias("own"))


def parts_of_user(own: Doubles, engagement: Doubles, gram: Doubles, alpha: float, regularization: float) -> Doubles:
    """Divide a user's vector among the user's interactions.

    Parameters
    ----------
    own : array (m, rank)
        Vectors of the items that the user has interacted with.
    engagement : array (m,)
        Negative for dislike, which adds nothing itself and makes the rest count less.
    gram : array (rank, rank)
        Y'Y.
    regularization : float
        What is added to the diagonal for this user.

    Returns
    -------
    array (rank, m)
        Columns sum to the user's vector.
    """
    extra = alpha * np.abs(engagement)
    system = gram + (own.T * extra) @ own + regularization * np.eye(gram.shape[0])
    counted = np.where(engagement > 0, 1 + extra, 0)
    return np.asarray(np.linalg.solve(system, own.T) * counted, dtype=np.float64)


def gram_of(items: Vectors) -> Doubles:
    """Y'Y, Y being the vectors of all items."""
    gram: Doubles = items.rows.astype(np.float64).T @ items.rows
    return gram


def regularization_of(configuration: Configuration, engagement: Doubles) -> float:
    """What the engine added to the diagonal for a user: Spark multiplies it by the number of likes."""
    likes = np.count_nonzero(engagement > 0) if configuration.engine == "spark_als" else 1
    return configuration.regularization * likes


def _folding(vectors: Vectors, configuration: Configuration) -> Callable[[Batches], Batches]:
    gram = gram_of(vectors)

    def vector(own: npt.NDArray[np.signedinteger], engagement: Doubles) -> Doubles:
        rows = vectors.of(own).astype(np.float64)
        regularization = regularization_of(configuration, engagement)
        parts = parts_of_user(rows, engagement, gram, configuration.alpha, regularization)
        total: Doubles = parts.sum(axis=1)
        return total

    def fold(batches: Batches) -> Batches:
        # As many workers as cores run already.
        with threadpool_limits(limits=1, user_api="blas"):
            for batch in batches:
                own = batch["own"].flatten()
                items, engagement = own.field("item_idx").to_numpy(), own.field("engagement").to_numpy()
                folded = np.stack([vector(items[some], engagement[some]) for some in slices(batch["own"])])
                yield pa.record_batch({"idx": batch["idx"], "factors": lists(folded.astype(np.float32))})

    return fold
