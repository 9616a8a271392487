"""Changes: what happened to a table between two of its versions, from Delta's change data feed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.tables import Table


@dataclass(frozen=True)
class Changes:
    """The change data feed of a table over a range of versions, of which the last was committed at `until`."""

    feed: DataFrame
    table: Table
    first_version: int
    last_version: int
    until: dt.datetime

    @property
    def rows(self) -> DataFrame:
        """Rows that were inserted, or updated, as they were after it."""
        written = F.col("_change_type").isin("insert", "update_postimage")
        return self.feed.where(written).select(*self.table.schema.names)

    def touched(self, *columns: str) -> DataFrame:
        """Distinct values of `columns` over every image of a row: before an update, after it, and when deleted."""
        return self.feed.select(*columns).distinct()

    @property
    def latest(self) -> DataFrame:
        """The last image of each key, and `is_deleted`: what has to happen to a copy of the table."""
        # A replaced row is deleted and inserted by the same version.
        order = F.desc("_commit_version"), F.col("_change_type") == "delete"
        newest = F.row_number().over(Window.partitionBy(*self.table.key).orderBy(*order))
        return (
            self.feed.where(F.col("_change_type") != "update_preimage")
            .withColumn("newest", newest)
            .where("newest = 1")
            .select(*self.table.schema.names, (F.col("_change_type") == "delete").alias("is_deleted"))
        )

    @property
    def empty(self) -> bool:
        """Whether no row changed (a version may hold none: a merge that found nothing to do, an optimisation)."""
        return self.feed.isEmpty()
