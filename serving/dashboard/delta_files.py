"""Delta tables as files: delta-rs reads the log, DuckDB the Parquet files that it names.

DuckDB's own Delta extension would have to be downloaded. What it would do beyond that is done here: rows that a
deletion vector marks are left out. delta-rs decodes the vectors; only files that have one are joined with them, so
filters and statistics of all others work as in any Parquet file.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyspark.sql.pandas.types import to_arrow_schema

from lakehouse.errors import ServiceError, SettingsError
from lakehouse.settings import Settings
from lakehouse.tables import Table
from serving.dashboard.figure import in_utc
from serving.dashboard.lake import BY_NAME, TABLE_NAME

_ZONED = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True)
class _Opened:
    """A table whose view in DuckDB stands at `version`."""

    delta: DeltaTable
    first_commit: tuple[int, int] | None
    version: int
    written_at: dt.datetime


class DeltaFiles:
    """The lakehouse in a folder of this machine."""

    def __init__(self, settings: Settings) -> None:
        if urlsplit(settings.lakehouse).scheme != "file":
            raise SettingsError(
                f"The dashboard reads tables of this machine or of a SQL warehouse, not {settings.lakehouse}. "
                "Set CATALOG and DASHBOARD_WAREHOUSE, or unset LAKEHOUSE_ROOT."
            )
        self._root = Path(url2pathname(urlsplit(settings.lakehouse).path))
        self._connection = duckdb.connect(":memory:")
        self._opened: dict[Table, _Opened | None] = {}
        self._lock = Lock()

    def rows(self, sql: str, **parameters: Any) -> pd.DataFrame:
        """Answer a query; see `Lake`."""
        for name in set(TABLE_NAME.findall(sql)):
            self._fresh(BY_NAME[name])
        try:
            return in_utc(self._connection.cursor().execute(sql, _bound(parameters)).df())
        except duckdb.Error as error:
            # Files of a version that was just vacuumed, or a disk that is gone; the next refresh looks again.
            raise ServiceError(f"The tables cannot be read: {str(error).splitlines()[0]}.") from None

    def written_at(self, table: Table) -> dt.datetime | None:
        """When a table last changed; see `Lake`."""
        opened = self._fresh(table)
        return opened.written_at if opened else None

    def version(self, table: Table) -> int | None:
        """The newest version; see `Lake`."""
        opened = self._fresh(table)
        return opened.version if opened else None

    def _fresh(self, table: Table) -> _Opened | None:
        """Bring a table's view to its newest version; one that does not exist is empty, and none is returned."""
        folder = self._root / table.layer / table.name
        with self._lock:
            try:
                opened = self._opened.get(table)
                if not (folder / "_delta_log").is_dir():
                    if opened or table not in self._opened:
                        self._make_view(table, [self._empty(table)])
                    self._opened[table] = None
                    return None
                first_commit = _first_commit(folder)
                if opened is None or opened.first_commit != first_commit:
                    delta = DeltaTable(folder)
                else:
                    delta = opened.delta
                    delta.update_incremental()
                    if delta.version() == opened.version:
                        return opened
                self._make_view(table, self._parts(table, delta))
                written_at = dt.datetime.fromtimestamp(delta.history(1)[0]["timestamp"] / 1_000, dt.UTC)
                self._opened[table] = _Opened(delta, first_commit, delta.version(), written_at)
                return self._opened[table]
            except (DeltaError, OSError) as error:
                self._opened.pop(table, None)
                raise ServiceError(f"The table {table} cannot be read: {str(error).splitlines()[0]}.") from None

    def _make_view(self, table: Table, parts: list[str]) -> None:
        cursor, rows = self._connection.cursor(), " UNION ALL BY NAME ".join(parts)
        # Without a zone, in UTC: zones need an extension that would have to be downloaded, and a cast takes a quarter
        # of a second for a million rows. Spark's own files have none.
        zoned = [name for name, kind, *_ in cursor.execute(f"DESCRIBE {rows}").fetchall() if kind == _ZONED]
        times = ", ".join(f'make_timestamp(epoch_us("{name}")) AS "{name}"' for name in zoned)
        columns = f"* REPLACE ({times})" if zoned else "*"
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
        cursor.execute(f"CREATE OR REPLACE VIEW {table} AS SELECT {columns} FROM ({rows})")  # noqa: S608

    def _parts(self, table: Table, delta: DeltaTable) -> list[str]:
        """Queries whose rows together are the table."""
        vectors = pa.table(delta.deletion_vectors())
        marked = {_path(uri) for uri in vectors["filepath"].to_pylist()}
        files = [_path(uri) for uri in delta.file_uris()]
        parts = []
        if whole := [file for file in files if file not in marked]:
            parts.append(f"SELECT * FROM read_parquet({_literal(whole)})")  # noqa: S608 - paths are quoted
        if partly := [file for file in files if file in marked]:
            parts.append(
                "SELECT * EXCLUDE (filename, file_row_number) FROM "  # noqa: S608 - paths are quoted
                f"read_parquet({_literal(partly)}, filename = true, file_row_number = true) "
                f"ANTI JOIN {self._kept(table, _positions(vectors))} USING (filename, file_row_number)"
            )
        return parts or [self._empty(table)]

    def _empty(self, table: Table) -> str:
        return f"SELECT * FROM {self._kept(table, to_arrow_schema(table.schema).empty_table())}"  # noqa: S608

    def _kept(self, table: Table, rows: pa.Table) -> str:
        """Keep rows in DuckDB itself, beside the view of a table, and name them."""
        name = f'"beside_{table.layer}".{table.name}'
        cursor = self._connection.cursor()
        cursor.register("given", rows)
        cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "beside_{table.layer}"')
        cursor.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")  # noqa: S608
        return name


def _bound(parameters: dict[str, Any]) -> dict[str, Any] | None:
    """Parameters as DuckDB takes them: times in UTC, without saying so."""
    return {
        name: value.astimezone(dt.UTC).replace(tzinfo=None) if isinstance(value, dt.datetime) else value
        for name, value in parameters.items()
    } or None


def _first_commit(folder: Path) -> tuple[int, int] | None:
    """What tells a table from another one that was made in its place; none once its log was cleaned up."""
    try:
        found = (folder / "_delta_log" / f"{0:020}.json").stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _positions(deleted: pa.Table) -> pa.Table:
    """One row for each deleted row: in which file, and the how manieth of it."""
    rows = [np.flatnonzero(~np.asarray(kept, dtype=bool)) for kept in deleted["selection_vector"].to_numpy()]
    files = [_path(uri) for uri in deleted["filepath"].to_pylist()]
    return pa.table(
        {
            "filename": pa.array(np.repeat(np.array(files, dtype=object), [len(found) for found in rows]), pa.string()),
            "file_row_number": pa.array(np.concatenate(rows), pa.int64()),
        }
    )


def _path(uri: str) -> str:
    return url2pathname(urlsplit(uri).path) if uri.startswith("file:") else uri


def _literal(paths: list[str]) -> str:
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"
