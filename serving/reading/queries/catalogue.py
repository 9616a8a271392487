"""The catalogue: which tables there are and how they stand."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lakehouse import tables
from lakehouse.tables import Table
from serving.reading.figure import Figure
from serving.reading.lake import Lake
from serving.reading.stores import Stores


def states(stores: Stores) -> Figure:
    """How each table of the catalogue stands.

    Returns
    -------
    Figure
        `table`, `num_rows`, `version`, `written_at`; all but the name are missing where the table does not exist yet.
    """
    rows = pd.DataFrame([_state(stores.lake, table) for table in tables.ALL])
    return Figure(rows.astype({"num_rows": "Int64", "version": "Int64"}), rows["written_at"].max())


def _state(lake: Lake, table: Table) -> dict[str, Any]:
    written_at = lake.written_at(table)
    if written_at is None:
        return {"table": str(table), "num_rows": None, "version": None, "written_at": pd.NaT}
    num_rows = lake.rows(f"SELECT count(*) AS n FROM {table}")["n"].iloc[0]  # noqa: S608 - names of the catalogue
    return {"table": str(table), "num_rows": num_rows, "version": lake.version(table), "written_at": written_at}
