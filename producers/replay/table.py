"""The table of all rows of a recording, in a database of its own: what was loaded, to be asked and put in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lakehouse.events import CONTROLS, EDGES, NO_IDS
from producers.replay import delimited
from producers.replay.database import execute
from producers.replay.numbers import NUMBER_SQL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb

FETCHED_ROWS = 10_000


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


class Rows:
    """All rows of a recording: the table `rows` (file, line, fault, text, v0, ...) of `database`, which it makes.

    Parameters
    ----------
    values : int
        How many values (`v0`, `v1`, ...) of each row are columns of text.
    """

    def __init__(self, database: duckdb.DuckDBPyConnection, values: int) -> None:
        self._database = database
        columns = "".join(f", v{number} VARCHAR" for number in range(values))
        database.execute(_MACROS)
        database.execute(f"CREATE TABLE rows (file INTEGER, line BIGINT, fault VARCHAR, text VARCHAR{columns})")

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Ask the database something whose answer is small."""
        return execute(self._database, sql, parameters or {}).fetchall()

    def broken(self, fault: str) -> tuple[int, int] | None:
        """How many rows have a fault, and the line of the first; None if none has."""
        ((count, line),) = self.query("SELECT count(*), min(line) FROM rows WHERE fault = $fault", {"fault": fault})
        return (count, line) if count else None

    def in_order(self, sql: str, parameters: Mapping[str, object] | None = None) -> Iterator[Row]:
        """Yield the rows of a query with the fields of `Row`, by time and then content; those without time last."""
        ordered = f"SELECT text, ms, fault, file FROM ({sql}) ORDER BY ms NULLS LAST, text, file"  # noqa: S608
        execute(self._database, ordered, parameters or {})
        while batch := self._database.fetchmany(FETCHED_ROWS):
            yield from map(Row._make, batch)
