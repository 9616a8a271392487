"""Dense numbers for string ids, as matrix factorisation needs them: assigned once, never reused."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

_BUCKETS = 64


def newly_numbered(ids: DataFrame, known: DataFrame) -> DataFrame:
    """Number the ids that are not known yet, on from the highest known number.

    Ids are counted in hash buckets, so that no single task has to sort them all.

    Parameters
    ----------
    ids : DataFrame
        `id` string, repeated or not.
    known : DataFrame
        `id` string, `idx` int: the numbers given so far.

    Returns
    -------
    DataFrame
        `id`, `idx` (int, dense, from 0) of the new ids only; the same input gives the same numbers.
    """
    new = ids.join(known, "id", "left_anti").distinct().withColumn("bucket", F.crc32("id") % _BUCKETS)
    running = Window.orderBy("bucket").rowsBetween(Window.unboundedPreceding, -1)
    starts = (
        new.groupBy("bucket")
        .count()
        .select("bucket", F.coalesce(F.sum("count").over(running), F.lit(0)).alias("start"))
    )
    first = known.agg(F.coalesce(F.max("idx") + 1, F.lit(0)).alias("first"))
    within = F.row_number().over(Window.partitionBy("bucket").orderBy("id")) - 1
    return (
        new.withColumn("within", within)
        .join(F.broadcast(starts), "bucket")
        .crossJoin(F.broadcast(first))
        .select("id", (F.col("first") + F.col("start") + F.col("within")).cast("int").alias("idx"))
    )


def with_ids(rows: DataFrame, ids: DataFrame, number: str, id_column: str, how: str = "inner") -> DataFrame:
    """Replace the column `number` by the ids that have these numbers; with `how="left"` null stays null."""
    return rows.join(ids.select(F.col("idx").alias(number), F.col("id").alias(id_column)), number, how).drop(number)
