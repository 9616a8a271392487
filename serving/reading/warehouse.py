"""Tables of Unity Catalog, asked over a SQL warehouse as the identity of the app, which needs to read and no more."""

from __future__ import annotations

import datetime as dt
import math
import time
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse.errors import NothingToServeError, ServiceError, SettingsError
from lakehouse.settings import Settings
from lakehouse.tables import Table
from serving.reading.figure import in_utc
from serving.reading.lake import naming, with_colons

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.sql import StatementResponse

# A LIMIT takes nothing wider than INT.
_TYPES = {int: "INT", float: "DOUBLE", bool: "BOOLEAN", str: "STRING", dt.date: "DATE", dt.datetime: "TIMESTAMP"}
_NEWEST_SECONDS = 60
"""A page asks how old dozens of tables are, each a statement of its own; that is not asked at every refresh."""


class Warehouse:
    """The lakehouse in Unity Catalog."""

    def __init__(self, settings: Settings) -> None:
        if not settings.dashboard_warehouse:
            raise SettingsError(
                "CATALOG is set, so the dashboard needs DASHBOARD_WAREHOUSE, the id of a SQL warehouse."
            )
        self._settings = settings
        self._known: dict[Table, tuple[float, pd.Series[Any] | None]] = {}

    def rows(self, sql: str, **parameters: Any) -> pd.DataFrame:
        """Answer a query; see `Lake`."""
        return _frame(self._execute(in_catalog(sql, self._settings), parameters))

    def written_at(self, table: Table) -> dt.datetime | None:
        """When a table last changed; see `Lake`."""
        newest = self._newest(table)
        return None if newest is None else newest["timestamp"].to_pydatetime()

    def version(self, table: Table) -> int | None:
        """The newest version; see `Lake`."""
        newest = self._newest(table)
        return None if newest is None else int(newest["version"])

    def _newest(self, table: Table) -> pd.Series[Any] | None:
        """The last commit of a table, as of the last minute."""
        asked, newest = self._known.get(table, (-math.inf, None))
        if time.monotonic() - asked > _NEWEST_SECONDS:
            newest = None
            with suppress(NothingToServeError):
                newest = self.rows(f"DESCRIBE HISTORY {table} LIMIT 1").iloc[0]
            self._known[table] = time.monotonic(), newest
        return newest

    @cached_property
    def _client(self) -> WorkspaceClient:
        from databricks.sdk import WorkspaceClient

        return WorkspaceClient()

    def _execute(self, sql: str, parameters: dict[str, Any]) -> StatementResponse:
        from databricks.sdk.errors.base import DatabricksError
        from databricks.sdk.service.sql import (
            ExecuteStatementRequestOnWaitTimeout,
            StatementParameterListItem,
            StatementState,
        )

        given = [
            StatementParameterListItem(name=name, value=str(value), type=_TYPES[type(value)])
            for name, value in parameters.items()
        ]
        try:
            answer = self._client.statement_execution.execute_statement(
                sql,
                str(self._settings.dashboard_warehouse),
                parameters=given,
                wait_timeout="30s",
                # Nobody would fetch what comes later; the next refresh asks again.
                on_wait_timeout=ExecuteStatementRequestOnWaitTimeout.CANCEL,
            )
        except DatabricksError as error:
            raise ServiceError(f"The SQL warehouse cannot be asked: {error}.") from None
        if answer.status is None or answer.status.state != StatementState.SUCCEEDED:
            said = answer.status.error.message if answer.status and answer.status.error else "no answer within 30 s"
            if "TABLE_OR_VIEW_NOT_FOUND" in (said or ""):
                raise NothingToServeError("A table is not there yet: run the jobs of the bundle.")
            raise ServiceError(f"The SQL warehouse did not answer: {said}.")
        return answer


def in_catalog(sql: str, settings: Settings) -> str:
    """Write a query as a warehouse wants it: full names, and parameters with a colon.

    Examples
    --------
    >>> in_catalog("SELECT * FROM gold.als_top_n WHERE rank < $n", Settings(catalog="main", gold_schema="rl_gold"))
    'SELECT * FROM `main`.`rl_gold`.`als_top_n` WHERE rank < :n'
    """

    def full(table: Table) -> str:
        return f"`{settings.catalog}`.`{settings.schema_of(table.layer)}`.`{table.name}`"

    return with_colons(naming(sql, full))


def _frame(answer: StatementResponse) -> pd.DataFrame:
    """Rows, which come as text, with the types that the warehouse says they have."""
    columns = (answer.manifest.schema.columns if answer.manifest and answer.manifest.schema else None) or []
    data = (answer.result.data_array if answer.result else None) or []
    frame = pd.DataFrame(data, columns=[str(column.name) for column in columns], dtype=object)
    for column in columns:
        name, kind = str(column.name), column.type_name.value if column.type_name else "STRING"
        if kind in ("TIMESTAMP", "TIMESTAMP_NTZ", "DATE"):
            frame[name] = pd.to_datetime(frame[name])
        elif kind in ("BYTE", "SHORT", "INT", "LONG", "FLOAT", "DOUBLE", "DECIMAL"):
            frame[name] = pd.to_numeric(frame[name])
        elif kind == "BOOLEAN":
            frame[name] = frame[name].map({"true": True, "false": False})
    return in_utc(frame)
