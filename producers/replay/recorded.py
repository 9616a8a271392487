"""Recorded files: the rows of CSV, JSON or Parquet files as JSON text, in one time order, not loaded whole."""

from __future__ import annotations

import gzip
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import duckdb

from lakehouse.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

Format = Literal["csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

MEMORY_LIMIT = "1GB"
BATCH_ROWS = 10_000
HEAD_BYTES = 65_536
SAMPLE_LINES = 10_000
"""Lines of a JSON file that are looked at to learn its columns."""

_EXTENSIONS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_COMPRESSIONS = (".gz", ".zst")

# A JSON line is read as a CSV line of one column: this separator cannot be inside valid JSON.
_LINES = """
    SELECT line AS text FROM read_csv(
        $path, columns = {'line': 'VARCHAR'}, delim = chr(31), quote = '', escape = '', header = false,
        auto_detect = false, store_rejects = true
    ) WHERE trim(line) <> ''
"""
_ARRAY = "SELECT json::VARCHAR AS text FROM read_json_objects($path, format = 'array', maximum_object_size = 67108864)"
_CSV = """read_csv(
    $path, all_varchar = true, header = true, delim = $delimiter, quote = '"', escape = '"', comment = '', skip = 0,
    store_rejects = true, hive_partitioning = false
)"""
_PARQUET = "read_parquet($path, hive_partitioning = false)"
_REJECTED = "SELECT csv_line FROM reject_errors GROUP BY scan_id, file_id, line, csv_line ORDER BY csv_line"

# Years 1 to 9999: what a timestamp can say.
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999
# A number of this size or more is milliseconds; as seconds it would be the year 5138.
_MILLISECONDS_FROM = 1e11
_IN_TIME_ORDER = f"""
    WITH timed AS (
        SELECT text, CASE WHEN json_valid(text) THEN json_extract_string(text, $time) END AS ts FROM ({{rows}})
    ), measured AS (
        SELECT text, ts, try_cast(ts AS DOUBLE) AS number FROM timed
    ), placed AS (
        SELECT text, CASE
            WHEN number IS NULL THEN epoch_ms(try_cast(ts AS TIMESTAMPTZ))
            WHEN NOT isfinite(number) OR abs(number) > {_LAST_MS} THEN NULL
            WHEN abs(number) < {_MILLISECONDS_FROM} THEN round(number * 1000)::BIGINT
            ELSE round(number)::BIGINT
        END AS ms FROM measured
    ), possible AS (
        SELECT text, CASE WHEN ms BETWEEN {_FIRST_MS} AND {_LAST_MS} THEN ms END AS ms FROM placed
    )
    SELECT text, ms FROM possible ORDER BY ms NULLS LAST, text
"""  # noqa: S608 (constants of this module only)


class Row(NamedTuple):
    """One row.

    Attributes
    ----------
    text : str
        A JSON object of the row's columns; the line as it was if it is not readable as a row.
    milliseconds : int or None
        Its time since 1970; None if it has none that can be understood.
    """

    text: str
    milliseconds: int | None


@dataclass(frozen=True)
class Part:
    """Files with the same format and columns, that one query reads.

    Attributes
    ----------
    query : str
        SQL whose column `text` holds the rows.
    parameters : dict of str to list of str
        The query's parameter, whose name no other part has: the paths.
    """

    paths: tuple[Path, ...]
    columns: tuple[str, ...]
    query: str
    parameters: dict[str, list[str]]
    keeps_rejects: bool


@dataclass(frozen=True)
class Recorded:
    """A file or a folder of files that can be read; make it with `open_recorded`."""

    path: Path
    parts: tuple[Part, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that any of the files has."""
        return tuple(dict.fromkeys(column for part in self.parts for column in part.columns))

    def rows(self, time_column: str | None = None) -> Iterator[Row]:
        """Yield every row, sorted by time and then by content, those without time last; sorting may spill to disk.

        The time is a number (seconds or milliseconds since 1970) or ISO-8601 text; without an offset it is UTC.

        Raises
        ------
        InputFileError
            A file turns out to be damaged.
        """
        rows = " UNION ALL ".join(f"({part.query})" for part in self.parts)
        parameters: dict[str, object] = {"time": _pointer(time_column or "")}
        for part in self.parts:
            parameters |= part.parameters
        with _database(self.path) as database:
            _execute(database, _IN_TIME_ORDER.format(rows=rows), parameters)
            while batch := database.fetchmany(BATCH_ROWS):
                yield from map(Row._make, batch)
            if any(part.keeps_rejects for part in self.parts):
                # Lines with too few or too many fields, or bytes that are no text.
                database.execute(_REJECTED)
                for (line,) in database.fetchall():
                    yield Row(line or "", None)

    def require(self, columns: dict[str, str], hint: str) -> None:
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
                raise InputFileError(f"{part.paths[0]} has no column {lacking}; it has {had}. {hint}")


def open_recorded(path: Path, file_format: Format | None = None) -> Recorded:
    """Find out how to read a file, or all files of a folder, and which columns they have.

    Parameters
    ----------
    path : Path
        Of a folder, the files with a known extension are read, or with `file_format` all; not hidden ones, nor
        empty ones, nor those of folders inside.
    file_format : {"csv", "json", "parquet"}, optional
        None: by the extension; `.gz` and `.zst` may follow it. JSON is one object per line, or an array of objects.

    Raises
    ------
    InputFileError
        A file is missing, empty, not readable, or of an unknown format.
    """
    files = _chunks(path, file_format) if path.is_dir() else [path]
    kinds: dict[_Kind, list[Path]] = {}
    with _database(path) as database:
        for file in files:
            kinds.setdefault(_kind(database, file, file_format), []).append(file)
        parts = [_part(database, f"path{number}", *kind) for number, kind in enumerate(kinds.items())]
    return Recorded(path, tuple(parts))


class _Kind(NamedTuple):
    """Files of one kind can be read by one query: SQL of their rows or records, and what tells their columns."""

    source: str
    header: str = ""


def _chunks(folder: Path, file_format: Format | None) -> list[Path]:
    try:
        chunks = [
            file
            for file in sorted(folder.iterdir())
            if not file.name.startswith((".", "_"))
            and (file_format or _extension(file) in _EXTENSIONS)
            and file.is_file()
            and file.stat().st_size
        ]
    except OSError as error:
        raise InputFileError(f"{folder} cannot be read: {error}. Check the path and its permissions.") from None
    if not chunks:
        raise InputFileError(
            f"The folder {folder} has no file of records: none that ends in {', '.join(_EXTENSIONS)} and is not empty. "
            "Check the path, or give one file."
        )
    return chunks


def _kind(database: duckdb.DuckDBPyConnection, path: Path, file_format: Format | None) -> _Kind:
    head = _head(path)
    file_format = file_format or _format_of(path)
    if file_format == "json":
        return _Kind(_ARRAY if re.match(r"\s*\[\s*[{\]]", head) else _LINES)
    if file_format == "csv":
        # The end of the line counts too: DuckDB learns from the first file how lines end.
        line = head.split("\n", 1)[0]
        delimiter = max(",;\t|", key=line.count)
        return _Kind(_CSV.replace("$delimiter", f"'{delimiter}'"), line)
    described = _execute(database, f"DESCRIBE FROM {_PARQUET}", {"path": _patterns([path])}).fetchall()
    return _Kind(_PARQUET, str([(name, kind) for name, kind, *_ in described]))


def _part(database: duckdb.DuckDBPyConnection, parameter: str, kind: _Kind, paths: list[Path]) -> Part:
    source = kind.source.replace("$path", f"${parameter}")
    parameters = {parameter: _patterns(paths)}
    if kind.source in (_LINES, _ARRAY):
        columns = _json_columns(database, source, parameters)
        return Part(tuple(paths), columns, source, parameters, kind.source == _LINES)
    described = _execute(database, f"SELECT * FROM {source} LIMIT 0", parameters).description or []  # noqa: S608
    columns = tuple(str(column[0]) for column in described)
    # A column of the alias's name would hide the row.
    alias = "record"
    while alias in {column.lower() for column in columns}:
        alias += "_"
    query = f"SELECT to_json({alias})::VARCHAR AS text FROM {source} AS {alias}"  # noqa: S608
    return Part(tuple(paths), columns, query, parameters, kind.source != _PARQUET)


def _patterns(paths: Iterable[Path]) -> list[str]:
    """Write paths as DuckDB takes them, for patterns: brackets make special characters plain."""
    return [re.sub(r"([*?\[])", r"[\1]", str(path.absolute())) for path in paths]


def _head(path: Path) -> str:
    try:
        if not path.is_file():
            raise InputFileError(f"{path} is not a file or folder. Check the path.")
        with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) as unzipped:
            head = (unzipped if path.suffix == ".gz" else raw).read(HEAD_BYTES)
    except (OSError, ValueError, EOFError) as error:
        raise InputFileError(f"{path} cannot be read: {error}. Check the path and its permissions.") from None
    if not head:
        raise InputFileError(f"{path} is empty. Give a file with at least a line of column names.")
    return head.decode("utf-8-sig", "replace")


def _extension(path: Path) -> str:
    return (path.with_suffix("").suffix if path.suffix in _COMPRESSIONS else path.suffix).lower()


def _format_of(path: Path) -> Format:
    try:
        return _EXTENSIONS[_extension(path)]
    except KeyError:
        raise InputFileError(
            f"{path} has no extension that tells its format. Add `--format` with one of {', '.join(FORMATS)}."
        ) from None


def _json_columns(database: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object]) -> tuple[str, ...]:
    keys = f"""
        SELECT DISTINCT unnest(json_keys(text)) FROM (SELECT text FROM ({query}) LIMIT {SAMPLE_LINES})
        WHERE CASE WHEN json_valid(text) THEN json_type(text) = 'OBJECT' END ORDER BY ALL
    """  # noqa: S608
    return tuple(key for (key,) in _execute(database, keys, parameters).fetchall())


def _pointer(column: str) -> str:
    """Write a JSON pointer (RFC 6901) to a column, whatever characters its name has."""
    return "/" + column.replace("~", "~0").replace("/", "~1")


def _execute(
    database: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object]
) -> duckdb.DuckDBPyConnection:
    """Run a query so that Ctrl-C ends it at once; in the main thread DuckDB notices it late, or never."""
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(database.execute, query, parameters)
        try:
            return running.result()
        except KeyboardInterrupt:
            database.interrupt()
            raise


@contextmanager
def _database(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database of its own, that spills to a temporary folder; its errors name the file."""
    with (
        tempfile.TemporaryDirectory(prefix="reclake-replay-") as folder,
        duckdb.connect(
            config={"memory_limit": MEMORY_LIMIT, "temp_directory": folder, "autoinstall_known_extensions": "false"}
        ) as database,
    ):
        try:
            database.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
            yield database
        except RuntimeError as error:
            if isinstance(error.__cause__, KeyboardInterrupt):
                raise KeyboardInterrupt from None
            raise
        except duckdb.Error as error:
            reason = str(error).split("\n", 1)[0].removesuffix(".")
            raise InputFileError(f"{path} cannot be read: {reason}. Check the file, or its `--format`.") from None
