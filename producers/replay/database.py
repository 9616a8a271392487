"""A DuckDB database that is made for one reading, spills to disk and names the file that it fails at."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb

from producers.replay import files

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator, Mapping

MEMORY_LIMIT = "1GB"


@contextmanager
def open_database(path: pathlib.Path, zone: str = "UTC") -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database of its own, that spills to a temporary folder; its errors name the file."""
    with (
        named(path),
        tempfile.TemporaryDirectory(prefix="reclake-replay-") as folder,
        duckdb.connect(
            config={"memory_limit": MEMORY_LIMIT, "temp_directory": folder, "autoinstall_known_extensions": "false"}
        ) as database,
    ):
        database.execute(f"SET TimeZone = {literal(zone)}; SET enable_progress_bar = false")
        yield database


@contextmanager
def named(path: pathlib.Path) -> Iterator[None]:
    """Say of a failure of DuckDB which file it is about.

    Raises
    ------
    InputFileError
        DuckDB failed.
    """
    try:
        yield
    except RuntimeError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
    except duckdb.Error as error:
        raise files.unreadable(path, error) from None


def execute(
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


def literal(text: str) -> str:
    """Write text as SQL, whose parser takes a NUL for its end."""
    return " || chr(0) || ".join("'" + part.replace("'", "''") + "'" for part in text.split("\0"))
