"""Rows of a DataFrame for a batch, streamed to the task's own process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from reclake.database.tables import StoredTable


class FrameRows:
    """The rows of a DataFrame in the order of a table's columns, computed anew each time they are gone through."""

    def __init__(self, frame: DataFrame, table: StoredTable) -> None:
        self._frame = frame.select(*table.columns)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._frame.toLocalIterator(prefetchPartitions=True)
