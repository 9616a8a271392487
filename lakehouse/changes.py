"""Changes and versions: what a consumer has not read yet, and the one place where it notes that it has.

A consumer asks for what is new, says what it makes of it and by which settings, works, and commits as its last line::

    if new := lake.changes(tables.user_events, "engagement", into=[tables.daily_engagement], by=settings.weights):
        touched = new.touched(*KEY)
        lake.refresh(tables.daily_engagement, daily(lake.read(tables.user_events, among=touched)), scope=touched)
        new.commit()

Whatever ends it before that line, an exception or a kill, leaves its progress where it was.

What changed is the change feed behind the version that it has read. Where there is no such version, because nothing was
read yet, the history no longer reaches back, or table, target or settings are others than those that were noted, all of
it may have changed: every row of the table, and what only the targets still hold.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.progress import About, Position, Progress
from lakehouse.tables import Table


@dataclass(frozen=True)
class Reading:
    """A consumer's reading of its sources: where it began, and what is true of where it ends."""

    consumer: str
    progress: Progress
    begun: Mapping[str, Position | None]
    about: Callable[[], Mapping[str, About]]

    def commit(self, positions: Mapping[str, int]) -> None:
        """Note what was read, if it is still what is next: of a source that was forgotten meanwhile, it is not."""
        if self.progress.may_move(self.consumer, self.begun, positions):
            # Only now, because the work may have made the targets.
            self.progress.commit(self.consumer, positions, self.about())


@dataclass(frozen=True)
class Versions:
    """The newest version of each source of a consumer that reads whole tables, such as a training."""

    of: Mapping[Table, int]
    reading: Reading

    def commit(self) -> None:
        """Note that the consumer has read these versions, after its last write.

        Raises
        ------
        OverlapError
            Another run of the consumer read them at the same time.
        """
        self.reading.commit({str(source): version for source, version in self.of.items()})


@dataclass(frozen=True)
class Changes:
    """What changed in a table over a range of versions, of which the last was committed at `until`.

    Attributes
    ----------
    feed : DataFrame
        Columns of the table, `_change_type` and `_commit_version`: of a whole table, each row as if it was inserted.
    is_whole : bool
        All of the table may have changed, or it is another one.
    targets : tuple of DataFrame
        Of a whole table, what was made of it so far, where rows may stand that nothing in the table tells now.
    """

    feed: DataFrame
    table: Table
    is_whole: bool
    first_version: int
    last_version: int
    until: dt.datetime
    reading: Reading
    targets: tuple[DataFrame, ...] = ()

    def commit(self) -> None:
        """Note that the consumer has read these changes, after its last write.

        Raises
        ------
        OverlapError
            Another run of the consumer read them at the same time.
        """
        self.reading.commit({str(self.table): self.last_version})

    @property
    def rows(self) -> DataFrame:
        """Rows that were inserted, or updated, as they were after it."""
        written = F.col("_change_type").isin("insert", "update_postimage")
        return self.feed.where(written).select(*self.table.names)

    def touched(self, *columns: str) -> DataFrame:
        """Distinct values of `columns` over every image of a row: before an update, after it, and when deleted.

        Of a whole table, also those of its targets that have these columns, so that what is gone is found there.
        """
        made = [target for target in self.targets if {*columns} <= {*target.columns}]
        return reduce(DataFrame.union, (rows.select(*columns) for rows in (self.feed, *made))).distinct()

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
