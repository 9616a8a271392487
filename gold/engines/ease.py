"""EASE: a linear model from everything that a user likes to every item, in closed form.

Harald Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (WWW 2019): of all matrices B with a zero diagonal,
the one that minimises ||X - XB||² + regularization * ||B||², X being 1 where a user likes an item and 0 elsewhere. With
P the inverse of X'X + regularization * I it is B[i, j] = -P[i, j] / P[j, j].
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy.linalg
from pyspark.sql import DataFrame
from scipy.sparse import csr_matrix

from gold.engines.configuration import Configuration
from gold.engines.item_weights import ItemWeights
from gold.engines.matrix import matrix_of
from lakehouse.errors import DataTooLargeError

MOST_ITEMS = 20_000
"""Inverting their matrix takes 5 GB and some minutes."""


def fit(interactions: DataFrame, configuration: Configuration) -> ItemWeights:
    """Solve for the weights; only positive engagement counts, and how strong it is does not.

    Parameters
    ----------
    interactions : DataFrame
        `user_idx` int, `item_idx` int, `engagement` double; one row per pair.
    configuration : Configuration
        With a `regularization` above zero.

    Raises
    ------
    DataTooLargeError
        There are more than `MOST_ITEMS` items.
    """
    matrix = matrix_of(interactions).liked()
    if matrix.items.size > MOST_ITEMS:
        raise DataTooLargeError(
            f"{matrix.items.size:,} items are more than the {MOST_ITEMS:,} whose matrix EASE can invert. "
            "Use the engine item_knn, or one of the two ALS."
        )
    liked = replace(matrix, values=matrix.values.sign())
    return ItemWeights(interactions.sparkSession, liked, _weights(liked.values, configuration.regularization))


def _weights(liked: csr_matrix, regularization: float) -> npt.NDArray[np.float32]:
    gram = (liked.T @ liked).toarray().astype(np.float64, order="F")
    gram[np.diag_indices_from(gram)] += regularization
    precision: npt.NDArray[np.float64] = scipy.linalg.inv(gram, overwrite_a=True, check_finite=False)
    precision /= -np.diag(precision)
    np.fill_diagonal(precision, 0)
    return precision.astype(np.float32)
