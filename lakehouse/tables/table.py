"""The type of a table: its layer, name, columns, key and clustering, and the types of columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

Layer = Literal["bronze", "silver", "gold", "ops"]

STRING, INT, LONG, DOUBLE = StringType(), IntegerType(), LongType(), DoubleType()
DATE, TIMESTAMP, BINARY, BOOLEAN = DateType(), TimestampType(), BinaryType(), BooleanType()
ENGAGEMENT = DecimalType(18, 6)
"""Weights are decimals, so that their sums do not depend on the order of addition."""
ENGAGEMENT_SUM = DecimalType(28, 6)
MONEY, MONEY_SUM = DecimalType(18, 2), DecimalType(28, 2)
"""Amounts are decimals for the same reason; they are in the currency of the shop."""
VECTOR = ArrayType(FloatType())


class Columns:
    """A table's column names as attributes, so that a misspelt one fails at once.

    Examples
    --------
    >>> from lakehouse import tables
    >>> tables.user_events.c.user_id
    'user_id'
    """

    def __init__(self, schema: StructType) -> None:
        self._names = frozenset(schema.names)

    def __getattr__(self, name: str) -> str:
        if name.startswith("_") or name not in self._names:
            raise AttributeError(name)
        return name


@dataclass(frozen=True)
class Table:
    """A Delta table of the lakehouse.

    Attributes
    ----------
    key : tuple of str
        Columns that identify a row; writes are idempotent on them.
    cluster_by : tuple of str
        Liquid clustering columns; the first one also prunes merges: its values, or its range, in the written rows
        become a literal predicate, so that a merge reads what it touches and not the table.
    """

    layer: Layer
    name: str
    schema: StructType
    key: tuple[str, ...]
    cluster_by: tuple[str, ...] = ()

    @property
    def c(self) -> Columns:
        """The column names."""
        return Columns(self.schema)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns beyond the key."""
        return tuple(name for name in self.schema.names if name not in self.key)

    def __str__(self) -> str:
        return f"{self.layer}.{self.name}"


def table(
    layer: Layer,
    name: str,
    key: Sequence[tuple[str, DataType, str]],
    values: Sequence[tuple[str, DataType, str]],
    cluster_by: tuple[str, ...] = (),
) -> Table:
    """Declare a table by its columns: name, type and comment of each; those of the key are never null."""
    required = [StructField(column, kind, False, {"comment": comment}) for column, kind, comment in key]
    optional = [StructField(column, kind, True, {"comment": comment}) for column, kind, comment in values]
    return Table(layer, name, StructType(required + optional), tuple(column for column, _, _ in key), cluster_by)
