"""Records as a stream's batch brings them to bronze."""

import datetime as dt

from pyspark.sql import DataFrame, SparkSession

from lakehouse import tables
from lakehouse.lake import Lakehouse

NOW = dt.datetime(2024, 5, 10, 12)


def receive(lake: Lakehouse, table: tables.Table, *values: str, at: dt.datetime = NOW) -> None:
    """Append records to the bronze table of a topic, at the next offsets."""
    _append(lake, table, raw(lake.spark, table, *values, at=at, first=lake.read(table).count()))


def receive_file(lake: Lakehouse, name: str, *values: str) -> None:
    """Append the rows of a purchase file to bronze."""
    _append(lake, tables.raw_purchases, raw_file(lake.spark, name, *values))


def raw(spark: SparkSession, table: tables.Table, *values: str, at: dt.datetime = NOW, first: int = 0) -> DataFrame:
    """Rows of the bronze table of a topic, from an offset on."""
    rows = [(table.name, 0, first + n, None, value.encode(), None, at, at) for n, value in enumerate(values)]
    return spark.createDataFrame(rows, table.schema)


def raw_file(spark: SparkSession, name: str, *values: str) -> DataFrame:
    """Rows of the bronze table of purchases."""
    rows = [(name, n, value.encode(), name, NOW, None) for n, value in enumerate(values)]
    return spark.createDataFrame(rows, tables.raw_purchases.schema)


def _append(lake: Lakehouse, table: tables.Table, rows: DataFrame) -> None:
    rows.write.format("delta").mode("append").saveAsTable(lake.name(table))
