"""Tables that only Spark reaches, in object storage or in a workspace, asked in a session of the lakehouse."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse.tables import Table
from serving.reading.figure import in_utc
from serving.reading.lake import naming, with_colons

if TYPE_CHECKING:
    from lakehouse.lake import Lakehouse


class SparkTables:
    """The lakehouse as Spark sees it, which starts with the first question."""

    def __init__(self, lake: Lakehouse) -> None:
        self._lake = lake
        self._known: dict[Table, pd.Series[Any] | None] = {}

    def rows(self, sql: str, **parameters: Any) -> pd.DataFrame:
        """Answer a query; see `Lake`."""
        return in_utc(self._lake.spark.sql(with_colons(naming(sql, self._lake.name)), parameters).toPandas())

    def written_at(self, table: Table) -> dt.datetime | None:
        """When a table last changed; see `Lake`."""
        newest = self._newest(table)
        return None if newest is None else newest["timestamp"].to_pydatetime()

    def version(self, table: Table) -> int | None:
        """The newest version; see `Lake`."""
        newest = self._newest(table)
        return None if newest is None else int(newest["version"])

    def _newest(self, table: Table) -> pd.Series[Any] | None:
        """The last commit of a table when it was first asked for, which takes a statement."""
        if table not in self._known:
            there = self._lake.exists(table)
            self._known[table] = self.rows(f"DESCRIBE HISTORY {table} LIMIT 1").iloc[0] if there else None
        return self._known[table]
