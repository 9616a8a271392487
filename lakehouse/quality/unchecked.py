"""Unchecked: the rows of a table that a suite looks at, which are those that changed since its last good check."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.changes import Changes, Versions
from lakehouse.lake import Lakehouse
from lakehouse.quality.expectation import Suite
from lakehouse.tables import RAW

CONSUMER = "quality"


@dataclass(frozen=True)
class Unchecked:
    """Rows to check and the table's Delta version that they are of; `new` is committed once they were found good."""

    suite: Suite
    rows: DataFrame
    version: int
    new: Changes | Versions

    @property
    def name(self) -> str:
        """What the check of these rows is called."""
        return self.suite.name


def unchecked(lake: Lakehouse, suite: Suite) -> Unchecked | None:
    """What changed in a suite's table since its last good check; none when nothing did."""
    if suite.counting:
        counted = suite.counting(lake)
        return Unchecked(suite, counted.rows, counted.version, counted.new) if counted else None
    if not lake.exists(suite.table):
        return None
    consumer = f"{CONSUMER}_{suite.gate}" if suite.gate else CONSUMER
    if suite.scope == "whole":
        if news := lake.news(consumer, suite.table):
            return Unchecked(suite, _derived(suite, lake.read(suite.table)), news.of[suite.table], news)
    elif new := lake.changes(suite.table, consumer):
        return Unchecked(suite, _derived(suite, _standing(lake, suite, new)), new.last_version, new)
    return None


def _standing(lake: Lakehouse, suite: Suite, new: Changes) -> DataFrame:
    if suite.scope == "inserted":
        return with_share_of_records(new.rows, lake) if suite.table == tables.quarantine else new.rows
    # Not only what changed but all that now stands there: a key may be doubled by a row that was there before.
    return lake.read(suite.table, among=new.touched(*(suite.touched_by or suite.table.key)))


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


def _derived(suite: Suite, rows: DataFrame) -> DataFrame:
    return rows.select("*", *(F.expr(sql).alias(name) for name, sql in suite.derived.items()))
