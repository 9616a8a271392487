"""What all readers of tables share: SQL with names of the catalogue and bound parameters."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any, Protocol

import pandas as pd

from lakehouse import tables
from lakehouse.tables import Table

_BY_NAME = {str(table): table for table in tables.ALL}
_TABLE_NAME = re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(_BY_NAME, key=len, reverse=True))) + r")\b")
_PARAMETER = re.compile(r"\$(\w+)")


class Lake(Protocol):
    """Where tables are asked: files of this machine, a SQL warehouse, or Spark."""

    def rows(self, sql: str, **parameters: Any) -> pd.DataFrame:
        """Answer a query in the SQL that DuckDB and Spark share.

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


def naming(sql: str, name: Callable[[Table], str]) -> str:
    """Write a query with other names for its tables.

    Examples
    --------
    >>> naming("SELECT * FROM gold.als_top_n WHERE rank < $n", lambda table: f"main.{table.name}")
    'SELECT * FROM main.als_top_n WHERE rank < $n'
    """
    return _TABLE_NAME.sub(lambda found: name(_BY_NAME[found.group()]), sql)


def with_colons(sql: str) -> str:
    """Write the parameters of a query as Spark takes them.

    Examples
    --------
    >>> with_colons("SELECT $n")
    'SELECT :n'
    """
    return _PARAMETER.sub(r":\1", sql)
