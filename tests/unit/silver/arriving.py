"""Records as a stream's batch brings them to bronze."""

import datetime as dt

from reclake import tables
from reclake.lake import Lakehouse

NOW = dt.datetime(2024, 5, 10, 12)


def receive(lake: Lakehouse, table: tables.Table, *values: str, at: dt.datetime = NOW) -> None:
    """Append records to the bronze table of a topic, at the next offsets."""
    first = lake.read(table).count()
    rows = [(table.name, 0, first + n, None, value.encode(), None, at, at) for n, value in enumerate(values)]
    _append(lake, table, rows)


def receive_file(lake: Lakehouse, name: str, *values: str, at: dt.datetime = NOW) -> None:
    """Append the rows of a purchase file to bronze."""
    rows = [(name, n, value.encode(), name, at) for n, value in enumerate(values)]
    _append(lake, tables.raw_purchases, rows)


def _append(lake: Lakehouse, table: tables.Table, rows: list[tuple]) -> None:
    fresh = lake.spark.createDataFrame(rows, table.schema)
    fresh.write.format("delta").mode("append").saveAsTable(lake.name(table))
