"""Tables of the lakehouse as the dashboard asks them: SQL with names of the catalogue and bound parameters."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Protocol

import pandas as pd

from lakehouse import tables
from lakehouse.settings import Settings
from lakehouse.tables import Table

BY_NAME = {str(table): table for table in tables.ALL}
TABLE_NAME = re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(BY_NAME, key=len, reverse=True))) + r")\b")


class Lake(Protocol):
    """Where tables are asked: files of this machine, or a SQL warehouse."""

    def rows(self, sql: str, **parameters: Any) -> pd.DataFrame:
        """Answer a query in the SQL that DuckDB and Databricks share.

        Parameters
        ----------
        sql : str
            Names tables as the catalogue does (`silver.user_events`) and parameters as `$name`.

        Raises
        ------
        NothingToServeError
            A table is not there yet and cannot be taken for empty.
        ServiceError
            The tables cannot be reached.
        """
        ...

    def written_at(self, table: Table) -> dt.datetime | None:
        """When a table last changed; none if it does not exist."""
        ...

    def version(self, table: Table) -> int | None:
        """The newest Delta version of a table; none if it does not exist."""
        ...


def open_lake(settings: Settings) -> Lake:
    """Open the tables that the settings name."""
    if settings.catalog:
        from serving.dashboard.warehouse import Warehouse

        return Warehouse(settings)
    from serving.dashboard.delta_files import DeltaFiles

    return DeltaFiles(settings)
