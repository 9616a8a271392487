"""Days of a partitioned table: a partition each, made when its first row comes and dropped when it is too old."""

from __future__ import annotations

from datetime import date, timedelta

from psycopg import sql

from lakehouse.database.connection import Connection
from lakehouse.database.tables import StoredTable

_ONE_DAY = timedelta(days=1)
_NAME_LENGTH = len("2026_01_31")


def stored_days(connection: Connection, table: StoredTable) -> set[date]:
    """Return the days that have a partition. A partition is made together with its first rows, so none is empty."""
    partitions = connection.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass",
        [table.name],
    )
    return {date.fromisoformat(name[-_NAME_LENGTH:].replace("_", "-")) for (name,) in partitions}


def oldest_kept(days: set[date], retention_days: int) -> date:
    """Return the first day of the retention, which ends with the newest of `days`."""
    newest = max(days, default=date.min)
    return newest - min(timedelta(days=retention_days - 1), newest - date.min)


def make_partition(connection: Connection, table: StoredTable, day: date) -> None:
    """Make the partition of a day. To attach it, unlike to make it in place, keeps no reader waiting."""
    names = {"partition": _partition(table, day), "table": sql.Identifier(table.name)}
    connection.execute(
        sql.SQL("CREATE TABLE {partition} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)").format(**names)
    )
    connection.execute(
        sql.SQL("ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM ({start}) TO ({end})").format(
            **names, start=sql.Literal(day), end=sql.Literal(day + _ONE_DAY)
        )
    )


def drop_partition(connection: Connection, table: StoredTable, day: date) -> None:
    """Drop the partition of a day. Readers wait from here to the end of the transaction."""
    connection.execute(sql.SQL("DROP TABLE {}").format(_partition(table, day)))


def _partition(table: StoredTable, day: date) -> sql.Identifier:
    return sql.Identifier(f"{table.name}_{day.isoformat().replace('-', '_')}")
