"""The survey: what a recording says as a whole, so that nothing is sent that will not be understood unless it is said.

It looks at all rows before the first one is sent: which events, ratings, times and ids there are, how they are to be
understood, and which rows silver will not take.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from lakehouse.errors import InputFileError
from lakehouse.events import CLICK_EVENTS, HIGHEST_AMOUNT, LISTENING_EVENTS, LONGEST_PAUSE_SECONDS
from producers.replay import delimited
from producers.replay.mapping import said_by
from producers.replay.numbers import OURS, Scale
from producers.replay.rows import Understanding
from producers.replay.times import Seen, Times, seen_in
from producers.replay.vocabulary import LEFT_OUT, MOVIELENS_COMPLETE_FROM, meanings, plain
from producers.shapes import LISTENING, EventShape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from producers.replay.mapping import Mapped
    from producers.replay.options import Options
    from producers.replay.recorded import Recorded, Rows

CLOCK_MS = 3_600_000
"""How far after the time of sending an event may be, for silver."""
EXACT = 2**53
"""Whole numbers from here on are rounded in a column of floats."""

NO_TIME = "a time that is not understood"
EARLY, LATE = "a time before 1970", "a time that is still to come"
UNKNOWN_EVENT = "an event that is not understood"
NO_RATING, BEYOND_SCALE = "`rate` without a number as rating", "a rating outside of its scale"
NO_SECONDS, ABSURD_SECONDS = "`pause` without a number of seconds", "`pause` of no possible length"
NO_NUMBER, ABSURD_AMOUNT = "a price that is no number", "a price that cannot be"
LEFT = "left out by `--map-event`"

MOST_EVENTS = 10_000
"""Kinds of events that are looked at; a recording with more has something else in that column."""
_SHOWN = 5


class Finding(NamedTuple):
    """Rows that will not be understood.

    Attributes
    ----------
    text : str
        How many, what is wrong, and the option that would help.
    is_refused : bool
        Whether nothing is sent before it is dealt with.
    """

    text: str
    is_refused: bool = False


@dataclass(frozen=True)
class Survey:
    """What a look at all rows tells.

    Attributes
    ----------
    rows : tuple of int
        The rows of each file.
    span : tuple of int or None
        First and last time, in milliseconds since 1970.
    """

    times: Times
    understood: Understanding
    rows: tuple[int, ...]
    span: tuple[int, int] | None
    findings: tuple[Finding, ...] = field(default=())

    def refuse(self, path: Path) -> None:
        """Refuse what an option would mend, before anything is sent.

        Raises
        ------
        InputFileError
            There is something of that kind; the message says how many rows, and the option.
        """
        if refused := [finding.text for finding in self.findings if finding.is_refused]:
            raise InputFileError(f"Nothing of {path} was sent: {' '.join(refused)}")


def survey(
    recorded: Recorded, rows: Rows, mapped: Mapped[EventShape], options: Options, now_ms: int | None = None
) -> Survey:
    """Look at all rows of a recording.

    Parameters
    ----------
    now_ms : int, optional
        When it will be sent, in milliseconds since 1970; None: whether silver will take the rows is not looked at.
    """
    said = Said(mapped)
    seen, whole, rounded = _times_and_ids(rows, said)
    times = Times.of(seen, options.times)
    given = options.events
    events = {**meanings(mapped.shape), **{plain(called): ours for called, ours in given.items()}, **given}
    complete_from = options.complete_from
    if complete_from is None and mapped.is_movielens:
        complete_from = MOVIELENS_COMPLETE_FROM
    understood = Understanding(events, options.scale or OURS, complete_from, whole)
    if now_ms is None:
        return Survey(times, understood, (), None)

    found = [*_about_times(seen, options), *rounded]
    told = _events(rows, said)
    found += _about_events(told, understood, mapped.shape)
    found += _about_ratings(told, understood, options)
    counts = _faults(rows, said, _Judging(times, understood, told, now_ms))
    found += _about_faults(recorded, counts, options)
    total = tuple(sum(count.rows for count in counts if count.file == file) for file in range(len(recorded.parts)))
    moments = [ms for count in counts for ms in (count.first_ms, count.last_ms) if ms is not None]
    return Survey(times, understood, total, (min(moments), max(moments)) if moments else None, tuple(found))


class Said:
    """SQL of what the rows say: `ts`, `later` (milliseconds after it) and each field of the mapping."""

    def __init__(self, mapped: Mapped[EventShape]) -> None:
        self.mapped = mapped
        found = (path for source in mapped.sources.values() for path in source)
        self.paths = tuple(dict.fromkeys(found))
        time = mapped.sources.get(mapped.shape.time, ())
        self._offset = self._at(time[1]) if len(time) == 2 else None

    @property
    def rows(self) -> str:
        """SQL of the rows, with `ts` and `later`."""
        if self._offset is None:
            return f"SELECT *, {self.of(self.mapped.shape.time)} AS ts, 0 AS later FROM rows"  # noqa: S608
        day = self._at(self.mapped.sources[self.mapped.shape.time][0])
        ts = f"CASE WHEN later IS NULL THEN concat_ws(' ', {day}, {self._offset}) ELSE {day} END"
        return f"SELECT *, {ts} AS ts FROM (SELECT *, try_cast({self._offset} AS BIGINT) AS later FROM rows)"  # noqa: S608

    def placed(self, times: Times) -> str:
        """SQL of the rows with `ms`, their time."""
        return f"SELECT * REPLACE (ms + coalesce(later, 0) AS ms) FROM ({times.placed_in(self.rows)})"  # noqa: S608

    def of(self, name: str) -> str:
        """SQL of a field's text."""
        if name in self.mapped.constants:
            return _literal(self.mapped.constants[name])
        values = [self._at(path) for path in self.mapped.sources[name]]
        return values[0] if len(values) == 1 else f"nullif(concat_ws(' ', {', '.join(values)}), '')"

    def _at(self, path: Sequence[str]) -> str:
        return f"v{self.paths.index(tuple(path))}"


def _times_and_ids(rows: Rows, said: Said) -> tuple[Seen, frozenset[str], list[Finding]]:
    """See what times there are; which ids are whole numbers that are written as 31.0, and which were rounded."""
    seen = Seen(*rows.query(seen_in(said.rows))[0])
    whole, rounded = set(), []
    for name in said.mapped.shape.ids:
        if name not in said.mapped.sources:
            continue
        # Ids come again and again: looked at once, they cost little.
        number, is_float = "try_cast(id AS DOUBLE)", "(contains(id, '.') OR contains(lower(id), 'e'))"
        ((are_numbers, floats, inexact),) = rows.query(
            f"""
            SELECT bool_and({number} IS NOT NULL AND (NOT {is_float} OR {number} % 1 = 0)),
                count_if({is_float} AND regexp_full_match(id, '-?\\d+\\.0+')),
                count_if({is_float} AND abs({number}) >= {EXACT})
            FROM (SELECT id_in(id) AS id FROM (SELECT DISTINCT {said.of(name)} AS id FROM rows)) WHERE id IS NOT NULL
            """  # noqa: S608
        )
        if are_numbers and floats:
            whole.add(name)
        if are_numbers and inexact:
            rounded.append(
                Finding(
                    f"{inexact:,} ids in {said_by(said.mapped.sources[name])!r} are as 1e+18: whole numbers that were "
                    "kept as floats and so rounded. Write ids as text or whole numbers.",
                    is_refused=True,
                )
            )
    return seen, frozenset(whole), rounded


class _Told(NamedTuple):
    """What is told of one event: rows, and the lowest and highest rating."""

    event: str | None
    rows: int
    lowest: float | None
    highest: float | None


def _events(rows: Rows, said: Said) -> list[_Told]:
    event = said.of(said.mapped.shape.event)
    rating = said.of("rating") if said.mapped.shape is LISTENING else "NULL"
    told = rows.query(
        f"""
        SELECT event, sum(n)::BIGINT, min(number_in(rating)), max(number_in(rating)) FROM (
            SELECT {event} AS event, {rating} AS rating, count(*) AS n FROM rows WHERE fault IS NULL GROUP BY ALL
        ) GROUP BY event ORDER BY 2 DESC, 1 LIMIT {MOST_EVENTS}
        """  # noqa: S608
    )
    return [_Told(*row) for row in told]


def _about_times(seen: Seen, options: Options) -> Iterator[Finding]:
    if options.times.pattern is None and seen.may_be_excel:
        yield Finding(
            f"Its times, from {seen.lowest:g} to {seen.highest:g}, may be days as Excel counts them, or seconds since "
            "1970. Say which: `--time-format excel` or `--time-format s`.",
            is_refused=True,
        )
    if options.times.pattern is None and options.times.day_first is None and seen.is_ambiguous:
        yield Finding(
            "Its times are written like 1/2/2024, and nothing tells which number is the day. "
            "Say it: `--day-first` or `--month-first`.",
            is_refused=True,
        )


def _about_events(told: list[_Told], understood: Understanding, shape: EventShape) -> Iterator[Finding]:
    ours = LISTENING_EVENTS if shape is LISTENING else CLICK_EVENTS
    known = {*ours, *understood.events.values()}
    unknown = [t for t in told if t.event and t.event.strip() and understood.ours(t.event) not in known]
    if unknown:
        rows = ", ".join(f"{t.event[:50]!r} ({t.rows:,} rows)" for t in unknown[:_SHOWN] if t.event)
        more = f" and {len(unknown) - _SHOWN:,} more" if len(unknown) > _SHOWN else ""
        first = (unknown[0].event or "")[:50]
        yield Finding(
            f"Nobody has said what these events mean: {rows}{more}. Say it by `--map-event '{first}={ours[0]}'` (one "
            f"of {', '.join(ours)}), or leave them out by `--map-event '{first}='`.",
            is_refused=True,
        )


def _about_ratings(told: list[_Told], understood: Understanding, options: Options) -> Iterator[Finding]:
    rated = [t for t in told if understood.ours(t.event) == "rate" and t.lowest is not None]
    low = min((t.lowest for t in rated if t.lowest is not None), default=OURS.low)
    high = max((t.highest for t in rated if t.highest is not None), default=OURS.high)
    if options.scale is None and not (OURS.is_on(low) and OURS.is_on(high)):
        yield Finding(
            f"Its ratings go from {low:g} to {high:g}, and ours from {OURS.low:g} to {OURS.high:g}. Give the scale "
            f"that it uses, worst rating and best, such as `--rating-scale={_likely(low, high)}`; what is not on it "
            "goes to quarantine.",
            is_refused=True,
        )


def _likely(low: float, high: float) -> Scale:
    """A scale that people use and ratings from `low` to `high` are on."""
    scales = [Scale(0, 1), Scale(-1, 1), Scale(0, 5), Scale(1, 10), Scale(0, 10), Scale(-10, 10), Scale(0, 100)]
    return next((scale for scale in scales if scale.is_on(low) and scale.is_on(high)), Scale(low, max(high, low + 1)))


class _Count(NamedTuple):
    """Rows of a file that silver will not take for one reason, None for those that it takes; the first line; when."""

    file: int
    wrong: str | None
    rows: int
    line: int | None
    first_ms: int | None
    last_ms: int | None


def _faults(rows: Rows, said: Said, judging: _Judging) -> list[_Count]:
    checks = " ".join(f"WHEN {condition} THEN {_literal(wrong)}" for wrong, condition in judging.checks(said))
    return [
        _Count(*row)
        for row in rows.query(
            f"""
            SELECT file, CASE WHEN fault IS NOT NULL THEN fault {checks} END AS wrong,
                count(*), min(line), min(ms), max(ms)
            FROM ({said.placed(judging.times)}) GROUP BY ALL ORDER BY file, min(line)
            """  # noqa: S608
        )
    ]


@dataclass(frozen=True)
class _Judging:
    """What silver will not take, as SQL: the rules of `silver.listening.events` and `silver.shop.clicks`."""

    times: Times
    understood: Understanding
    told: list[_Told]
    now_ms: int

    def checks(self, said: Said) -> Iterator[tuple[str, str]]:
        """Yield what may be wrong, and SQL of when it is, in the order in which it counts."""
        shape = said.mapped.shape
        ours = LISTENING_EVENTS if shape is LISTENING else CLICK_EVENTS
        event = said.of(shape.event)
        yield LEFT, f"{event} IN {self._called(LEFT_OUT)}"
        for name in shape.ids:
            if name not in shape.alternatives:
                yield f"no {name}", _is_no_id(said.of(name))
        if shape.alternatives:
            nobody = " AND ".join(_is_no_id(said.of(name)) for name in shape.alternatives)
            yield f"no {' and no '.join(shape.alternatives)}", nobody
        yield NO_TIME, "ms IS NULL"
        yield EARLY, "ms < 0"
        yield LATE, f"ms > {self.now_ms + CLOCK_MS}"
        yield f"no {shape.event}", f"trim(coalesce({event}, '')) = ''"
        yield UNKNOWN_EVENT, f"{event} NOT IN {self._called(*ours)}"
        if shape is LISTENING:
            rated, rating = f"{event} IN {self._called('rate')}", f"number_in({said.of('rating')})"
            paused, seconds = f"{event} IN {self._called('pause')}", f"number_in({said.of('listened_seconds')})"
            scale = self.understood.scale
            yield NO_RATING, f"{rated} AND {rating} IS NULL"
            yield BEYOND_SCALE, f"{rated} AND {rating} NOT BETWEEN {scale.low} AND {scale.high}"
            yield NO_SECONDS, f"{paused} AND {seconds} IS NULL"
            yield ABSURD_SECONDS, f"{paused} AND {seconds} NOT BETWEEN 0 AND {LONGEST_PAUSE_SECONDS}"
        else:
            price = said.of("price")
            yield NO_NUMBER, f"{price} <> '' AND number_in({price}) IS NULL"
            yield ABSURD_AMOUNT, f"number_in({price}) NOT BETWEEN 0 AND {HIGHEST_AMOUNT}"

    def _called(self, *ours: str) -> str:
        """SQL of what the recording calls our events."""
        called = [t.event for t in self.told if t.event is not None and self.understood.ours(t.event) in ours]
        return f"({', '.join(map(_literal, called)) or 'NULL'})"


def _is_no_id(value: str) -> str:
    return f"({value} IS NULL OR id_in({value}) IS NULL)"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


HELP = {
    NO_TIME: "If they are times, `--time-format` or `--day-first` tells how to read them.",
    LATE: "If they are local times, `--timezone` says of where.",
    delimited.BYTES: "Say what the text is in, such as `--encoding cp1252`, or `--encoding utf-8` to send the rest.",
}


def _about_faults(recorded: Recorded, counts: list[_Count], options: Options) -> Iterator[Finding]:
    by_kind: Counter[str] = Counter()
    first: dict[str, str] = {}
    for count in counts:
        if count.wrong is not None:
            by_kind[count.wrong] += count.rows
            path = recorded.parts[count.file].path
            first.setdefault(count.wrong, f"line {count.line} of {path.name}" if count.line else path.name)
    for wrong, number in by_kind.most_common():
        is_refused = wrong == delimited.BYTES and options.encoding is None
        where = "not sent" if wrong == LEFT else f"first {first[wrong]}"
        yield Finding(f"{number:,} rows: {wrong} ({where}). {HELP.get(wrong, '')}".rstrip(), is_refused)
    for file, part in enumerate(recorded.parts):
        kinds = {count.wrong: count.rows for count in counts if count.file == file}
        if kinds and not kinds.keys() & {None, LEFT}:
            worst = max(kinds, key=lambda wrong: kinds[wrong])
            yield Finding(f"No row of {part.path.name} would be understood, most because of {worst}.", is_refused=True)
