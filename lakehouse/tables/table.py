"""The type of a table: its layer, name, columns, key and clustering, and the types of columns.

Types are said as Spark says them in JSON, so that whoever needs only names, such as the dashboard, needs no Spark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

Layer = Literal["bronze", "silver", "gold", "ops"]
Kind = str | dict[str, Any]
"""The type of a column: a name, or what `array`, `mapping` and `struct` return."""
Column = tuple[str, Kind, str]
"""Name, type and comment."""

STRING, INT, LONG, DOUBLE = "string", "integer", "long", "double"
DATE, TIMESTAMP, BINARY, BOOLEAN = "date", "timestamp", "binary", "boolean"
ENGAGEMENT = "decimal(18,6)"
"""Weights are decimals, so that their sums do not depend on the order of addition."""
ENGAGEMENT_SUM = "decimal(28,6)"
MONEY, MONEY_SUM = "decimal(18,2)", "decimal(28,2)"
"""Amounts are decimals for the same reason; they are in the currency of the shop."""


def array(element: Kind) -> Kind:
    """A list of values of one type."""
    return {"type": "array", "elementType": element, "containsNull": True}


def mapping(key: Kind, value: Kind) -> Kind:
    """A mapping from keys to values."""
    return {"type": "map", "keyType": key, "valueType": value, "valueContainsNull": True}


def struct(*fields: tuple[str, Kind]) -> Kind:
    """Fields of a name and a type each."""
    return {"type": "struct", "fields": [_field(name, kind, nullable=True) for name, kind in fields]}


VECTOR = array("float")
_USER = "user_id"


class Columns:
    """A table's column names as attributes, so that a misspelt one fails at once.

    Examples
    --------
    >>> from lakehouse import tables
    >>> tables.user_events.c.user_id
    'user_id'
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def __getattr__(self, name: str) -> str:
        if name.startswith("_") or name not in self._names:
            raise AttributeError(name)
        return name


@dataclass(frozen=True)
class Table:
    """A Delta table of the lakehouse.

    Attributes
    ----------
    comment : str
        What the table holds, one sentence.
    key : tuple of str
        Columns that identify a row; they are never null, and writes are idempotent on them.
    cluster_by : tuple of str
        Liquid clustering columns; the first one also prunes merges: its values, or its range, in the written rows
        become a literal predicate, so that a merge reads what it touches and not the table.
    personal : tuple of str
        Columns that say who a person is, or may.
    is_followed : bool
        Whether consumers ask what changed in it.
    """

    layer: Layer
    name: str
    comment: str = field(compare=False)
    key: tuple[str, ...]
    columns: tuple[Column, ...] = field(compare=False)
    cluster_by: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    is_followed: bool = True

    @property
    def c(self) -> Columns:
        """The column names as attributes."""
        return Columns(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, those of the key first."""
        return tuple(name for name, _, _ in self.columns)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns beyond the key."""
        return self.names[len(self.key) :]

    @cached_property
    def schema(self) -> StructType:
        """The columns as Spark has them, with their comments."""
        from pyspark.sql.types import StructType

        fields = [_field(name, kind, name not in self.key, comment=comment) for name, kind, comment in self.columns]
        return StructType.fromJson({"fields": fields})

    def __str__(self) -> str:
        return f"{self.layer}.{self.name}"


def table(
    layer: Layer,
    name: str,
    comment: str,
    key: Sequence[Column],
    values: Sequence[Column],
    cluster_by: tuple[str, ...] = (),
    personal: tuple[str, ...] = (),
    is_followed: bool | None = None,
) -> Table:
    """Declare a table by the columns of its key and those beyond.

    `user_id` is personal wherever it is, and nobody follows tables of `ops` unless it is said.
    """
    columns = (*key, *values)
    named = tuple(column for column, _, _ in columns if column == _USER or column in personal)
    followed = layer != "ops" if is_followed is None else is_followed
    return Table(layer, name, comment, tuple(column for column, _, _ in key), columns, cluster_by, named, followed)


def _field(name: str, kind: Kind, nullable: bool, **metadata: str) -> dict[str, Any]:
    return {"name": name, "type": kind, "nullable": nullable, "metadata": metadata}
