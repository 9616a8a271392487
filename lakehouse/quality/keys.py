"""What suites of all layers have in common: keys that are there once, counts, and rows counted over a window."""

from __future__ import annotations

from lakehouse.quality.expectation import Expectation, between, not_empty, not_null, single_valued, warning
from lakehouse.tables import Table

KEY_ONCE = between("rows_of_key", 1, 1)
RANK_ONCE = between("rows_of_rank", 1, 1)
STAMPED = (not_null("model_version"), single_valued("model_version"), not_null("generated_at"))
"""All rows were made by one model, and say which and when."""
NOT_ONLY_DELETED = warning(not_empty())
"""Something changed and no row is there: someone deleted rows by hand."""


def counted(table: Table) -> dict[str, str]:
    """Derive `rows_of_key`, how many rows have the key of a row."""
    return {"rows_of_key": rows_of(*table.key)}


def ranked(table: Table, *columns: str) -> dict[str, str]:
    """Derive `rows_of_key` and `rows_of_rank`, how many rows have the rank of a row in the list that `columns` name."""
    return counted(table) | {"rows_of_rank": rows_of(*columns, "rank")}


def tallies(*columns: str) -> tuple[Expectation, ...]:
    """Columns that count something are always there, from 0 on."""
    return tuple(not_null(column) for column in columns) + tuple(between(column, 0) for column in columns)


def rows_of(*columns: str) -> str:
    """SQL: how many rows have the same values in `columns`."""
    return f"count(*) OVER (PARTITION BY {', '.join(columns)})"
