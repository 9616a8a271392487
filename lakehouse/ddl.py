"""DDL: the statements that make a table of the catalogue, with its comments, and what only Unity Catalog can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lakehouse.tables import Table

if TYPE_CHECKING:
    from pyspark.sql.types import StructField

PERSONAL = "personal_data"
"""Tag of columns that say who a person is, and of the tables that have one."""
IDENTITY = "reclake.identity"
"""Property that tells a table from others that were or will be made under its name.

Delta has an id as well, but says it only together with the table's size, which takes it .4 s after a write.
"""
KEPT = {"delta.logRetentionDuration": "interval 30 days", "delta.deletedFileRetentionDuration": "interval 30 days"}
"""How long the past of a table is kept: files as long as the log that names them.

By default they go after 7 days and the log after 30, and consumers in between find a log that they cannot follow.
"""
_FOLLOWED = {"delta.enableChangeDataFeed": "true", "delta.enableDeletionVectors": "true"}
_NOTES = {
    "delta.enableChangeDataFeed": "false",
    "delta.enableDeletionVectors": "false",
    "delta.autoOptimize.autoCompact": "true",
}
"""Of tables of a few rows that nobody follows: to write them anew is cheaper than to keep track of small changes.

Every run adds a file; the fiftieth write or so puts them together, so that readers open few, however long the history.
"""


def creation(name: str, table: Table, identity: str, folder: str | None) -> str:
    """Make a table: managed by Unity Catalog, or in a folder.

    Parameters
    ----------
    name : str
        Its name in SQL, quoted.
    identity : str
        What no other table has, see `IDENTITY`.
    folder : str, optional
        Where it lies; none: Unity Catalog says where, and keeps the key as well, which it does not enforce.
    """
    columns = ", ".join(map(_column, table.schema))
    key = "" if folder else f", PRIMARY KEY ({_listed(table.key)})"
    location = f" LOCATION '{literal(folder)}'" if folder else ""
    clustering = f" CLUSTER BY ({_listed(table.cluster_by)})" if table.cluster_by else ""
    kept = {**(_FOLLOWED if table.is_followed else _NOTES), **KEPT, IDENTITY: identity}
    return (
        f"CREATE TABLE IF NOT EXISTS {name} ({columns}{key}) USING delta{location}{clustering} "
        f"COMMENT '{literal(table.comment)}' TBLPROPERTIES ({properties(kept)})"
    )


def properties(values: Mapping[str, str]) -> str:
    """Properties of a table, as statements list them.

    Examples
    --------
    >>> properties({"delta.appendOnly": "true"})
    "'delta.appendOnly' = 'true'"
    """
    return ", ".join(f"'{name}' = '{value}'" for name, value in values.items())


def tagging(name: str, table: Table) -> list[str]:
    """Tag the columns that are personal data, and their table, in Unity Catalog; nothing where there are none."""
    tag = f"SET TAGS ('{PERSONAL}' = 'true')"
    columns = [f"ALTER TABLE {name} ALTER COLUMN {identifier(column)} {tag}" for column in table.personal]
    return [*columns, f"ALTER TABLE {name} {tag}"] if columns else []


def identifier(name: str) -> str:
    """Quote the name of a catalog, schema, table or column.

    Examples
    --------
    >>> identifier("day")
    '`day`'
    >>> identifier("a`b")
    '`a``b`'
    """
    return f"`{name.replace('`', '``')}`"


def literal(text: str) -> str:
    r"""What stands between the quotes of a text.

    Examples
    --------
    >>> literal("the publisher's")
    "the publisher\\'s"
    """
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _column(field: StructField) -> str:
    required = "" if field.nullable else " NOT NULL"
    comment = literal(field.metadata["comment"])
    return f"{identifier(field.name)} {field.dataType.simpleString()}{required} COMMENT '{comment}'"


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(map(identifier, columns))
