"""Staging: rows of files, written as Parquet in pieces before Spark takes them all at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.rows import few_rows
from lakehouse.spark import as_read

Piece = tuple[pa.Array, pa.Array]
"""Rows of a content: their numbers within it, ascending, and their bytes."""

_ROWS, _BYTES = 20_000, 16 << 20
"""What is kept in memory before it is written, and what one row group holds of long rows: Spark unpacks it whole."""
_SCHEMA = pa.schema([("content", pa.int32()), ("row", pa.int64()), ("value", pa.binary())])


class Staging:
    """A folder of contents, each in full: one that turns out to be broken leaves nothing behind.

    Contents are numbered from 0 in the order of their coming. Small ones share a file.

    Parameters
    ----------
    folder : Path
        It is made with the first content, and nobody else writes into it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._contents = 0
        self._files = 0
        self._small = _Batches()

    def add(self, pieces: Iterable[Piece]) -> tuple[int, int]:
        """Stage a content, and return its number and how many rows it has.

        Parameters
        ----------
        pieces : iterable of Piece
            What it raises is raised.
        """
        num_rows, kept, file = 0, _Batches(), None
        try:
            for numbers, values in pieces:
                of = pa.repeat(pa.scalar(self._contents, pa.int32()), len(values))
                kept.add(pa.record_batch([of, numbers, values], _SCHEMA))
                num_rows += len(values)
                if kept.size >= _BYTES:
                    file = file or _File(self._next())
                    file.write(kept.taken())
            if file:
                file.write(kept.taken())
        except BaseException:
            if file:
                file.drop()
            raise
        if file:
            file.finish()
        else:
            self._small.add(*kept.taken())
            if self._small.size >= _BYTES:
                self._flush()
        self._contents += 1
        return self._contents - 1, num_rows

    def rows(self, spark: SparkSession, of: Mapping[int, tuple[object, ...]], columns: str) -> DataFrame:
        """The rows of some contents: `row` and `value`, with what is said of each content.

        Parameters
        ----------
        of : mapping of int to tuple
            What is said of a content, by its number; the rows of others are left out.
        columns : str
            What that is, as DDL.
        """
        self._flush()
        said = few_rows(spark, [(number, *values) for number, values in of.items()], f"content int, {columns}")
        staged = spark.read.schema("content int, row bigint, value binary").parquet(as_read(self._folder))
        return staged.join(F.broadcast(said), "content").drop("content")

    def _flush(self) -> None:
        if self._small.size or not self._files:
            file = _File(self._next())
            file.write(self._small.taken())
            file.finish()

    def _next(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._files += 1
        return self._folder / f"{self._files}.parquet"


def numbered(values: Iterable[str]) -> Iterator[Piece]:
    """Rows one after another as pieces, numbered from 0 and not too long together."""
    piece: list[bytes] = []
    first = size = 0
    for value in values:
        piece.append(value.encode())
        size += len(piece[-1])
        if len(piece) >= _ROWS or size >= _BYTES:
            yield _piece(piece, first)
            first += len(piece)
            piece, size = [], 0
    if piece:
        yield _piece(piece, first)


def _piece(values: list[bytes], first: int) -> Piece:
    return pa.array(range(first, first + len(values)), pa.int64()), pa.array(values, pa.binary())


class _Batches:
    """Batches in memory, and how many bytes they are."""

    def __init__(self) -> None:
        self._batches: list[pa.RecordBatch] = []
        self.size = 0

    def add(self, *batches: pa.RecordBatch) -> None:
        self._batches += batches
        self.size += sum(batch.nbytes for batch in batches)

    def taken(self) -> list[pa.RecordBatch]:
        """The batches, which are kept here no longer."""
        taken, self._batches, self.size = self._batches, [], 0
        return taken


class _File:
    """A Parquet file that is not there before it is finished: Spark leaves out what begins with a dot."""

    def __init__(self, path: Path) -> None:
        self._path, self._unfinished = path, path.with_name(f".{path.name}")
        # Values hardly repeat, and looking for those that do takes longer than writing them.
        self._writer = pq.ParquetWriter(self._unfinished, _SCHEMA, compression="snappy", use_dictionary=["content"])

    def write(self, batches: list[pa.RecordBatch]) -> None:
        """Write batches as one row group."""
        if batches:
            self._writer.write_table(pa.Table.from_batches(batches, _SCHEMA))

    def finish(self) -> None:
        self._writer.close()
        self._unfinished.replace(self._path)

    def drop(self) -> None:
        self._writer.close()
        self._unfinished.unlink(missing_ok=True)
