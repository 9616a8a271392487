"""Recorded files: the rows of CSV, JSON or Parquet files as JSON text, in one time order, not held in memory."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

from lakehouse.errors import InputFileError
from lakehouse.events import CONTROLS, EDGES, NO_IDS
from producers.replay import delimited, files, objects
from producers.replay.numbers import NUMBER_SQL
from producers.replay.vocabulary import dataset_of

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator, Mapping, Sequence

    from producers.replay.files import Format
    from producers.replay.vocabulary import Dataset

ValuePath = tuple[str, ...]
"""A column, and the keys of objects within objects that lead to a value."""

MEMORY_LIMIT = "1GB"
FETCHED_ROWS = 10_000
SAMPLE_OBJECTS = 2_000
"""Objects of a JSON file that are looked at to learn its columns."""


def _any_of(characters: str) -> str:
    return "[" + "".join(f"\\x{{{ord(character):x}}}" for character in characters) + "]"


# Twins of `lakehouse.events.identifier` and `numbers.number_of`, for looking at many rows at once. What has only
# characters that are seen is as it is, which saves most of the work.
_MACROS = f"""
    CREATE MACRO seen_in(x) AS CASE WHEN regexp_matches(x, '[^!-~]') THEN regexp_replace(
        regexp_replace(x, '{_any_of(CONTROLS)}', '', 'g'), '^{_any_of(EDGES)}+|{_any_of(EDGES)}+$', '', 'g'
    ) ELSE x END;
    CREATE MACRO id_in(x) AS CASE WHEN lower(seen_in(x)) NOT IN ({", ".join(f"'{word}'" for word in sorted(NO_IDS))})
        THEN seen_in(x) END;
    CREATE MACRO number_in(x) AS CASE WHEN isfinite({NUMBER_SQL}) THEN {NUMBER_SQL} END;
"""


class Row(NamedTuple):
    """One row.

    Attributes
    ----------
    text : str
        A JSON object of the row's columns; the line as it was if it is not readable as a row.
    milliseconds : int or None
        Its time since 1970; None if it has none that can be understood.
    fault : str or None
        Why it is not readable as a row.
    file : int
        The number of its file.
    """

    text: str
    milliseconds: int | None = None
    fault: str | None = None
    file: int = 0

    @property
    def raw(self) -> bytes:
        """The bytes of a line that is no row."""
        return self.text.encode("latin-1" if self.fault == delimited.BYTES else "utf-8")


@dataclass(frozen=True)
class Part:
    """One file, and how it is to be read."""

    path: pathlib.Path
    format: Format
    columns: tuple[str, ...]
    encoding: str = "utf-8"
    dialect: delimited.Dialect | None = None
    dataset: Dataset | None = None


@dataclass(frozen=True)
class Recorded:
    """A file or a folder of files that can be read; make it with `open_recorded`.

    Attributes
    ----------
    left : tuple of Path
        Files of the folder that are not read.
    """

    path: pathlib.Path
    parts: tuple[Part, ...]
    left: tuple[pathlib.Path, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that any of the files has."""
        return tuple(dict.fromkeys(column for part in self.parts for column in part.columns))

    @property
    def dataset(self) -> Dataset | None:
        """The data set that all files are of."""
        found = {part.dataset and part.dataset.files for part in self.parts}
        return self.parts[0].dataset if len(found) == 1 else None

    def require(self, columns: Mapping[str, str], hint: str) -> None:
        """Make sure that every file has `columns` (field to column).

        Raises
        ------
        InputFileError
            One lacks some; the message lists what it has, and `hint` says what to do.
        """
        for part in self.parts:
            missing = {field: column for field, column in columns.items() if column not in part.columns}
            if missing:
                lacking = ", ".join(
                    repr(column) if field == column else f"{column!r} (for {field})"
                    for field, column in missing.items()
                )
                had = ", ".join(map(repr, part.columns)) or "none"
                first_line = " If its first line names no columns, give `--columns a,b,c`." if part.dialect else ""
                raise InputFileError(f"{part.path} has no column {lacking}; it has {had}. {hint}{first_line}")

    @contextmanager
    def loaded(self, paths: Sequence[ValuePath] = (), zone: str = "UTC") -> Iterator[Rows]:
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
        with _database(self.path, zone) as database:
            database.execute(_MACROS)
            values = "".join(f", v{number} VARCHAR" for number in range(len(paths)))
            database.execute(f"CREATE TABLE rows (file INTEGER, line BIGINT, fault VARCHAR, text VARCHAR{values})")
            for number, part in enumerate(self.parts):
                with _named(part.path):
                    _load(database, number, part, paths)
            yield Rows(database)


class Rows:
    """All rows of a recording: the table `rows` (file, line, fault, text, v0, ...) of a database of their own."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database = database

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Ask the database something whose answer is small."""
        return _execute(self._database, sql, parameters or {}).fetchall()

    def broken(self, fault: str) -> tuple[int, int] | None:
        """How many rows have a fault, and the line of the first; None if none has."""
        ((count, line),) = self.query("SELECT count(*), min(line) FROM rows WHERE fault = $fault", {"fault": fault})
        return (count, line) if count else None

    def in_order(self, sql: str, parameters: Mapping[str, object] | None = None) -> Iterator[Row]:
        """Yield the rows of a query with the fields of `Row`, by time and then content; those without time last."""
        ordered = f"SELECT text, ms, fault, file FROM ({sql}) ORDER BY ms NULLS LAST, text, file"  # noqa: S608
        _execute(self._database, ordered, parameters or {})
        while batch := self._database.fetchmany(FETCHED_ROWS):
            yield from map(Row._make, batch)


def open_recorded(
    path: pathlib.Path,
    file_format: Format | None = None,
    columns: Sequence[str] | None = None,
    encoding: str | None = None,
) -> Recorded:
    """Find out how to read a file, or all files of a folder, and which columns they have.

    Parameters
    ----------
    path : Path
        Of a folder, the files with a known extension are read, or with `file_format` all; not hidden ones, nor
        empty ones, nor those of folders inside.
    file_format : {"csv", "json", "parquet"}, optional
        None: by the extension, before that of a compression. JSON is one object per line, or an array of objects.
    columns : sequence of str, optional
        What the columns of CSV files are called, for those whose first line does not say it.
    encoding : str, optional
        Of CSV and JSON; None: UTF-8, or UTF-16 if it looks like it.

    Raises
    ------
    InputFileError
        A file is missing, empty, not readable, or of an unknown format.
    """
    taken, left = files.chunks(path, file_format) if path.is_dir() else ([path], [])
    parts = [_part(file, file_format, columns, encoding) for file in taken]
    return Recorded(path, tuple(parts), tuple(left))


def _part(path: pathlib.Path, file_format: Format | None, columns: Sequence[str] | None, encoding: str | None) -> Part:
    head = files.head_of(path)
    file_format = file_format or files.format_of(path)
    if file_format == "parquet":
        with _named(path), _database(path) as database:
            return Part(path, "parquet", tuple(name for name, _ in _types(database, path)))
    dataset = dataset_of(path) if columns is None and file_format == "csv" else None
    encoding = files.encoding_of(head, encoding)
    if dataset and dataset.encoding and not _is_utf8(path):
        encoding = dataset.encoding
    with files.text_of(path, encoding) as text:
        if file_format == "csv":
            dialect = delimited.dialect_of(_first_lines(text), dataset.columns if dataset else columns)
            return Part(path, "csv", dialect.columns, encoding, dialect, dataset)
        by_line = objects.is_by_line(_first_lines(text))
    with files.text_of(path, encoding) as text:
        found = objects.by_line(text) if by_line else objects.by_brackets(text, path)
        texts = (each for batch in found for each in batch.texts)
        sample = (objects.decoded(each) or {} for each in islice(texts, SAMPLE_OBJECTS))
        return Part(path, "json", tuple(dict.fromkeys(key for each in sample for key in each)), encoding)


def _first_lines(text: Any) -> str:
    return str(text.read(files.HEAD_BYTES))


def _is_utf8(path: pathlib.Path) -> bool:
    with files.text_of(path, "utf-8") as text:
        return all(map(files.is_text, text))


def _load(database: duckdb.DuckDBPyConnection, number: int, part: Part, paths: Sequence[ValuePath]) -> None:
    if part.format == "parquet":
        record = _object({name: _value(column, kind) for name, column, kind in _columns(database, part.path)})
        records = f"SELECT {record} AS c0 FROM read_parquet($path, hive_partitioning = false)"  # noqa: S608
        source = f"SELECT NULL AS line, c0, {_within('c0', paths)} AS v FROM ({records})"  # noqa: S608
        _insert(database, number, source, f"NULL, c0{_values(paths)}", {"path": _pattern(part.path)})
        return
    with files.text_of(part.path, part.encoding) as text:
        if part.dialect:
            row = _csv_row(part.columns, paths)
            for rows in delimited.batches(text, part.dialect):
                _insert_rows(database, number, rows.lines, rows.columns, row)
                _insert_broken(database, number, rows.broken)
            return
        by_line = objects.is_by_line(_first_lines(text))
    is_object = "json_valid(c0) AND json_type(c0) = 'OBJECT'"
    judged = f"SELECT *, CASE WHEN {is_object} THEN NULL ELSE '{objects.NO_OBJECT}' END AS fault FROM batch"  # noqa: S608
    source = f"SELECT *, CASE WHEN fault IS NULL THEN {_within('c0', paths)} END AS v FROM ({judged})"  # noqa: S608
    row = f"fault, c0{_values(paths)}"
    with files.text_of(part.path, part.encoding) as text:
        for found in objects.by_line(text) if by_line else objects.by_brackets(text, part.path):
            _insert_rows(database, number, found.lines, [found.texts], row, source)
            _insert_broken(database, number, found.broken)


def _csv_row(columns: Sequence[str], paths: Sequence[ValuePath]) -> str:
    values = {name: f"nullif(c{number}, '')" for number, name in enumerate(columns)}
    wanted = "".join(f", {values.get(path[0], 'NULL') if len(path) == 1 else 'NULL'}" for path in paths)
    # What pandas writes before each row is no column of anybody's.
    named = {name: value for name, value in values.items() if name not in ("", "Unnamed: 0")}
    return f"NULL, {_object(named)}{wanted}"


def _within(record: str, paths: Sequence[ValuePath]) -> str:
    """SQL of the values at `paths` (as JSON pointers, RFC 6901) of the object `record` (SQL), which is read once."""
    pointers = ["/" + "/".join(key.replace("~", "~0").replace("/", "~1") for key in path) for path in paths]
    return f"json_extract_string({record}, [{', '.join(map(_text, pointers))}])" if paths else "NULL"


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
        _execute(database, sql, {}, batch)


def _insert(
    database: duckdb.DuckDBPyConnection,
    number: int,
    source: str,
    row: str,
    parameters: Mapping[str, object],
    batch: Any = None,
) -> None:
    _execute(database, f"INSERT INTO rows SELECT {number}, line, {row} FROM ({source})", parameters, batch)  # noqa: S608


def _object(values: Mapping[str, str]) -> str:
    return "json_object(" + ", ".join(f"{_text(name)}, {value}" for name, value in values.items()) + ")::VARCHAR"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _types(database: duckdb.DuckDBPyConnection, path: pathlib.Path) -> list[tuple[str, str]]:
    described = _execute(
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


def _execute(
    database: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object], batch: Any = None
) -> duckdb.DuckDBPyConnection:
    """Run a query, also over the Arrow table `batch`, so that Ctrl-C ends it at once.

    In the main thread DuckDB notices Ctrl-C late, or never, or while it imports something.
    """

    def run() -> duckdb.DuckDBPyConnection:
        if batch is not None:
            database.register("batch", batch)
        return database.execute(query, parameters)

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(run)
        try:
            return running.result()
        except KeyboardInterrupt:
            database.interrupt()
            raise


@contextmanager
def _database(path: pathlib.Path, zone: str = "UTC") -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database of its own, that spills to a temporary folder; its errors name the file."""
    with (
        _named(path),
        tempfile.TemporaryDirectory(prefix="reclake-replay-") as folder,
        duckdb.connect(
            config={"memory_limit": MEMORY_LIMIT, "temp_directory": folder, "autoinstall_known_extensions": "false"}
        ) as database,
    ):
        database.execute(f"SET TimeZone = {_text(zone)}; SET enable_progress_bar = false")
        yield database


@contextmanager
def _named(path: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    except duckdb.Error as error:
        raise files.unreadable(path, Exception(str(error).split("\n", 1)[0].removesuffix("."))) from None
