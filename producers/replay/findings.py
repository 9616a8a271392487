"""Findings: what is told to a person of rows that will not be understood, and the option that would help."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from lakehouse.errors import shown
from producers.replay import delimited
from producers.replay.mapping import said_by
from producers.replay.numbers import OURS, Scale
from producers.replay.rules import LATE, LEFT, NO_TIME, known_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from producers.replay.counts import Count, Ids, Told
    from producers.replay.mapping import Mapped
    from producers.replay.options import Options
    from producers.replay.recorded import Recorded
    from producers.replay.rows import Understanding
    from producers.replay.times import Seen
    from producers.shapes import EventShape

HELP = {
    NO_TIME: "If they are times, `--time-format` or `--day-first` tells how to read them.",
    LATE: "If they are local times, `--timezone` says of where.",
    delimited.BYTES: "Say what the text is in, such as `--encoding cp1252`, or `--encoding utf-8` to send the rest.",
}
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


def about_times(seen: Seen, options: Options) -> Iterator[Finding]:
    """Tell of times that may be read in two ways."""
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


def about_ids(ids: Mapping[str, Ids], mapped: Mapped[EventShape]) -> Iterator[Finding]:
    """Tell of ids that floats have rounded."""
    for name, found in ids.items():
        if found.rounded:
            yield Finding(
                f"{found.rounded:,} ids in {said_by(mapped.sources[name])!r} are as 1e+18: whole numbers that were "
                "kept as floats and so rounded. Write ids as text or whole numbers.",
                is_refused=True,
            )


def about_events(told: list[Told], understood: Understanding, shape: EventShape) -> Iterator[Finding]:
    """Tell of events that nobody has explained."""
    ours = known_events(shape)
    known = {*ours, *understood.events.values()}
    unknown = [t for t in told if t.event and t.event.strip() and understood.ours(t.event) not in known]
    if unknown:
        rows = ", ".join(f"{t.event[:50]!r} ({t.rows:,} rows)" for t in unknown[:_SHOWN] if t.event)
        more = f" and {len(unknown) - _SHOWN:,} more" if len(unknown) > _SHOWN else ""
        first = shown(unknown[0].event or "", 50)
        yield Finding(
            f"Nobody has said what these events mean: {rows}{more}. Say it by `--map-event '{first}={ours[0]}'` (one "
            f"of {', '.join(ours)}), or leave them out by `--map-event '{first}='`.",
            is_refused=True,
        )


def about_ratings(told: list[Told], understood: Understanding, options: Options) -> Iterator[Finding]:
    """Tell of ratings of another scale than ours."""
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


def about_faults(recorded: Recorded, counts: list[Count], options: Options) -> Iterator[Finding]:
    """Tell of rows that silver will not take, and of files of which it would take none."""
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
