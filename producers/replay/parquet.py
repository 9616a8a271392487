"""Parquet: the columns of a file, and its rows as JSON objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from producers.replay.database import execute, literal

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

    import duckdb


def columns_of(database: duckdb.DuckDBPyConnection, path: pathlib.Path) -> tuple[str, ...]:
    """The names of a file's columns."""
    return tuple(name for name, _ in _types(database, path))


def singles_of(database: duckdb.DuckDBPyConnection, path: pathlib.Path) -> frozenset[str]:
    """The columns of floats of 32 bits."""
    return frozenset(name for name, kind in _types(database, path) if kind == "FLOAT")


def objects_of(database: duckdb.DuckDBPyConnection, path: pathlib.Path) -> tuple[str, Mapping[str, object]]:
    """SQL of a file's rows as JSON objects `c0`, and its parameters."""
    record = object_of({name: _value(column, kind) for name, column, kind in _columns(database, path)})
    return (
        f"SELECT {record} AS c0 FROM read_parquet($path, hive_partitioning = false)",  # noqa: S608
        {"path": _pattern(path)},
    )


def object_of(values: Mapping[str, str]) -> str:
    """SQL of the JSON object of values (name to SQL)."""
    return "json_object(" + ", ".join(f"{literal(name)}, {value}" for name, value in values.items()) + ")::VARCHAR"


def _types(database: duckdb.DuckDBPyConnection, path: pathlib.Path) -> list[tuple[str, str]]:
    described = execute(
        database, "DESCRIBE FROM read_parquet($path, hive_partitioning = false)", {"path": _pattern(path)}
    )
    return [(str(name), str(kind)) for name, kind, *_ in described.fetchall()]


def _columns(database: duckdb.DuckDBPyConnection, path: pathlib.Path) -> list[tuple[str, str, str]]:
    return [(name, '"' + name.replace('"', '""') + '"', kind) for name, kind in _types(database, path)]


def _value(column: str, kind: str) -> str:
    """SQL of a Parquet value as JSON can say it: text kept as bytes is text, NaN and infinity are nothing."""
    if kind == "BLOB":
        return f"try(decode({column}))"
    return f"CASE WHEN isfinite({column}) THEN {column} END" if kind in ("DOUBLE", "FLOAT") else column


def _pattern(path: pathlib.Path) -> str:
    """Write a path as DuckDB takes it, for a pattern: brackets make special characters plain."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in str(path.absolute()))
