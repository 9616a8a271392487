"""The shape that all models have: fitted to interactions, they recommend to users and find similar items."""

from __future__ import annotations

from typing import Protocol

from pyspark.sql import DataFrame


class Model(Protocol):
    """A fitted model; both answers are `idx`, `item_idx`, `score` double and `rank` from 1, equal scores by item."""

    def recommend(self, queries: DataFrame, n: int) -> DataFrame:
        """Find the `n` best items for each user in `queries` (`idx` int, `excluded` array<int>, may be null)."""

    def similar_items(self, n: int) -> DataFrame:
        """Find the `n` items that are most like each item, itself left out."""
