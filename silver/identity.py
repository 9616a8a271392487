"""Conflicts: of several payloads under one identity the one with the smaller hash wins, whatever order they came in."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


@dataclass(frozen=True)
class Identity:
    """What makes an event the same one, and what two records of it may disagree about.

    Attributes
    ----------
    key, payload : tuple of str
        Columns; those that are in neither follow from these.
    """

    key: tuple[str, ...]
    payload: tuple[str, ...]

    def deduplicated(self, events: DataFrame) -> DataFrame:
        """Keep one row per key."""
        others = (column for column in events.columns if column not in self.key)
        ordered = F.struct(F.xxhash64(*self.payload).alias("hash"), *others)
        return events.groupBy(*self.key).agg(F.min(ordered).alias("kept")).select(*self.key, "kept.*").drop("hash")

    @property
    def wins(self) -> str:
        """When a new payload replaces the stored one, as SQL over `source` and `target`."""
        source, target = (
            f"xxhash64({', '.join(f'{side}.{column}' for column in self.payload)})" for side in ("source", "target")
        )
        return f"{source} < {target}"
