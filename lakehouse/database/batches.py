"""Batches: rows that reach a table together or not at all, and once, however often they are sent.

Rows are copied in PostgreSQL's binary format, by the task's own process: events right into their table where nothing
stands against it, everything else into a temporary table, from which the same transaction merges them. It also notes
the batch's id, and forgets ids that are not sent again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql
from psycopg.errors import CardinalityViolation, CharacterNotInRepertoire, CheckViolation, UniqueViolation

from lakehouse.database.connection import Connection, Database
from lakehouse.database.days import drop_partition, make_partition, oldest_kept, stored_days
from lakehouse.database.tables import StoredTable

Row = Sequence[Any]

_ROWS, _KEYS = sql.Identifier("batch_rows"), sql.Identifier("batch_keys")
# The same batch is sent again when its sender was killed before it noted its progress, or runs twice at once, so it is
# the last one or close to it. Later, by a sender that lost all progress, it changes nothing.
_REMEMBERED_BATCHES = 1_000
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
        through again when the server went away, or when an event is known or begins a day: `FrameRows` can be, an
        iterator cannot.
    deleted : iterable
        Values in the order of `table.key`; they go before `rows` are written.

    Raises
    ------
    ServiceError
        The server does not come back within a minute, or refuses a row.

    Examples
    --------
    >>> with connect(settings) as database:  # doctest: +SKIP
    ...     write_batch(database, FUNNEL_SUMMARY, "17-19", FrameRows(windows, FUNNEL_SUMMARY.columns))
    Written(changed=412, deleted=0, expired=0, repeated=False)
    """
    return _send(database, table, _Batch(batch_id, rows, deleted))


def replace_rows(database: Database, table: StoredTable, batch_id: str, rows: Iterable[Row]) -> Written:
    """Write rows and delete all that are not among them, in one transaction; everything else is as in `write_batch`.

    Rows that are there already as they are stay untouched.
    """
    return _send(database, table, _Batch(batch_id, rows, replaces=True))


@dataclass(frozen=True)
class _Batch:
    """What is sent; one that `replaces` is all that the table shall have."""

    id: str
    rows: Iterable[Row]
    deleted: Iterable[Row] = ()
    replaces: bool = False

    @property
    def storable(self) -> _Batch:
        """The same, without characters that PostgreSQL cannot store; it can be gone through once."""
        return replace(self, rows=map(_storable, self.rows), deleted=map(_storable, self.deleted))


def _send(database: Database, table: StoredTable, batch: _Batch) -> Written:
    if isinstance(batch.rows, Iterator) or isinstance(batch.deleted, Iterator):
        raise TypeError("A batch may have to be sent twice: give it rows that can be gone through again.")

    def write(connection: Connection) -> Written:
        try:
            return _write(connection, table, batch, retention_days)
        except (CharacterNotInRepertoire, UnicodeEncodeError):
            # Rare, so that all other batches are spared the look at every string.
            return _write(connection, table, batch.storable, retention_days)

    retention_days = database.settings.events_retention_days
    return database.repeat(write)


def _write(connection: Connection, table: StoredTable, batch: _Batch, retention_days: int) -> Written:
    with connection.transaction():
        if _is_written(connection, table, batch.id):
            return Written(repeated=True)
        appends = table.day and not batch.deleted and not batch.replaces
        try:
            written = _append(connection, table, batch.rows) if appends else None
        except (UniqueViolation, CheckViolation):
            written = None
        if written is None:
            _stage(connection, table, batch.rows, batch.deleted)
            # Until the end of the transaction: what is looked up below stays true, and no two merges deadlock.
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [table.name])
            if _is_written(connection, table, batch.id):
                return Written(repeated=True)
            gone = connection.execute(_delete_others(table) if batch.replaces else _delete(table)).rowcount
            written = replace(_merge(connection, table, retention_days, batch.replaces), deleted=gone)
        _remember(connection, table, batch.id)
        return written


def _is_written(connection: Connection, table: StoredTable, batch_id: str) -> bool:
    found = connection.execute(
        "SELECT FROM batches WHERE table_name = %s AND batch_id = %s", [table.name, batch_id]
    ).rowcount
    return found > 0


def _remember(connection: Connection, table: StoredTable, batch_id: str) -> None:
    """Note that a batch is written, and forget those before the last so many."""
    # A batch without rows can be written by two at once.
    connection.execute(
        "INSERT INTO batches (table_name, batch_id) VALUES (%s, %s) ON CONFLICT DO NOTHING", [table.name, batch_id]
    )
    connection.execute(
        "DELETE FROM batches WHERE table_name = %(table)s AND number <= "
        "(SELECT number FROM batches WHERE table_name = %(table)s ORDER BY number DESC OFFSET %(remembered)s LIMIT 1)",
        {"table": table.name, "remembered": _REMEMBERED_BATCHES},
    )


def _append(connection: Connection, table: StoredTable, rows: Iterable[Row]) -> Written:
    """Copy rows right into the table: what most batches of events need, whose keys are new and whose days are not.

    One known key or missing day undoes it all, and the lock with it, which only keeps merges away.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [table.name])
        return Written(changed=_copy(connection, table, sql.Identifier(table.name), tuple(table.columns), rows))


def _stage(connection: Connection, table: StoredTable, rows: Iterable[Row], deleted: Iterable[Row]) -> None:
    """Copy rows and keys into temporary tables, for which no log is written."""
    for name, columns, content in ((_ROWS, tuple(table.columns), rows), (_KEYS, table.key, deleted)):
        connection.execute(
            sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
                name, _list(columns), sql.Identifier(table.name)
            )
        )
        _copy(connection, table, name, columns, content)


def _copy(
    connection: Connection, table: StoredTable, into: sql.Identifier, columns: Sequence[str], rows: Iterable[Row]
) -> int:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(into, _list(columns))
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            copy.set_types([table.columns[column] for column in columns])
            for row in rows:
                copy.write_row(row)
        return cursor.rowcount


def _merge(connection: Connection, table: StoredTable, retention_days: int, replaces: bool) -> Written:
    if table.day is None:
        return Written(changed=_upsert(connection, table))
    day = sql.Identifier(table.day)
    new = {row[0] for row in connection.execute(sql.SQL("SELECT DISTINCT {} FROM {}").format(day, _ROWS))} - {None}
    stored = stored_days(connection, table)
    if replaces:
        # Without rows now, they would still say from when on rows are kept.
        for left in sorted(stored - new):
            drop_partition(connection, table, left)
        stored &= new
    oldest = oldest_kept(stored | new, retention_days)
    expired = connection.execute(sql.SQL("DELETE FROM {} WHERE {} < %s").format(_ROWS, day), [oldest]).rowcount
    for missing in sorted(fresh for fresh in new - stored if fresh >= oldest):
        make_partition(connection, table, missing)
    changed = _upsert(connection, table)
    for old in sorted(past for past in stored if past < oldest):
        drop_partition(connection, table, old)
    return Written(changed=changed, expired=expired)


def _upsert(connection: Connection, table: StoredTable) -> int:
    """Insert what is new and update what is different; return how many rows that were."""
    statement = sql.SQL(
        "INSERT INTO {table} ({columns}) SELECT {columns} FROM {rows} "
        "ON CONFLICT ({key}) DO UPDATE SET ({values}) = ROW({new}) WHERE ({old}) IS DISTINCT FROM ({new})"
    ).format(
        table=sql.Identifier(table.name),
        columns=_list(table.columns),
        rows=_ROWS,
        key=_list(table.key),
        values=_list(table.values),
        new=_list(table.values, "excluded"),
        old=_list(table.values, table.name),
    )
    try:
        with connection.transaction():
            return connection.execute(statement).rowcount
    except CardinalityViolation:
        # Rare, so that all other batches are spared the sort.
        connection.execute(_without_repeated_keys(table))
        return connection.execute(statement).rowcount


def _delete(table: StoredTable) -> sql.Composed:
    return sql.SQL("DELETE FROM {table} USING {keys} WHERE ({old}) = ({given})").format(
        table=sql.Identifier(table.name),
        keys=_KEYS,
        old=_list(table.key, table.name),
        given=_list(table.key, "batch_keys"),
    )


def _delete_others(table: StoredTable) -> sql.Composed:
    return sql.SQL("DELETE FROM {table} WHERE NOT EXISTS (SELECT FROM {rows} WHERE ({old}) = ({new}))").format(
        table=sql.Identifier(table.name),
        rows=_ROWS,
        old=_list(table.key, table.name),
        new=_list(table.key, "batch_rows"),
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
