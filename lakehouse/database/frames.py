"""Rows of a DataFrame for a batch, streamed to the task's own process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class FrameRows:
    """The rows of a DataFrame, some columns in their order, computed anew each time they are gone through."""

    def __init__(self, frame: DataFrame, columns: Iterable[str]) -> None:
        self._frame = frame.select(*columns)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._frame.toLocalIterator(prefetchPartitions=True)
