"""Expectations as light data: what has to hold of which rows, and how much it matters.

Great Expectations is not imported, so that finding nothing new costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from lakehouse.tables import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from lakehouse.changes import Versions
    from lakehouse.lake import Lakehouse

Severity = Literal["critical", "warning"]
Scope = Literal["inserted", "touched", "whole", "counted"]


@dataclass(frozen=True)
class Expectation:
    """An expectation of the Great Expectations gallery, by its type and arguments.

    Attributes
    ----------
    severity : {"critical", "warning"}
        Critical where what follows would be wrong, so that it must not run; warning where a person should look.
    """

    type: str
    kwargs: Mapping[str, Any]
    severity: Severity = "critical"

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={value}" for name, value in self.kwargs.items())
        return f"{self.type}({arguments})"


@dataclass(frozen=True)
class Counted:
    """Rows that were counted for a check, as of a version; `new` is committed once they were found good."""

    rows: DataFrame
    version: int
    new: Versions


@dataclass(frozen=True)
class Suite:
    """What is expected of a table, and of which of its rows.

    Attributes
    ----------
    scope : {"inserted", "touched", "whole", "counted"}
        `inserted`: the rows that were added, for tables that only grow. `touched`: the rows that now stand where
        something changed, for tables that are merged into (a change feed holds several images of a row that was
        updated twice). `whole`: all rows, for tables that are replaced. `counted`: the rows that `counting` makes.
    touched_by : tuple of str
        Columns whose values say where something changed; by default the table's key.
    part : str
        Which of several suites of the table this is.
    gate : str
        Whose suite this is, of a table that two gates look at: each notes by itself what it has seen.
    counting : callable, optional
        Makes the rows, or none when there is nothing new to count.
    derived : mapping of str to str
        Columns that the rows get before they are checked, as SQL over the table's own. Counts over a window are
        here, so that all expectations of a table are one Spark job or two.
    """

    table: Table
    expectations: tuple[Expectation, ...]
    scope: Scope
    touched_by: tuple[str, ...] = ()
    part: str = ""
    gate: str = ""
    counting: Callable[[Lakehouse], Counted | None] | None = None
    derived: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What results and pages call it."""
        return f"{self.table}.{self.part}" if self.part else str(self.table)


def warning(expectation: Expectation) -> Expectation:
    """The same expectation, which a person should look at but nothing waits for."""
    return Expectation(expectation.type, expectation.kwargs, "warning")


def not_null(column: str, mostly: float | None = None) -> Expectation:
    """No null in a column, or at least the share `mostly` (0 to 1) without."""
    return _of_column("expect_column_values_to_not_be_null", column, mostly=mostly)


def between(
    column: str, low: float | None = None, high: float | None = None, mostly: float | None = None
) -> Expectation:
    """Values from `low` to `high`, both included; null is ignored, NaN is above everything."""
    return _of_column("expect_column_values_to_be_between", column, min_value=low, max_value=high, mostly=mostly)


def in_set(column: str, *values: str | bool) -> Expectation:
    """Values are among `values`; null is ignored."""
    return _of_column("expect_column_values_to_be_in_set", column, value_set=list(values))


def matching(column: str, regex: str, mostly: float | None = None) -> Expectation:
    """Values match a regular expression; null is ignored."""
    return _of_column("expect_column_values_to_match_regex", column, regex=regex, mostly=mostly)


def maximum(column: str, high: float) -> Expectation:
    """The greatest value is at most `high`; unlike `between`, a failure says what it was."""
    return _of_column("expect_column_max_to_be_between", column, max_value=high)


def single_valued(column: str) -> Expectation:
    """All rows have the same value."""
    return _of_column("expect_column_unique_value_count_to_be_between", column, min_value=1, max_value=1)


def at_most_one_value(column: str) -> Expectation:
    """All rows have the same value, if there are rows."""
    return _of_column("expect_column_unique_value_count_to_be_between", column, max_value=1)


def not_empty() -> Expectation:
    """There is at least one row."""
    return Expectation("expect_table_row_count_to_be_between", {"min_value": 1})


def _of_column(kind: str, column: str, **arguments: Any) -> Expectation:
    given = {name: value for name, value in arguments.items() if value is not None}
    return Expectation(kind, {"column": column, **given})
