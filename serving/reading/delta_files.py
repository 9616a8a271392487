"""Tables in a folder of this machine, which DuckDB reads with its own Delta extension."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import duckdb
import pandas as pd
from duckdb import DuckDBPyConnection
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import TimestampType
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from lakehouse.errors import ServiceError, SettingsError, said
from lakehouse.settings import Settings
from lakehouse.tables import Table
from serving.reading.figure import in_utc
from serving.reading.lake import naming
from serving.reading.other_name import OtherNames, is_misread

_COMMIT = re.compile(r"\d{20}\.json")


@dataclass(frozen=True)
class _Commit:
    version: int
    at: dt.datetime


class DeltaFiles:
    """The lakehouse in a folder of this machine."""

    def __init__(self, settings: Settings) -> None:
        if urlsplit(settings.lakehouse).scheme != "file":
            raise SettingsError(
                f"The dashboard reads tables of this machine or of a SQL warehouse, not {settings.lakehouse}. "
                "Set CATALOG and DASHBOARD_WAREHOUSE, or unset LAKEHOUSE_ROOT."
            )
        self._root = Path(url2pathname(urlsplit(settings.lakehouse).path))
        self._names = OtherNames() if is_misread(self._root) else None
        self._connection = _with_delta()

    def rows(self, sql: str, **parameters: Any) -> pd.DataFrame:
        """Answer a query; see `Lake`."""
        try:
            return in_utc(self._answer(sql, _bound(parameters)))
        except duckdb.BinderException as error:
            raise ServiceError(
                f"A table was written by another version of RecLake: {said(error)}. "
                "The job that writes it says what to do."
            ) from None
        except duckdb.Error as error:
            raise ServiceError(f"The tables cannot be read: {said(error)}.") from None

    def written_at(self, table: Table) -> dt.datetime | None:
        """When a table last changed; see `Lake`."""
        newest = self._newest(table)
        return newest.at if newest else None

    def version(self, table: Table) -> int | None:
        """The newest version; see `Lake`."""
        newest = self._newest(table)
        return newest.version if newest else None

    # A table that was replaced or vacuumed after its newest version was looked up has another one now.
    @retry(retry=retry_if_exception_type(duckdb.IOException), stop=stop_after_attempt(3), reraise=True)
    def _answer(self, sql: str, parameters: dict[str, Any] | None) -> pd.DataFrame:
        cursor = self._connection.cursor()
        return cursor.execute(naming(sql, lambda table: self._rows_of(table, cursor)), parameters).df()

    def _rows_of(self, table: Table, cursor: DuckDBPyConnection) -> str:
        """SQL for the rows of a table's newest version; of one that does not exist, none."""
        newest = self._newest(table)
        if newest:
            folder = self._folder(table)
            # A URI has no quotation mark in it.
            uri = (self._names.of(folder) if self._names else folder).as_uri()
            rows = f"delta_scan('{uri}', version := {newest.version})"
        else:
            rows = f"{table.layer}_{table.name}"
            cursor.register(rows, to_arrow_schema(table.schema).empty_table())
        # Times in UTC without saying so: with a zone, to cut a million of them to minutes takes a second, not a tenth.
        times = [field.name for field in table.schema if isinstance(field.dataType, TimestampType)]
        plain = ", ".join(f"make_timestamp(epoch_us({name})) AS {name}" for name in times)
        return f"(SELECT * REPLACE ({plain}) FROM {rows})" if times else f"(FROM {rows})"  # noqa: S608 - catalogue

    def _newest(self, table: Table) -> _Commit | None:
        """The last commit of a table; none if it does not exist."""
        try:
            commits = (file for file in (self._folder(table) / "_delta_log").iterdir() if _COMMIT.fullmatch(file.name))
            if newest := max(commits, default=None):
                return _Commit(int(newest.stem), dt.datetime.fromtimestamp(newest.stat().st_mtime, dt.UTC))
            return None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ServiceError(f"The table {table} cannot be read: {error}.") from None

    def _folder(self, table: Table) -> Path:
        return self._root / table.layer / table.name


def _with_delta() -> DuckDBPyConnection:
    """Connect to a database in memory that can read Delta tables, with the extension that pip has installed.

    Raises
    ------
    ServiceError
        It is not installed, or not for this DuckDB.
    """
    connection = duckdb.connect(config={"autoinstall_known_extensions": False})
    package = find_spec("duckdb_extension_delta")
    for folder in (package and package.submodule_search_locations) or ():
        file = Path(folder, "extensions", f"v{duckdb.__version__}", "delta.duckdb_extension")
        if file.exists():
            path = str(file).replace("'", "''")
            connection.execute(f"LOAD '{path}'")
            return connection
    raise ServiceError(
        f"DuckDB {duckdb.__version__} has no Delta extension to read tables with: install "
        f"duckdb-extension-delta=={duckdb.__version__}, or what the lock has with `uv sync`."
    )


def _bound(parameters: dict[str, Any]) -> dict[str, Any] | None:
    """Parameters as DuckDB takes them: times in UTC, without saying so."""
    return {
        name: value.astimezone(dt.UTC).replace(tzinfo=None) if isinstance(value, dt.datetime) else value
        for name, value in parameters.items()
    } or None
