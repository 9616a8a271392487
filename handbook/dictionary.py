"""The page of the data dictionary: every table of `lakehouse/tables/` with its columns."""

from __future__ import annotations

from collections.abc import Iterator

from handbook.markdown import cell, table
from lakehouse import tables
from lakehouse.tables import Table

_INTRODUCTION = """\
# Data dictionary

Every table of the catalogue. In Unity Catalog these comments stand on the tables and columns themselves, the key is an
informational primary key, and what is marked *personal* has the tag `personal_data`, as has its table.
"""
_LAYERS = {
    "bronze": "what came in, as it came",
    "silver": "typed, deduplicated and correct, and what was refused",
    "gold": "learned and aggregated",
    "ops": "how the lakehouse itself is doing",
}


def page() -> str:
    """The page in Markdown."""
    return "\n".join([_INTRODUCTION, *_layers()])


def _layers() -> Iterator[str]:
    for layer, what in _LAYERS.items():
        yield f"## {layer}: {what}\n"
        for one in tables.ALL:
            if one.layer == layer:
                yield _shown(one)


def _shown(one: Table) -> str:
    rows = [
        [
            f"`{field.name}`",
            cell(field.dataType.simpleString()),
            _marks(one, field.name),
            cell(field.metadata["comment"]),
        ]
        for field in one.schema
    ]
    clustered = f" Clustered by {', '.join(f'`{column}`' for column in one.cluster_by)}." if one.cluster_by else ""
    return f"### {one}\n\n{one.comment}{clustered}\n\n" + table(["column", "type", "", "what it is"], rows)


def _marks(one: Table, column: str) -> str:
    marks = ["key"] if column in one.key else []
    return ", ".join([*marks, "*personal*"] if column in one.personal else marks)
