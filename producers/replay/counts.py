"""Counts: what there is in all rows of a recording, its times, ids and events, and how many rows silver takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from producers.replay.database import literal
from producers.replay.times import Seen, seen_in
from producers.shapes import LISTENING

if TYPE_CHECKING:
    from producers.replay.recorded import Recorded
    from producers.replay.rules import Rules
    from producers.replay.said import Said
    from producers.replay.table import Rows
    from producers.replay.times import Times

EXACT, EXACT_SINGLE = 2**53, 2**24
"""Whole numbers from here on are rounded in a column of floats, and in one of floats of 32 bits."""

MOST_EVENTS = 10_000
"""Kinds of events that are looked at; a recording with more has something else in that column."""
LONGEST_EVENT = 256
"""Characters of an event that are looked at."""


class Ids(NamedTuple):
    """The ids of a field that are numbers.

    Attributes
    ----------
    is_whole : bool
        Whether they are whole numbers that are written as 31.0.
    rounded : int
        How many are too large for the column of floats that they were kept in.
    """

    is_whole: bool
    rounded: int


class Told(NamedTuple):
    """What is told of one event: rows, and the lowest and highest rating."""

    event: str | None
    rows: int
    lowest: float | None
    highest: float | None


class Count(NamedTuple):
    """Rows of a file that silver will not take for one reason, None for those that it takes; the first line; when."""

    file: int
    wrong: str | None
    rows: int
    line: int | None
    first_ms: int | None
    last_ms: int | None


def times_in(rows: Rows, said: Said) -> Seen:
    """See what times there are."""
    return Seen(*rows.query(seen_in(said.rows))[0])


def ids_in(recorded: Recorded, rows: Rows, said: Said) -> dict[str, Ids]:
    """See of each field with ids whether they are numbers that were kept as floats."""
    sources = said.mapped.sources
    return {name: _ids_of(name, recorded, rows, said) for name in said.mapped.shape.ids if name in sources}


def _ids_of(name: str, recorded: Recorded, rows: Rows, said: Said) -> Ids:
    columns = {path[0] for path in said.mapped.sources[name]}
    singles = [str(number) for number, part in enumerate(recorded.parts) if columns & part.singles]
    is_single = f"file IN ({', '.join(singles) or 'NULL'})"
    # Ids come again and again: looked at once, they cost little.
    number, is_float = "try_cast(id AS DOUBLE)", "(contains(id, '.') OR contains(lower(id), 'e'))"
    exact = f"CASE WHEN is_single THEN {EXACT_SINGLE} ELSE {EXACT} END"
    ((are_numbers, floats, inexact),) = rows.query(
        f"""
        SELECT bool_and({number} IS NOT NULL AND (NOT {is_float} OR {number} % 1 = 0)),
            count_if({is_float} AND regexp_full_match(id, '-?\\d+\\.0+')),
            count_if({is_float} AND abs({number}) >= {exact})
        FROM (
            SELECT id_in(id) AS id, is_single
            FROM (SELECT DISTINCT {said.of(name)} AS id, {is_single} AS is_single FROM rows)
        ) WHERE id IS NOT NULL
        """  # noqa: S608
    )
    return Ids(bool(are_numbers and floats), inexact if are_numbers else 0)


def events_in(rows: Rows, said: Said) -> list[Told]:
    """Count the events of each kind, the most frequent first."""
    event = said.of(said.mapped.shape.event)
    rating = said.of("rating") if said.mapped.shape is LISTENING else "NULL"
    told = rows.query(
        f"""
        SELECT event, sum(n)::BIGINT, min(number_in(rating)), max(number_in(rating)) FROM (
            SELECT left({event}, {LONGEST_EVENT}) AS event, {rating} AS rating, count(*) AS n
            FROM rows WHERE fault IS NULL GROUP BY ALL
        ) GROUP BY event ORDER BY 2 DESC, 1 LIMIT {MOST_EVENTS}
        """  # noqa: S608
    )
    return [Told(*row) for row in told]


def faults_in(rows: Rows, said: Said, times: Times, rules: Rules) -> list[Count]:
    """Count the rows of each file by why silver will not take them."""
    checks = " ".join(f"WHEN {condition} THEN {literal(wrong)}" for wrong, condition in rules.checks(said))
    return [
        Count(*row)
        for row in rows.query(
            f"""
            SELECT file, CASE WHEN fault IS NOT NULL THEN fault {checks} END AS wrong,
                count(*), min(line), min(ms), max(ms)
            FROM ({said.placed(times)}) GROUP BY ALL ORDER BY file, min(line)
            """  # noqa: S608
        )
    ]
