"""Cold items: what the text of an episode tells of its ALS factors, for episodes that nobody has heard yet.

Ridge regression from embeddings to item factors, after the attribute-to-latent map of Gantner et al., "Learning
Attribute-to-Feature Mappings for Cold-Start Recommendations" (ICDM 2010). All items count alike: to weigh them by
their interactions made recommendations worse on MovieLens, perhaps because it is worth knowing which items few will
hear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame

from gold.engines.top_n import Batches
from gold.engines.vectors import lists, matrix
from lakehouse.errors import NothingToServeError

REGULARIZATION = 1.0
"""Did well on MovieLens, see `benchmarks/text.py`; embeddings have length 1."""
_MOST_SUMS = 32
"""Partial sums that come to the driver, of 1.6 MB each for 384 dimensions and 128 factors."""

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class ColdItems:
    """A linear map from embeddings to item factors.

    Attributes
    ----------
    coefficients : array (dimensions, factors)
    intercept : array (factors,)
        The factors of an item with the mean embedding.
    """

    coefficients: Floats
    intercept: Floats

    def predict(self, embeddings: Floats) -> npt.NDArray[np.float32]:
        """Guess the factors of items, a row each."""
        factors: npt.NDArray[np.float32] = (embeddings @ self.coefficients + self.intercept).astype(np.float32)
        return factors

    def with_factors(self, items: DataFrame) -> DataFrame:
        """Guess the factors of every row of `items`.

        Parameters
        ----------
        items : DataFrame
            `idx` int, `embedding` array<float>, null where nothing is known of the item.

        Returns
        -------
        DataFrame
            `idx`, `factors` array<float>, of the items that have an embedding.
        """
        known = items.where("embedding IS NOT NULL").select("idx", "embedding")
        return known.mapInArrow(_predictor(self), "idx int, factors array<float>")


def fit(embeddings: Floats, factors: Floats, regularization: float = REGULARIZATION) -> ColdItems:
    """Find the map with the least squares of errors plus `regularization` times the squares of its coefficients.

    Parameters
    ----------
    embeddings : array (items, dimensions)
    factors : array (items, factors)
    regularization : float
        Above 0; it does not shrink the intercept.

    Raises
    ------
    NothingToServeError
        There are no items.
    """
    return _solved(_sums(embeddings, factors), regularization)


def fit_to(items: DataFrame, regularization: float = REGULARIZATION) -> ColdItems:
    """Fit to the rows of a DataFrame, which are added up where they are.

    Parameters
    ----------
    items : DataFrame
        `embedding` and `factors`, array<float> without nulls: items that listeners have heard.

    Raises
    ------
    NothingToServeError
        There are no items.
    """
    pairs = items.select("embedding", "factors").coalesce(_MOST_SUMS)
    rows = pairs.mapInArrow(_adder, "rows int, sums binary").collect()  # at most _MOST_SUMS
    sums = [np.frombuffer(row["sums"]).reshape(row["rows"], -1) for row in rows]
    return _solved(reduce(np.add, sums, np.zeros((1, 1))), regularization)


def _sums(embeddings: Floats, factors: Floats) -> Floats:
    """The two sides of the normal equations beside each other, with a constant as the last dimension."""
    examples = np.column_stack([embeddings, np.ones(len(embeddings))]).astype(np.float64)
    sums: Floats = examples.T @ np.column_stack([examples, factors])
    return sums


def _solved(sums: Floats, regularization: float) -> ColdItems:
    size = len(sums)
    num_items = sums[-1, size - 1]
    if not num_items:
        raise NothingToServeError(
            "No episode has both a text and ALS factors: run the tasks embed_episodes and train_als first."
        )
    shrunk = np.full(size, regularization)
    shrunk[-1] = 0
    solution = np.linalg.solve(sums[:, :size] + np.diag(shrunk), sums[:, size:])
    return ColdItems(solution[:-1], solution[-1])


def _adder(batches: Batches) -> Iterator[pa.RecordBatch]:
    total: Floats | None = None
    for batch in batches:
        if batch.num_rows:
            sums = _sums(matrix(batch["embedding"]), matrix(batch["factors"]))
            total = sums if total is None else total + sums
    if total is not None:
        yield pa.record_batch({"rows": pa.array([len(total)], pa.int32()), "sums": [total.tobytes()]})


def _predictor(cold_items: ColdItems) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    def predict(batches: Batches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                factors = cold_items.predict(matrix(batch["embedding"]))
                yield pa.record_batch({"idx": batch["idx"], "factors": lists(factors)})

    return predict
