"""Loading: every row of the files of a recording into one table, as JSON text beside the values that are wanted."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from producers.replay import delimited, files, objects, parquet
from producers.replay.database import execute, literal, named, open_database
from producers.replay.table import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb

    from producers.replay.mapping import ValuePath
    from producers.replay.recorded import Part, Recorded


@contextmanager
def loaded(recorded: Recorded, paths: Sequence[ValuePath] = (), zone: str = "UTC") -> Iterator[Rows]:
    """Read every row, so that they can be looked at and put in order.

    Parameters
    ----------
    paths : sequence of paths
        The values, each by its column and the keys within it, that are wanted as columns `v0`, `v1`, ... of text.
    zone : str
        Zone of times that name none.

    Raises
    ------
    InputFileError
        A file turns out to be damaged.
    """
    with open_database(recorded.path, zone) as database:
        rows = Rows(database, len(paths))
        for number, part in enumerate(recorded.parts):
            with named(part.path):
                _load(database, number, part, paths)
        yield rows


def _load(database: duckdb.DuckDBPyConnection, number: int, part: Part, paths: Sequence[ValuePath]) -> None:
    if part.format == "parquet":
        records, parameters = parquet.objects_of(database, part.path)
        source = f"SELECT NULL AS line, c0, {_within('c0', paths)} AS v FROM ({records})"  # noqa: S608
        _insert(database, number, source, f"NULL, c0{_values(paths)}", parameters)
        return
    with files.text_of(part.path, part.encoding) as text:
        if part.dialect:
            row = _csv_row(part.columns, paths)
            for rows in delimited.batches(files.lines_of(text), part.dialect):
                _insert_rows(database, number, rows.lines, rows.columns, row)
                _insert_broken(database, number, rows.broken)
            return
        by_line = objects.is_by_line(files.first_lines(text))
    is_object = "json_valid(c0) AND json_type(c0) = 'OBJECT'"
    judged = f"SELECT *, CASE WHEN {is_object} THEN NULL ELSE '{objects.NO_OBJECT}' END AS fault FROM batch"  # noqa: S608
    source = f"SELECT *, CASE WHEN fault IS NULL THEN {_within('c0', paths)} END AS v FROM ({judged})"  # noqa: S608
    row = f"fault, c0{_values(paths)}"
    with files.text_of(part.path, part.encoding) as text:
        for found in objects.by_line(files.lines_of(text)) if by_line else objects.by_brackets(text, part.path):
            _insert_rows(database, number, found.lines, [found.texts], row, source)
            _insert_broken(database, number, found.broken)


def _csv_row(columns: Sequence[str], paths: Sequence[ValuePath]) -> str:
    values = {name: f"nullif(c{number}, '')" for number, name in enumerate(columns)}
    wanted = "".join(f", {values.get(path[0], 'NULL') if len(path) == 1 else 'NULL'}" for path in paths)
    # What pandas writes before each row is no column of anybody's.
    named = {name: value for name, value in values.items() if name not in ("", "Unnamed: 0")}
    return f"NULL, {parquet.object_of(named)}{wanted}"


def _within(record: str, paths: Sequence[ValuePath]) -> str:
    """SQL of the values at `paths` (as JSON pointers, RFC 6901) of the object `record` (SQL), which is read once."""
    pointers = ["/" + "/".join(key.replace("~", "~0").replace("/", "~1") for key in path) for path in paths]
    return f"json_extract_string({record}, [{', '.join(map(literal, pointers))}])" if paths else "NULL"


def _values(paths: Sequence[ValuePath]) -> str:
    return "".join(f", v[{number}]" for number in range(1, len(paths) + 1))


def _insert_rows(
    database: duckdb.DuckDBPyConnection,
    number: int,
    lines: Sequence[int],
    columns: Sequence[Sequence[str]],
    row: str,
    source: str = "FROM batch",
) -> None:
    if lines:
        import pyarrow as pa

        arrays = {f"c{n}": pa.array(column, pa.string()) for n, column in enumerate(columns)}
        batch = pa.table({"line": pa.array(lines, pa.int64())} | arrays)
        _insert(database, number, source, row, {}, batch)


def _insert_broken(database: duckdb.DuckDBPyConnection, number: int, broken: Sequence[delimited.Broken]) -> None:
    if broken:
        import pyarrow as pa

        texts = [
            line.text.encode("utf-8", "surrogateescape").decode("latin-1")
            if line.reason == delimited.BYTES
            else line.text
            for line in broken
        ]
        batch = pa.table(
            {"line": [line.line for line in broken], "fault": [line.reason for line in broken], "text": texts}
        )
        sql = f"INSERT INTO rows (file, line, fault, text) SELECT {number}, line, fault, text FROM batch"  # noqa: S608
        execute(database, sql, {}, batch)


def _insert(
    database: duckdb.DuckDBPyConnection,
    number: int,
    source: str,
    row: str,
    parameters: Mapping[str, object],
    batch: Any = None,
) -> None:
    execute(database, f"INSERT INTO rows SELECT {number}, line, {row} FROM ({source})", parameters, batch)  # noqa: S608
