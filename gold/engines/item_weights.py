"""Models that are a matrix of item-to-item weights: an item scores what the items say of it that the user likes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy.sparse import csr_matrix, identity, issparse

from gold.engines.matrix import Matrix
from gold.engines.top_n import SCORE_BYTES, best_of_each, width

# A row per user: rows are what an answer of many millions of items costs Spark's driver most for.
_ANSWER = "idx int, best array<struct<item_idx: int, score: double, rank: int>>"

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class ItemWeights:
    """A fitted model that scores item j for user u with the sum over all items i of liked[u, i] * weights[i, j].

    It answers on the driver, in blocks of users; only items with a score above zero are recommended.

    Attributes
    ----------
    spark : SparkSession
        The session that answers are handed to.
    liked : Matrix
        What each user likes, and how much.
    weights : csr_matrix or array
        float32, a row and a column per item of `liked`.
    """

    spark: SparkSession
    liked: Matrix
    weights: csr_matrix | npt.NDArray[np.float32]

    def recommend(self, queries: DataFrame, n: int) -> DataFrame:
        """Find the `n` best items for each known user in `queries`; see `gold.engines.model.Model`."""
        asked = queries.select("idx", "excluded").toArrow()
        asked = asked.filter(np.isin(asked["idx"].to_numpy(), self.liked.users))
        users = asked["idx"].to_numpy()
        liked = self.liked.values[np.searchsorted(self.liked.users, users)]
        return self._best(users, liked, self._excluded(asked["excluded"].combine_chunks()), n)

    def similar_items(self, n: int) -> DataFrame:
        """Find the `n` items that score highest for someone who likes nothing but the one item."""
        itself = identity(self.liked.items.size, dtype=np.float32, format="csr")
        return self._best(self.liked.items, itself, itself, n)

    def _excluded(self, lists: pa.ListArray) -> csr_matrix:
        """Mark the excluded columns in a row per list; items without a column need no mark."""
        items, rows = pc.list_flatten(lists).to_numpy(), pc.list_parent_indices(lists).to_numpy()
        known = np.isin(items, self.liked.items)
        columns = np.searchsorted(self.liked.items, items[known])
        shape = (len(lists), self.liked.items.size)
        return csr_matrix((np.ones(columns.size, dtype=bool), (rows[known], columns)), shape=shape)

    def _best(self, idx: Ints, liked: csr_matrix, excluded: csr_matrix, n: int) -> DataFrame:
        at_once = max(1, SCORE_BYTES // (4 * self.liked.items.size))
        blocks = [slice(start, start + at_once) for start in range(0, idx.size, at_once)]
        answers = [self._best_of_block(idx[block], liked[block], excluded[block], n) for block in blocks]
        # Of several batches Spark Connect 4.0 silently reads only the first; an empty table has no types for it.
        table = pa.concat_tables(answers).combine_chunks() if answers else []
        return self.spark.createDataFrame(table, _ANSWER).select("idx", F.inline("best"))

    def _best_of_block(self, idx: Ints, liked: csr_matrix, excluded: csr_matrix, n: int) -> pa.Table:
        items = self.liked.items
        product = liked @ self.weights
        scores = np.full((idx.size, width(items.size, n)), -np.inf, dtype=np.float32)
        scores[:, : items.size] = product.toarray() if issparse(product) else product
        scores[excluded.nonzero()] = -np.inf
        scores[scores <= 0] = -np.inf
        found = best_of_each(scores, items, n)
        columns = [found.items, found.scores.astype(np.float64), found.ranks.astype(np.int32)]
        best = pa.StructArray.from_arrays(list(map(pa.array, columns)), ["item_idx", "score", "rank"])
        starts = np.searchsorted(found.rows, np.arange(idx.size + 1)).astype(np.int32)
        return pa.table({"idx": idx, "best": pa.ListArray.from_arrays(starts, best)})
