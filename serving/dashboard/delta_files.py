"""Delta tables as files: delta-rs reads the log, DuckDB the Parquet files that it names.

DuckDB's own Delta extension would have to be downloaded. What it would do beyond that is done here: rows that a deletion
vector marks are left out. delta-rs decodes the vectors; only files that have one are joined with them, so filters and
statistics of all others work as in any Parquet file.
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
from deltalake.exceptions import DeltaError, TableNotFoundError

from reclake.errors import NothingToServeError, ServiceError, SettingsError
from reclake.settings import Settings
from reclake.tables import TIMESTAMP, Table
from serving.dashboard.figure import in_utc
from serving.dashboard.lake import BY_NAME, TABLE_NAME


@dataclass
class _Opened:
    """A table whose view in DuckDB stands at `version`."""

    delta: DeltaTable
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
        self._opened: dict[Table, _Opened] = {}
        self._lock = Lock()

    def rows(self, sql: str, **parameters: Any) -> pd.DataFrame:
        """Answer a query; see `Lake`."""
        for name in set(TABLE_NAME.findall(sql)):
            if self._fresh(BY_NAME[name]) is None:
                raise NothingToServeError(f"There is no table {name} yet: {_how_to_make(BY_NAME[name])}.")
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
        """Bring a table's view to its newest version; none if there is no table."""
        folder = self._root / table.layer / table.name
        with self._lock:
            try:
                if not (folder / "_delta_log").is_dir():
                    self._opened.pop(table, None)
                    return None
                opened = self._opened.get(table)
                delta = DeltaTable(folder) if opened is None else _updated(opened.delta, folder)
                if opened is None or delta.version() != opened.version or delta is not opened.delta:
                    self._make_view(table, delta)
                    written_at = dt.datetime.fromtimestamp(delta.history(1)[0]["timestamp"] / 1_000, dt.UTC)
                    self._opened[table] = _Opened(delta, delta.version(), written_at)
                return self._opened[table]
            except TableNotFoundError:
                return None
            except (DeltaError, OSError) as error:
                raise ServiceError(f"The table {table} cannot be read: {str(error).splitlines()[0]}.") from None

    def _make_view(self, table: Table, delta: DeltaTable) -> None:
        deleted = pa.table(delta.deletion_vectors())
        marked = {_path(uri) for uri in deleted["filepath"].to_pylist()}
        files = [_path(uri) for uri in delta.file_uris()]
        cursor = self._connection.cursor()
        cursor.execute(f'CREATE SCHEMA IF NOT EXISTS {table.layer}; CREATE SCHEMA IF NOT EXISTS "{table.layer}_deleted"')
        name, deleted_name = str(table), f'"{table.layer}_deleted".{table.name}'
        parts = []
        if whole := [file for file in files if file not in marked]:
            parts.append(f"SELECT * FROM read_parquet({_literal(whole)})")  # noqa: S608 - paths are quoted
        if partly := [file for file in files if file in marked]:
            cursor.register("vectors", _positions(deleted))
            cursor.execute(f"CREATE OR REPLACE TABLE {deleted_name} AS SELECT * FROM vectors")
            parts.append(
                "SELECT * EXCLUDE (filename, file_row_number) FROM "  # noqa: S608 - paths are quoted
                f"read_parquet({_literal(partly)}, filename = true, file_row_number = true) "
                f"ANTI JOIN {deleted_name} USING (filename, file_row_number)"
            )
        if not parts:
            cursor.register("nothing", pa.schema(delta.schema().to_arrow()).empty_table())
            cursor.execute(f"CREATE OR REPLACE TABLE {deleted_name} AS SELECT * FROM nothing")
            parts.append(f"SELECT * FROM {deleted_name}")  # noqa: S608
        # Without a zone, in UTC: zones need an extension that would have to be downloaded.
        times = [f'CAST("{one}" AS TIMESTAMP) AS "{one}"' for one in _times(table)]
        columns = f"* REPLACE ({', '.join(times)})" if times else "*"
        cursor.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {columns} FROM ({' UNION ALL BY NAME '.join(parts)})")  # noqa: S608


def _bound(parameters: dict[str, Any]) -> dict[str, Any] | None:
    """Parameters as DuckDB takes them: times in UTC, without saying so."""
    return {
        name: value.astimezone(dt.UTC).replace(tzinfo=None) if isinstance(value, dt.datetime) else value
        for name, value in parameters.items()
    } or None


def _times(table: Table) -> list[str]:
    return [field.name for field in table.schema if field.dataType == TIMESTAMP]


def _updated(delta: DeltaTable, folder: Path) -> DeltaTable:
    """Read what was committed since; a table that was made anew under the same name is opened anew."""
    identity = delta.metadata().id
    try:
        delta.update_incremental()
    except DeltaError:
        return DeltaTable(folder)
    return delta if delta.metadata().id == identity else DeltaTable(folder)


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


def _how_to_make(table: Table) -> str:
    if table.layer == "ops":
        return "it comes with the first job that checks or trains, such as `reclake demo`"
    return "run `reclake demo`, and for the shop `reclake run shop`"
