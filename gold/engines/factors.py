"""Factor models: a user likes an item as much as the inner product of their vectors says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.engines.top_n import top_n
from gold.engines.vectors import unit

VECTOR_SQL = "array<float>"


@dataclass(frozen=True)
class Factors:
    """Vectors of users and items: `idx` int, `factors` array<float>, all of one length.

    Attributes
    ----------
    anyone : sequence of float, optional
        The vector of users who have none of their own; without it they get no recommendations.
    tastes : DataFrame, optional
        Vectors of items that say whom an item appeals to, where those in `items` say more than that.
    """

    users: DataFrame
    items: DataFrame
    anyone: Sequence[float] | None = None
    tastes: DataFrame | None = None

    @property
    def likeness(self) -> DataFrame:
        """The vectors whose cosine says how much alike two items are."""
        return self.items if self.tastes is None else self.tastes

    def recommend(self, queries: DataFrame, n: int) -> DataFrame:
        """Find the `n` best items for each user in `queries`; see `gold.engines.model.Model`."""
        if self.anyone is None:
            return top_n(queries.join(self.users, "idx"), self.items, n)
        known = queries.join(self.users, "idx", "left")
        return top_n(known.withColumn("factors", F.coalesce("factors", vector(self.anyone))), self.items, n)

    def similar_items(self, n: int) -> DataFrame:
        """Find the `n` items of the highest cosine with each item, itself left out."""
        vectors = unit(self.likeness).withColumn("excluded", F.array("idx"))
        return top_n(vectors, vectors, n)


def vector(values: Sequence[float]) -> Column:
    """A literal vector."""
    return F.array(*map(F.lit, values)).cast(VECTOR_SQL)
