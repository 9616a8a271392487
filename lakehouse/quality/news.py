"""News: the rows of a table that a suite looks at, which are those that changed since its last good check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.quality.expectation import Suite
from lakehouse.tables import RAW, Table

CONSUMER = "quality"


@dataclass(frozen=True)
class News:
    """Rows to check and the table's Delta version that they are of."""

    suite: Suite
    rows: DataFrame
    version: int

    @property
    def table(self) -> Table:
        """The table they belong to."""
        return self.suite.table


def news(lake: Lakehouse, suite: Suite) -> News | None:
    """What changed in a suite's table since its last good check; none when nothing did.

    Leaving a loop over changes early leaves the progress where it was: `commit` moves it, after the check.
    """
    if not lake.exists(suite.table):
        return None
    # Before the changes are read: what another job writes in between is then news next time as well.
    version = lake.version(suite.table)
    if suite.scope == "whole":
        for _ in lake.news(CONSUMER, suite.table):
            return News(suite, _with_derived(suite, lake.read(suite.table)), version)
        return None
    for new in lake.changes(suite.table, CONSUMER):
        # Not only what changed but all that now stands there: a key may be doubled by a row that was there before.
        touched = new.touched(*(suite.touched_by or suite.table.key))
        rows = new.rows if suite.scope == "inserted" else lake.read(suite.table, among=touched)
        if suite.table == tables.quarantine:
            rows = with_share_of_records(rows, lake)
        return News(suite, _with_derived(suite, rows), version)
    return None


def commit(lake: Lakehouse, checked: Iterable[News]) -> None:
    """Note that news were checked."""
    lake.progress.commit(CONSUMER, {str(new.table): new.version for new in checked})


def with_share_of_records(quarantined: DataFrame, lake: Lakehouse) -> DataFrame:
    """Add `share_of_records`: how many of the records that a row's source received at the time are in quarantine.

    A quarantined row has the time of the bronze batch that brought it, so the records to compare with lie between
    the first and the last such time, however long the history is.

    Parameters
    ----------
    quarantined : DataFrame
        Rows of `silver.quarantine`.

    Returns
    -------
    DataFrame
        The same rows and `share_of_records` double, 0 to 1; null where the source is no bronze table.
    """
    bronze = {str(table): table for table in RAW}
    share = F.lit(None).cast("double")
    # Times as text, so that none passes through the time zone of this process.
    at = "quarantined_at"
    sources = quarantined.where(F.col("source").isin(*bronze)).groupBy("source")
    spans = sources.agg(F.count("*"), F.min(at).cast("string"), F.max(at).cast("string"))
    for source, bad, first, last in spans.collect():  # a row per bronze table
        batches = F.col("ingested_at").between(F.lit(first).cast("timestamp"), F.lit(last).cast("timestamp"))
        received = lake.read(bronze[source]).where(batches).count()
        share = F.when(F.col("source") == source, F.lit(bad / max(received, bad))).otherwise(share)
    return quarantined.withColumn("share_of_records", share)


def _with_derived(suite: Suite, rows: DataFrame) -> DataFrame:
    return rows.select("*", *(F.expr(sql).alias(name) for name, sql in suite.derived.items()))
