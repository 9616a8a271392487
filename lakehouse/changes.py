"""Changes and versions: what a consumer has not read yet, and the one place where it notes that it has.

A consumer asks for what is new, works on it, and commits as its last line::

    if new := lake.changes(tables.user_events, consumer="engagement"):
        lake.upsert(tables.daily_engagement, daily(new.rows))
        new.commit()

Whatever ends it before that line, an exception or a kill, leaves its progress where it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.progress import Progress
from lakehouse.tables import Table


@dataclass(frozen=True)
class Versions:
    """The newest version of each source of a consumer that reads whole tables, such as a training."""

    of: Mapping[Table, int]
    consumer: str
    progress: Progress

    def commit(self) -> None:
        """Note that the consumer has read these versions, after its last write."""
        self.progress.commit(self.consumer, {str(source): version for source, version in self.of.items()})


@dataclass(frozen=True)
class Changes:
    """The change data feed of a table over a range of versions, of which the last was committed at `until`."""

    feed: DataFrame
    table: Table
    first_version: int
    last_version: int
    until: dt.datetime
    consumer: str
    progress: Progress

    def commit(self) -> None:
        """Note that the consumer has read these changes, after its last write."""
        self.progress.commit(self.consumer, {str(self.table): self.last_version})

    @property
    def rows(self) -> DataFrame:
        """Rows that were inserted, or updated, as they were after it."""
        written = F.col("_change_type").isin("insert", "update_postimage")
        return self.feed.where(written).select(*self.table.names)

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
            .select(*self.table.names, (F.col("_change_type") == "delete").alias("is_deleted"))
        )
