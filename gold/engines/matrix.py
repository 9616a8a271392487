"""Interactions as one sparse matrix, for the models that are fitted on a single node."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from pyspark.sql import DataFrame
from scipy.sparse import csr_matrix

from lakehouse.errors import DataTooLargeError

MOST_PAIRS = 30_000_000
"""About 1 GB while the matrix is being built."""


@dataclass(frozen=True)
class Matrix:
    """Engagement of users (rows) with items (columns).

    Attributes
    ----------
    values : csr_matrix
        Engagement as float32, one column per item in `items` and one row per user in `users`.
    users, items : array of int
        The `user_idx` of each row and the `item_idx` of each column, ascending.
    """

    values: csr_matrix
    users: npt.NDArray[np.int32]
    items: npt.NDArray[np.int32]

    def liked(self) -> Matrix:
        """Only what is positive; a user or an item of whom nothing is left stays as an empty row or column."""
        return replace(self, values=self.values.maximum(0))


def matrix_of(interactions: DataFrame, most_pairs: int = MOST_PAIRS) -> Matrix:
    """Bring interactions to the driver; the matrix does not depend on the order of the rows.

    Parameters
    ----------
    interactions : DataFrame
        `user_idx` int, `item_idx` int, `engagement` double; one row per pair.
    most_pairs : int
        Interactions that the driver has room for.

    Raises
    ------
    DataTooLargeError
        There are more interactions than that.
    """
    pairs = interactions.select("user_idx", "item_idx", "engagement")
    count = pairs.count()
    if count > most_pairs:
        raise DataTooLargeError(
            f"{count:,} interactions are more than the {most_pairs:,} that a model on a single node is fitted to. "
            "Use the engine spark_als, which spreads them over the cluster."
        )
    table = pairs.toArrow()
    users, rows = np.unique(table["user_idx"].to_numpy(), return_inverse=True)
    items, columns = np.unique(table["item_idx"].to_numpy(), return_inverse=True)
    engagement = table["engagement"].to_numpy().astype(np.float32)
    values = csr_matrix((engagement, (rows, columns)), shape=(users.size, items.size))
    return Matrix(values, users, items)
