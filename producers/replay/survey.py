"""The survey: what a recording says as a whole, so that nothing is sent that will not be understood unless it is said.

It looks at all rows before the first one is sent: which events, ratings, times and ids there are, how they are to be
understood, and which rows silver will not take.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lakehouse.errors import InputFileError
from producers.replay import counts, findings
from producers.replay.numbers import OURS
from producers.replay.rows import Understanding
from producers.replay.rules import Rules
from producers.replay.said import Said
from producers.replay.times import Times
from producers.replay.vocabulary import MOVIELENS_COMPLETE_FROM, meanings, plain

if TYPE_CHECKING:
    from pathlib import Path

    from producers.replay.findings import Finding
    from producers.replay.mapping import Mapped
    from producers.replay.options import Options
    from producers.replay.recorded import Recorded
    from producers.replay.table import Rows
    from producers.shapes import EventShape


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
    seen, ids = counts.times_in(rows, said), counts.ids_in(recorded, rows, said)
    times = Times.of(seen, options.times)
    understood = _understanding(mapped, options, frozenset(name for name, found in ids.items() if found.is_whole))
    if now_ms is None:
        return Survey(times, understood, (), None)

    told = counts.events_in(rows, said)
    rules = Rules(understood, [each.event for each in told if each.event is not None], now_ms)
    faults = counts.faults_in(rows, said, times, rules)
    found = (
        *findings.about_times(seen, options),
        *findings.about_ids(ids, mapped),
        *findings.about_events(told, understood, mapped.shape),
        *findings.about_ratings(told, understood, options),
        *findings.about_faults(recorded, faults, options),
    )
    total = tuple(sum(count.rows for count in faults if count.file == file) for file in range(len(recorded.parts)))
    moments = [ms for count in faults for ms in (count.first_ms, count.last_ms) if ms is not None]
    return Survey(times, understood, total, (min(moments), max(moments)) if moments else None, found)


def _understanding(mapped: Mapped[EventShape], options: Options, whole: frozenset[str]) -> Understanding:
    given = options.events
    events = {**meanings(mapped.shape), **{plain(called): ours for called, ours in given.items()}, **given}
    complete_from = options.complete_from
    if complete_from is None and mapped.is_movielens:
        complete_from = MOVIELENS_COMPLETE_FROM
    return Understanding(events, options.scale or OURS, complete_from, whole)
