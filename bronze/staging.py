"""Staging: rows of purchase files, a Parquet file for each, written in pieces before Spark takes them all at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

_ROWS, _BYTES = 20_000, 16 << 20
"""Of a piece: what is kept in memory, however long the rows are."""


class Staging:
    """A folder of contents, each in full: one that turns out to be broken leaves nothing behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def hashes(self) -> Collection[str]:
        """The contents that are staged, by their SHA-256."""
        return [path.stem for path in sorted(self.folder.glob("*.parquet"))]

    def add(self, file_hash: str, file: str, values: Iterator[str]) -> int:
        """Stage the rows of a content, numbered in its order, and return how many there are.

        Parameters
        ----------
        values : iterator of str
            Rows as JSON; what it raises is raised.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema(
            [("file_hash", pa.string()), ("row", pa.int64()), ("value", pa.binary()), ("file", pa.string())]
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        # Spark leaves out what begins with a dot.
        unfinished, num_rows = self.folder / f".{file_hash}", 0
        try:
            with pq.ParquetWriter(unfinished, schema) as writer:
                for piece in _pieces(values):
                    numbers = range(num_rows, num_rows + len(piece))
                    columns = [[file_hash] * len(piece), numbers, piece, [file] * len(piece)]
                    writer.write_batch(pa.record_batch(columns, schema))
                    num_rows += len(piece)
            unfinished.replace(self._of(file_hash))
        finally:
            unfinished.unlink(missing_ok=True)
        return num_rows

    def remove(self, *hashes: str) -> None:
        """Take contents out again."""
        for file_hash in hashes:
            self._of(file_hash).unlink(missing_ok=True)

    def _of(self, file_hash: str) -> Path:
        return self.folder / f"{file_hash}.parquet"


def _pieces(values: Iterator[str]) -> Iterator[list[bytes]]:
    piece: list[bytes] = []
    size = 0
    for value in values:
        piece.append(value.encode())
        size += len(piece[-1])
        if len(piece) >= _ROWS or size >= _BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
