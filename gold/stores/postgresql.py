"""Storing: tables whose newest rows are read while people shop are copied to PostgreSQL, change by change."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse import database, tables
from lakehouse.database import FrameRows, StoredTable
from lakehouse.errors import TaskParameterError
from lakehouse.lake import Lakehouse
from lakehouse.scratch import scratch_folder
from lakehouse.services import no_postgresql
from lakehouse.tables import Table
from lakehouse.task import task

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stored:
    """Which table is stored as what.

    Attributes
    ----------
    renamed : mapping
        A stored column to the column of the table, where they differ.
    newest_by : str, optional
        Where several rows of the table are one stored row: the column whose highest value decides.
    """

    source: Table
    target: StoredTable
    renamed: Mapping[str, str] = field(default_factory=dict)
    newest_by: str | None = None

    def fitted(self, changed: DataFrame) -> DataFrame:
        """The stored columns of what `Changes.latest` found, and `is_deleted`."""
        names = {name: self.renamed.get(name, name) for name in self.target.columns}
        rows = changed.select(*(F.col(column).alias(name) for name, column in names.items()), "is_deleted")
        if self.newest_by is None:
            return rows
        newest = F.row_number().over(Window.partitionBy(*self.target.key).orderBy(F.desc(self.newest_by)))
        return rows.withColumn("newest", newest).where("newest = 1").drop("newest")


STORED = {
    stored.target.name: stored
    for stored in (
        Stored(tables.clickstream_events, database.RAW_EVENTS),
        Stored(tables.funnel_summary, database.FUNNEL_SUMMARY),
        Stored(
            tables.churn_predictions, database.CHURN_PREDICTION, {"predicted_at": "generated_at"}, newest_by="as_of"
        ),
    )
}


@task
def store(lake: Lakehouse, table: str) -> None:
    """Bring a table of PostgreSQL up to date with its source; all of it, if PostgreSQL never had anything of it.

    Where there is no PostgreSQL, nothing is committed, so that all of it is stored once there is one.

    Raises
    ------
    TaskParameterError
        No table is stored under that name.
    ServiceError
        PostgreSQL cannot be reached.
    """
    stored = STORED.get(table)
    if stored is None:
        raise TaskParameterError(f"No table is stored as {table!r}. Known: {', '.join(STORED)}.")
    if lacking := no_postgresql(lake.settings):
        log.warning("%s, so %s stays in %s alone.", lacking, table, stored.source)
        return
    consumer = f"store {table}"
    with database.connect(lake.settings) as connected:
        known = connected.knows(stored.target)
        if not known:
            lake.progress.forget(consumer)
        if new := lake.changes(stored.source, consumer, is_copied=True):
            with scratch_folder(lake) as scratch:
                # Rows may have to be sent twice, and deleted ones are rare.
                changed = scratch("changed", stored.fitted(new.latest))
                gone = changed.where("is_deleted")
                # With the time, as the versions of a table that was made anew begin again.
                versions = f"{new.first_version}-{new.last_version} {new.until.isoformat()}"
                rows = FrameRows(changed.where("NOT is_deleted"), stored.target.columns)
                if new.is_whole and known:
                    database.replace_rows(connected, stored.target, f"all of {versions}", rows)
                else:
                    deleted = () if gone.isEmpty() else FrameRows(gone, stored.target.key)
                    database.write_batch(connected, stored.target, versions, rows, deleted)
            new.commit()
