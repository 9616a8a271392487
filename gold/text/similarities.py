"""Similar texts: for each episode the others whose embeddings have the highest cosine with its own, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from threadpoolctl import threadpool_limits

from gold.engines.top_n import ITEM_BLOCK_BYTES, Batches, Found, best_of_each, rows_at_once, width
from gold.engines.vectors import Floats, Ints, matrix
from lakehouse import tables
from lakehouse.rows import few_rows

S = tables.text_similarities.c
QUERIES_PER_TASK = 2_000
SCHEMA = "episode_id string, similar_episode_id string, similarity double, rank int"

_PAIRS_AT_ONCE = 2_000
"""Few enough that their vectors stay in the processor's cache."""


def similar(embeddings: DataFrame, n: int, block_bytes: int = ITEM_BLOCK_BYTES) -> DataFrame:
    """Find the `n` episodes of the highest cosine with each one, itself left out.

    Two episodes are compared unless they are known to be in different languages. A pair has the same similarity in
    both directions, to the last bit. Equal ones are in order of id; which of them are left out at the end of the list
    is not determined.

    Parameters
    ----------
    embeddings : DataFrame
        `episode_id`, `language` (primary; null: not known), `embedding` of length 1 from one encoder; rows without one
        are left out.
    n : int
        Episodes per episode; fewer come back where fewer are left.
    block_bytes : int
        Embeddings that go to the workers at once.

    Returns
    -------
    DataFrame
        `episode_id`, `similar_episode_id`, `similarity` double, `rank` from 1.
    """
    vectors = embeddings.where("embedding IS NOT NULL").select("episode_id", "language", "embedding")
    blocks = list(_blocks(vectors, block_bytes))
    if not blocks:
        return few_rows(embeddings.sparkSession, [], SCHEMA)
    queries = vectors.repartition(-(-sum(len(block.ids) for block in blocks) // QUERIES_PER_TASK))
    found = [queries.mapInArrow(_finder(block, n), SCHEMA) for block in blocks]
    if len(found) == 1:
        return found[0]
    best = F.row_number().over(Window.partitionBy(S.episode_id).orderBy(F.desc(S.similarity), S.similar_episode_id))
    return reduce(DataFrame.unionByName, found).withColumn(S.rank, best).where(F.col(S.rank) <= n)


@dataclass(frozen=True)
class _Block:
    """Episodes that others are compared with, in order of id."""

    ids: pa.StringArray
    languages: pa.StringArray
    vectors: Floats

    def comparable(self, language: str | None) -> Ints:
        """Positions of the episodes that one in this language is compared with."""
        if language is None:
            return np.arange(len(self.ids))
        among = pc.fill_null(pc.equal(self.languages, language), True)
        return np.flatnonzero(among.to_numpy(zero_copy_only=False))


def _blocks(vectors: DataFrame, most_bytes: int) -> Iterator[_Block]:
    table = vectors.toArrow().sort_by("episode_id").combine_chunks()
    if not table.num_rows:
        return
    at_once = max(1, most_bytes // (4 * len(table["embedding"][0])))
    for start in range(0, table.num_rows, at_once):
        # Taken, because a slice would travel with all that it is a slice of.
        part = table.take(np.arange(start, min(start + at_once, table.num_rows)))
        ids, languages, embedding = (part[name].combine_chunks() for name in part.schema.names)
        yield _Block(ids, languages, matrix(embedding))


def _finder(block: _Block, n: int) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    def find(batches: Batches) -> Iterator[pa.RecordBatch]:
        # As many workers as cores run already.
        with threadpool_limits(limits=1, user_api="blas"):
            for batch in batches:
                for language in pc.unique(batch["language"]).to_pylist():
                    same = pc.is_null(batch["language"]) if language is None else pc.equal(batch["language"], language)
                    candidates = block.comparable(language)
                    if candidates.size:
                        yield from _found(batch.filter(same), block, candidates, n)

    return find


def _found(queries: pa.RecordBatch, block: _Block, candidates: Ints, n: int) -> Iterator[pa.RecordBatch]:
    """Compare queries of one language with the candidates, as many at once as there is room for their scores."""
    among = block.vectors if candidates.size == len(block.ids) else block.vectors[candidates]
    columns = width(candidates.size, n)
    at_once = rows_at_once(columns, n)
    scores = np.empty((at_once, columns), dtype=np.float32)
    for start in range(0, queries.num_rows, at_once):
        part = queries.slice(start, at_once)
        vectors, found = matrix(part["embedding"]), scores[: part.num_rows]
        np.matmul(vectors, among.T, out=found[:, : candidates.size])
        found[:, candidates.size :] = -np.inf
        itself = pc.fill_null(pc.index_in(part["episode_id"], value_set=block.ids), -1).to_numpy()
        places = np.searchsorted(candidates, itself).clip(max=candidates.size - 1)
        known = candidates[places] == itself
        found[known, places[known]] = -np.inf
        best = best_of_each(found, candidates, n)
        yield _rows(part["episode_id"], vectors, block, best)


def _rows(queries: pa.StringArray, vectors: Floats, block: _Block, best: Found) -> pa.RecordBatch:
    cosines = _cosines(vectors, block.vectors, best)
    # Positions are in order of id.
    order = np.lexsort((best.items, -cosines, best.rows))
    return pa.record_batch(
        {
            S.episode_id: queries.take(best.rows[order]),
            S.similar_episode_id: block.ids.take(best.items[order]),
            S.similarity: cosines[order].astype(np.float64),
            # Rows stay together, so that the ranks fit as they are.
            S.rank: best.ranks.astype(np.int32),
        }
    )


def _cosines(queries: Floats, vectors: Floats, best: Found) -> Floats:
    """Compute again what a matrix product rounds in one way or the other, depending on where in it a pair stands."""
    cosines = np.empty(best.rows.size, dtype=np.float32)
    for start in range(0, cosines.size, _PAIRS_AT_ONCE):
        pairs = slice(start, start + _PAIRS_AT_ONCE)
        products = queries[best.rows[pairs]] * vectors[best.items[pairs]]
        cosines[pairs] = products.sum(axis=1, dtype=np.float64)
    return cosines.clip(max=1)
