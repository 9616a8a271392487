"""Batches: rows that reach a table together or not at all, and once, however often they are sent.

Rows are copied into a temporary table in PostgreSQL's binary format, by the task's own process. The same transaction
then merges them into the table and notes the batch's id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.errors import CardinalityViolation, CharacterNotInRepertoire, UniqueViolation

from reclake.database.connection import Connection, Database
from reclake.database.days import drop_partition, make_partition, oldest_kept, stored_days
from reclake.database.tables import StoredTable

Row = Sequence[Any]

_ROWS, _KEYS = sql.Identifier("batch_rows"), sql.Identifier("batch_keys")
_UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")


@dataclass(frozen=True)
class Written:
    """What a batch did.

    Attributes
    ----------
    changed, deleted : int
        Rows that were inserted or updated, and those deleted. A row that was there as it is counts in neither.
    expired : int
        Rows beyond the retention, which were not written.
    repeated : bool
        The batch had been written before, so nothing was done.
    """

    changed: int = 0
    deleted: int = 0
    expired: int = 0
    repeated: bool = False


def write_batch(
    database: Database, table: StoredTable, batch_id: str, rows: Iterable[Row], deleted: Iterable[Row] = ()
) -> Written:
    """Delete keys and write rows, in one transaction that is repeated as a whole when the server goes away in it.

    Batches for one table are merged one at a time, while others are copied. Of several rows with one key in a batch
    the last one is written. A character that PostgreSQL cannot store (NUL, half a surrogate pair) becomes U+FFFD.

    Parameters
    ----------
    batch_id : str
        Names what is in the batch, such as the versions of the tables that it was made from.
    rows : iterable
        Values in the order of `table.columns`; times without a zone are UTC. They are streamed, never held, and gone
        through again when the batch is repeated, so an iterator that can be used only once will not do.
    deleted : iterable
        Values in the order of `table.key`; they go before `rows` are written.

    Raises
    ------
    ServiceError
        The server does not come back within a minute, or refuses a row.
    """
    if isinstance(rows, Iterator) or isinstance(deleted, Iterator):
        raise TypeError("A batch may have to be sent twice: give it rows that can be gone through again.")

    def write(connection: Connection) -> Written:
        try:
            return _write(connection, table, batch_id, (rows, deleted), retention_days)
        except (CharacterNotInRepertoire, UnicodeEncodeError):
            # Rare, so that all other batches are spared the look at every string.
            return _write(connection, table, batch_id, (map(_storable, rows), map(_storable, deleted)), retention_days)

    retention_days = database.settings.events_retention_days
    return database.repeat(write)


def _write(
    connection: Connection,
    table: StoredTable,
    batch_id: str,
    content: tuple[Iterable[Row], Iterable[Row]],
    retention_days: int,
) -> Written:
    rows, deleted = content
    with connection.transaction():
        if _is_written(connection, table, batch_id):
            return Written(repeated=True)
        _stage(connection, table, _ROWS, tuple(table.columns), rows)
        _stage(connection, table, _KEYS, table.key, deleted)
        # Until the end of the transaction: what is looked up below stays true, and no two merges deadlock.
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [table.name])
        if _is_written(connection, table, batch_id):
            return Written(repeated=True)
        gone = connection.execute(_delete(table)).rowcount
        if table.day is None:
            written = Written(changed=_insert(connection, table), deleted=gone)
        else:
            written = _insert_days(connection, table, gone, retention_days)
        connection.execute("INSERT INTO batches (table_name, batch_id) VALUES (%s, %s)", [table.name, batch_id])
        return written


def _is_written(connection: Connection, table: StoredTable, batch_id: str) -> bool:
    found = connection.execute(
        "SELECT FROM batches WHERE table_name = %s AND batch_id = %s", [table.name, batch_id]
    ).rowcount
    return found > 0


def _stage(
    connection: Connection, table: StoredTable, name: sql.Identifier, columns: Sequence[str], rows: Iterable[Row]
) -> None:
    """Copy rows into a temporary table, which no log is written for."""
    names = {"staging": name, "columns": _list(columns), "table": sql.Identifier(table.name)}
    connection.execute(
        sql.SQL("CREATE TEMP TABLE {staging} ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA").format(
            **names
        )
    )
    statement = sql.SQL("COPY {staging} ({columns}) FROM STDIN (FORMAT BINARY)").format(**names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([table.columns[column] for column in columns])
        for row in rows:
            copy.write_row(row)


def _insert_days(connection: Connection, table: StoredTable, gone: int, retention_days: int) -> Written:
    """Insert what lies within the retention, and drop what no longer does."""
    day = sql.Identifier(str(table.day))
    new = {row[0] for row in connection.execute(sql.SQL("SELECT DISTINCT {} FROM {}").format(day, _ROWS))} - {None}
    if not new:
        return Written(changed=_insert(connection, table), deleted=gone)
    stored = stored_days(connection, table)
    oldest = oldest_kept(stored | new, retention_days)
    expired = connection.execute(sql.SQL("DELETE FROM {} WHERE {} < %s").format(_ROWS, day), [oldest]).rowcount
    for missing in sorted(fresh for fresh in new - stored if fresh >= oldest):
        make_partition(connection, table, missing)
    changed = _insert(connection, table)
    for old in sorted(past for past in stored if past < oldest):
        drop_partition(connection, table, old)
    return Written(changed=changed, deleted=gone, expired=expired)


def _insert(connection: Connection, table: StoredTable) -> int:
    """Insert what is new and update what is different; return how many rows that were."""
    try:
        with connection.transaction():
            return connection.execute(
                _upsert(table) if _any_known(connection, table) else _plain_insert(table)
            ).rowcount
    except (UniqueViolation, CardinalityViolation):
        connection.execute(_without_repeated_keys(table))
        return connection.execute(_upsert(table)).rowcount


def _any_known(connection: Connection, table: StoredTable) -> bool:
    """Whether a key is in the table already; where none is, an insert need not look for each, a third of its time."""
    statement = sql.SQL("SELECT FROM {rows} JOIN {table} USING ({key})").format(
        rows=_ROWS, table=sql.Identifier(table.name), key=_list(table.key)
    )
    if table.day is None:
        return connection.execute(sql.SQL("{} LIMIT 1").format(statement)).rowcount > 0
    # Named days keep PostgreSQL from looking into other partitions.
    day = sql.Identifier(table.day)
    days = [row[0] for row in connection.execute(sql.SQL("SELECT DISTINCT {} FROM {}").format(day, _ROWS))]
    in_days = sql.SQL("{} WHERE {}.{} = ANY(%s) LIMIT 1").format(statement, sql.Identifier(table.name), day)
    return connection.execute(in_days, [days]).rowcount > 0


def _plain_insert(table: StoredTable) -> sql.Composed:
    return sql.SQL("INSERT INTO {table} ({columns}) SELECT {columns} FROM {rows}").format(
        table=sql.Identifier(table.name), columns=_list(table.columns), rows=_ROWS
    )


def _upsert(table: StoredTable) -> sql.Composed:
    return sql.SQL(
        "{insert} ON CONFLICT ({key}) DO UPDATE SET ({values}) = ROW({new}) WHERE ({old}) IS DISTINCT FROM ({new})"
    ).format(
        insert=_plain_insert(table),
        key=_list(table.key),
        values=_list(table.values),
        new=_list(table.values, "excluded"),
        old=_list(table.values, table.name),
    )


def _delete(table: StoredTable) -> sql.Composed:
    return sql.SQL("DELETE FROM {table} USING {keys} WHERE ({old}) = ({given})").format(
        table=sql.Identifier(table.name),
        keys=_KEYS,
        old=_list(table.key, table.name),
        given=_list(table.key, "batch_keys"),
    )


def _without_repeated_keys(table: StoredTable) -> sql.Composed:
    """Of staged rows with one key, leave the last."""
    return sql.SQL("DELETE FROM {rows} a USING {rows} b WHERE a.ctid < b.ctid AND ({first}) = ({second})").format(
        rows=_ROWS, first=_list(table.key, "a"), second=_list(table.key, "b")
    )


def _list(columns: Iterable[str], table: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(*([table] if table else []), column) for column in columns)


def _storable(row: Row) -> Row:
    return [_UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value for value in row]
