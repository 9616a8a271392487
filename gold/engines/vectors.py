"""Vectors of users, items and texts: rows `idx` and `factors`, scaled to unit length or brought to this process."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

CLOSURE_BYTES = 96 * 2**20
"""Vectors that a function may take along to the workers: Spark Connect takes messages of up to 128 MB."""

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.signedinteger]


@dataclass(frozen=True)
class Vectors:
    """Numbers, ascending, and a row of float32 for each."""

    numbers: Ints
    rows: Floats

    def of(self, numbers: Ints) -> Floats:
        """Look up the row of each number; one that is not known has zeros."""
        places = np.searchsorted(self.numbers, numbers)
        known = np.flatnonzero(places < self.numbers.size)
        known = known[self.numbers[places[known]] == numbers[known]]
        found = np.zeros((numbers.size, self.rows.shape[1]), dtype=np.float32)
        found[known] = self.rows[places[known]]
        return found


def collected(vectors: DataFrame) -> Vectors:
    """Bring vectors to this process.

    Parameters
    ----------
    vectors : DataFrame
        `idx` int, `factors` array<float>, all of one length.
    """
    table = vectors.select("idx", "factors").toArrow().combine_chunks()
    numbers = table["idx"].to_numpy().astype(np.int32)
    rows = matrix(table["factors"].combine_chunks())
    order = np.argsort(numbers)
    return Vectors(numbers[order], rows[order])


def unit(vectors: DataFrame) -> DataFrame:
    """Scale `factors` to length 1, so that inner products are cosines; rows of length 0 are left out."""
    length = F.sqrt(F.aggregate("factors", F.lit(0.0), lambda total, x: total + x * x))
    scaled = F.transform("factors", lambda x: (x / F.col("length")).cast("float"))
    return vectors.withColumn("length", length).where("length > 0").withColumn("factors", scaled).drop("length")


def unit_rows(rows: Floats) -> Floats:
    """Scale each row to length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units: Floats = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return units


def matrix(lists: pa.ListArray) -> Floats:
    """Lists of one length as rows of float32."""
    rows: Floats = flat(lists).reshape(len(lists), -1 if len(lists) else 0).astype(np.float32, copy=False)
    return rows


def lists(rows: Floats) -> pa.ListArray:
    """Rows as lists."""
    ends = np.arange(len(rows) + 1, dtype=np.int32) * rows.shape[1]
    return pa.ListArray.from_arrays(ends, np.ascontiguousarray(rows).ravel())


def flat(lists: pa.ListArray) -> npt.NDArray[np.number]:
    """The values of all lists in a row, without a Python object for any."""
    values: npt.NDArray[np.number] = pc.list_flatten(lists).to_numpy(zero_copy_only=False)
    return values


def slices(lists: pa.ListArray) -> list[slice]:
    """Where each list lies among the values of all of them."""
    ends = np.cumsum(lists.value_lengths().to_numpy()).tolist()
    return [slice(start, end) for start, end in pairwise([0, *ends])]
