"""Exact top-N by inner product: the best items for every query vector, some of them excluded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from threadpoolctl import threadpool_limits

from gold.engines.vectors import Floats, Ints, collected, flat
from lakehouse.errors import NothingToServeError

ITEM_BLOCK_BYTES = 32 * 2**20
"""Item factors that travel to the workers at once: Spark Connect takes messages of up to 128 MB."""
SCORE_BYTES = 32 * 2**20
"""Scores that a worker holds at once."""
CANDIDATE_BYTES = 64
"""What it takes to sort and return one item of one query."""
GROUP_SIZE = 40
"""Columns of scores that share a maximum, where there are many more columns than results."""
SCHEMA = "idx int, item_idx int, score double, rank int"

Batches = Iterable[pa.RecordBatch]


class Found(NamedTuple):
    """The best items of several queries, one element per result."""

    rows: Ints
    items: Ints
    scores: Floats
    ranks: Ints


def top_n(queries: DataFrame, items: DataFrame, n: int, block_bytes: int = ITEM_BLOCK_BYTES) -> DataFrame:
    """Find the `n` items with the highest inner product for each query; equal scores in order of `item_idx`.

    Parameters
    ----------
    queries : DataFrame
        `idx` int, `factors` array<float>, `excluded` array<int> (item numbers never to return; may be null).
    items : DataFrame
        `idx` int, `factors` array<float> of the same length.
    n : int
        Items per query; fewer come back where fewer are left.
    block_bytes : int
        Item factors that go to the workers at once.

    Returns
    -------
    DataFrame
        `idx`, `item_idx`, `score` double and `rank` from 1.

    Raises
    ------
    NothingToServeError
        There are no items.
    """
    blocks = [
        queries.select("idx", "factors", "excluded").mapInArrow(_scorer(numbers, vectors, n), SCHEMA)
        for numbers, vectors in _blocks(items, block_bytes)
    ]
    if not blocks:
        raise NothingToServeError("There are no item factors to recommend from: run the training first.")
    if len(blocks) == 1:
        return blocks[0]
    best = F.row_number().over(Window.partitionBy("idx").orderBy(F.desc("score"), "item_idx"))
    return reduce(DataFrame.unionByName, blocks).withColumn("rank", best).where(F.col("rank") <= n)


def by_user(best: DataFrame) -> DataFrame:
    """Gather the results of `top_n` in a row per query: `idx`, and `best`, structs of rank, item_idx, score by rank."""
    return best.groupBy("idx").agg(F.array_sort(F.collect_list(F.struct("rank", "item_idx", "score"))).alias("best"))


def best_of(scores: Floats, numbers: Ints, n: int) -> tuple[Ints, Floats]:
    """Order the `n` best of one query's scores: highest first, equal ones by number, NaN and -inf never."""
    candidates = np.flatnonzero(scores > -np.inf)
    if n < candidates.size:
        threshold = np.partition(scores[candidates], -n)[-n]
        candidates = candidates[scores[candidates] >= threshold]
    order = np.lexsort((numbers[candidates], -scores[candidates]))[:n]
    return numbers[candidates[order]], scores[candidates[order]]


def best_of_each(scores: Floats, numbers: Ints, n: int) -> Found:
    """Find for every row of `scores` what `best_of` finds for one, in a few passes over all of them.

    Columns form groups. The `n`-th highest of a row's group maxima is a floor that at least `n` of its items reach: the
    best are among those that do, and these are in the few groups whose maximum does.

    Parameters
    ----------
    scores : array
        One row per query; one column per item, filled up with columns of -inf to `width(numbers.size, n)`.
    numbers : array
        Item numbers, ascending.
    n : int
        Items per query.
    """
    # Groups of columns that lie apart: whole runs of columns are then compared, in vector instructions.
    grouped = scores.reshape(len(scores), _group_size(numbers.size, n), -1)
    maxima = np.fmax.reduce(grouped, axis=1, initial=-np.inf)
    floors = _floors(maxima, n)[:, None]
    reached = maxima >= floors
    # Equal scores may bring any number of items to the floor. Such rows would fill the memory: they go one by one.
    crowded = np.flatnonzero(np.count_nonzero(reached, axis=1) > 2 * n)
    reached[crowded] = False
    rows, groups = np.nonzero(reached)
    members = grouped[rows, :, groups]
    pairs, places = np.nonzero(members >= floors[rows])
    columns = places * maxima.shape[1] + groups[pairs]
    parts = [(rows[pairs], numbers[columns], members[pairs, places])]
    for row in crowded:
        items, best = best_of(scores[row, : numbers.size], numbers, n)
        parts.append((np.full(items.size, row), items, best))
    return _ranked(n, *(np.concatenate(part) for part in zip(*parts, strict=True)))


def width(num_items: int, n: int) -> int:
    """Count the columns that `best_of_each` expects for so many items: all groups full."""
    size = _group_size(num_items, n)
    return -(-num_items // size) * size


def rows_at_once(columns: int, n: int) -> int:
    """Count the queries whose scores and candidates fit `SCORE_BYTES`."""
    return max(1, SCORE_BYTES // max(4 * columns, CANDIDATE_BYTES * n))


def _group_size(num_items: int, n: int) -> int:
    """Choose groups so large that finding the best groups and looking into them cost little, both."""
    return max(1, min(GROUP_SIZE, num_items // (4 * n)))


def _floors(maxima: Floats, n: int) -> Floats:
    """The `n`-th highest maximum of each row; where there are fewer, the lowest score that may be recommended."""
    lowest = np.finfo(np.float32).min
    if n > maxima.shape[1]:
        return np.full(len(maxima), lowest)
    return np.maximum(np.partition(maxima, -n, axis=1)[:, -n], lowest)


def _ranked(n: int, rows: Ints, items: Ints, scores: Floats) -> Found:
    """Order the candidates of each row like `best_of`, and keep `n`."""
    order = np.lexsort((items, -scores, rows))
    rows = rows[order]
    ranks = np.arange(rows.size) - np.searchsorted(rows, rows)
    kept = ranks < n
    order = order[kept]
    return Found(rows[kept], items[order], scores[order], ranks[kept] + 1)


def _blocks(items: DataFrame, most_bytes: int) -> Iterator[tuple[Ints, Floats]]:
    """The items in blocks that fit a closure, ascending by number: numbers, and vectors as columns."""
    vectors = collected(items)
    at_once = -(-most_bytes // max(1, vectors.rows[:1].nbytes))
    for start in range(0, vectors.numbers.size, at_once):
        block = slice(start, start + at_once)
        yield vectors.numbers[block], np.ascontiguousarray(vectors.rows[block].T)


def _scorer(numbers: Ints, vectors: Floats, n: int) -> Callable[[Batches], Batches]:
    columns = width(numbers.size, n)
    at_once = rows_at_once(columns, n)

    def score(batches: Batches) -> Batches:
        # As many workers as cores run already.
        with threadpool_limits(limits=1, user_api="blas"):
            # One array for all blocks: the pages of a new one cost as much as the scores in it.
            scores = np.empty((at_once, columns), dtype=np.float32)
            for batch in batches:
                for start in range(0, batch.num_rows, at_once):
                    queries = batch.slice(start, at_once)
                    block = scores[: queries.num_rows]
                    _score(queries, numbers, vectors, block)
                    yield _rows(queries["idx"], best_of_each(block, numbers, n))

    return score


def _score(queries: pa.RecordBatch, numbers: Ints, vectors: Floats, scores: Floats) -> None:
    """Fill `scores`; what is excluded and what is no item gets -inf."""
    factors = flat(queries["factors"]).astype(np.float32, copy=False)
    np.matmul(factors.reshape(queries.num_rows, -1), vectors, out=scores[:, : numbers.size])
    scores[:, numbers.size :] = -np.inf
    excluded, rows = flat(queries["excluded"]), pc.list_parent_indices(queries["excluded"]).to_numpy()
    columns = np.searchsorted(numbers, excluded).clip(max=numbers.size - 1)
    known = numbers[columns] == excluded
    scores[rows[known], columns[known]] = -np.inf


def _rows(queries: pa.Array, found: Found) -> pa.RecordBatch:
    return pa.record_batch(
        {
            "idx": queries.to_numpy()[found.rows].astype(np.int32),
            "item_idx": found.items,
            "score": found.scores.astype(np.float64),
            "rank": found.ranks.astype(np.int32),
        }
    )
