"""Exact top-N by inner product: the best items for every query vector, some of them excluded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from reclake.errors import NothingToServeError

CLOSURE_BYTES = 32 * 2**20
"""Item factors that travel to the workers at once: Spark Connect takes messages of up to 128 MB."""
BLOCK_BYTES = 32 * 2**20
"""Scores that a worker holds at once."""
SCHEMA = "idx int, item_idx int, score double, rank int"

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


def top_n(queries: DataFrame, items: DataFrame, n: int, closure_bytes: int = CLOSURE_BYTES) -> DataFrame:
    """Find the `n` items with the highest inner product for each query; equal scores in order of `item_idx`.

    Parameters
    ----------
    queries : DataFrame
        `idx` int, `factors` array<float>, `excluded` array<int> (item numbers never to return; may be null).
    items : DataFrame
        `idx` int, `factors` array<float> of the same length.
    n : int
        Items per query; fewer come back where fewer are left.
    closure_bytes : int
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
        queries.select("idx", "factors", "excluded").mapInPandas(_scorer(numbers, vectors, n), SCHEMA)
        for numbers, vectors in _blocks(items, closure_bytes)
    ]
    if not blocks:
        raise NothingToServeError("There are no item factors to recommend from: run the training first.")
    if len(blocks) == 1:
        return blocks[0]
    best = F.row_number().over(Window.partitionBy("idx").orderBy(F.desc("score"), "item_idx"))
    return reduce(DataFrame.unionByName, blocks).withColumn("rank", best).where(F.col("rank") <= n)


def unit(vectors: DataFrame) -> DataFrame:
    """Scale `factors` to length 1, so that inner products are cosines; rows of length 0 are left out."""
    length = F.sqrt(F.aggregate("factors", F.lit(0.0), lambda total, x: total + x * x))
    scaled = F.transform("factors", lambda x: (x / F.col("length")).cast("float"))
    return vectors.withColumn("length", length).where("length > 0").withColumn("factors", scaled).drop("length")


def best_of(scores: Floats, numbers: Ints, n: int) -> tuple[Ints, Floats]:
    """Order the `n` best of one query's scores: highest first, equal ones by number, -inf never."""
    if n < scores.size:
        threshold = np.partition(scores, scores.size - n)[scores.size - n]
        candidates = np.flatnonzero(scores >= threshold)
    else:
        candidates = np.arange(scores.size)
    candidates = candidates[scores[candidates] > -np.inf]
    order = np.lexsort((numbers[candidates], -scores[candidates]))[:n]
    return numbers[candidates[order]], scores[candidates[order]]


def _blocks(items: DataFrame, most_bytes: int) -> Iterator[tuple[Ints, Floats]]:
    """The items in blocks that fit a closure, sorted by number."""
    numbers: list[int] = []
    vectors: list[list[float]] = []
    for row in items.select("idx", "factors").orderBy("idx").toLocalIterator(prefetchPartitions=True):
        numbers.append(row["idx"])
        vectors.append(row["factors"])
        if len(vectors) * len(vectors[0]) * 4 >= most_bytes:
            yield np.array(numbers, dtype=np.int64), np.array(vectors, dtype=np.float32)
            numbers, vectors = [], []
    if numbers:
        yield np.array(numbers, dtype=np.int64), np.array(vectors, dtype=np.float32)


def _scorer(numbers: Ints, vectors: Floats, n: int) -> Callable[[Iterable[pd.DataFrame]], Iterable[pd.DataFrame]]:
    rows_at_once = max(1, BLOCK_BYTES // (4 * numbers.size))

    def score(batches: Iterable[pd.DataFrame]) -> Iterable[pd.DataFrame]:
        for batch in batches:
            for start in range(0, len(batch), rows_at_once):
                yield _scored(batch.iloc[start : start + rows_at_once], numbers, vectors, n)

    return score


def _scored(queries: pd.DataFrame, numbers: Ints, vectors: Floats, n: int) -> pd.DataFrame:
    scores = np.stack(queries["factors"].to_list()).astype(np.float32) @ vectors.T
    found = []
    for row, (query, excluded) in enumerate(zip(queries["idx"], queries["excluded"], strict=True)):
        if excluded is not None and len(excluded):
            scores[row, np.isin(numbers, excluded, assume_unique=False)] = -np.inf
        items, best = best_of(scores[row], numbers, n)
        found.append(
            pd.DataFrame({"idx": query, "item_idx": items, "score": best, "rank": np.arange(1, items.size + 1)})
        )
    return pd.concat(found).astype({"idx": "int32", "item_idx": "int32", "score": "float64", "rank": "int32"})
