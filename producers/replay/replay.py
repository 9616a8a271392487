"""The replay: recorded behaviour from a file or a folder to a topic, in time order, at any speed."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse.errors import InputFileError
from lakehouse.kafka import EPISODE_METADATA
from producers import pace
from producers.destination import publisher_to
from producers.replay.delimited import BYTES
from producers.replay.findings import HELP
from producers.replay.loading import loaded
from producers.replay.mapping import TITLES, Mapped, given_for, map_events, map_titles, shape_of, topic_of
from producers.replay.options import Options
from producers.replay.recorded import open_recorded
from producers.replay.rows import episode_of, events_of
from producers.replay.rules import LEFT
from producers.replay.said import Said
from producers.replay.survey import Survey, survey
from producers.shapes import CLICKS, LISTENING, EventShape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lakehouse.settings import Settings
    from producers.record import Counts, Record
    from producers.replay.files import Format
    from producers.replay.recorded import Recorded
    from producers.replay.table import Rows

MOVIELENS_FILES = (("ratings.csv", "movies.csv"), ("ratings.dat", "movies.dat"), ("u.data", "u.item"))
"""Ratings and titles, by the size of the data set."""


@dataclass(frozen=True)
class Recording:
    """A recording of events that can be read: its files, and where the fields come from.

    Attributes
    ----------
    fate : Counter
        Rows by the name of their file and what has become of them so far.
    """

    recorded: Recorded
    topic: str
    mapped: Mapped[EventShape]
    options: Options
    fate: Counter[tuple[str, str]] = field(default_factory=Counter)

    @contextmanager
    def read(self, now_ms: int | None = None) -> Iterator[tuple[Survey, Iterator[Record]]]:
        """Read all rows, look at them (see `survey`), and give what that tells with the records, in time order."""
        with loaded(self.recorded, Said(self.mapped).paths, self.options.times.zone) as rows:
            seen = survey(self.recorded, rows, self.mapped, self.options, now_ms)
            yield seen, self._records(rows, seen)

    def _records(self, rows: Rows, seen: Survey) -> Iterator[Record]:
        names = [part.path.name for part in self.recorded.parts]
        ordered = rows.in_order(Said(self.mapped).placed(seen.times))
        for row in pace.as_recorded(ordered, lambda row: row.milliseconds, self.options.speed_up):
            kind = LEFT
            for number, record in enumerate(events_of(row, self.topic, self.mapped, seen.understood)):
                kind = kind if number else record.kind
                yield record
            self.fate[names[row.file], kind] += 1
        if seen.rows and self.fate.total() != sum(seen.rows):
            raise RuntimeError(f"{sum(seen.rows):,} rows were read and {self.fate.total():,} dealt with.")


def open_recording(path: Path, options: Options) -> Recording:
    """Find out how to read a recording of events, and check its columns.

    Raises
    ------
    InputFileError
        A file cannot be read or lacks a column.
    TaskParameterError
        The options name an unknown field, or contradict each other.
    """
    recorded = open_recorded(path, options.file_format, options.columns, options.encoding)
    topic = options.topic or topic_of(recorded.columns, {*options.mapping, *options.constants})
    shape = shape_of(topic)
    given = given_for(shape, options.mapping, TITLES)
    constants = given_for(shape, options.constants, TITLES, option="--set")
    return Recording(recorded, topic, map_events(recorded, shape, given, constants, options.event), options)


def event_records(path: Path, options: Options) -> Iterator[Record]:
    """Turn a recording into records in time order; rows without time come last.

    The columns are checked at once, the rows are read as they are needed.

    Parameters
    ----------
    path : Path
        A file, or a folder whose files are read as if they were one.

    Raises
    ------
    InputFileError
        The file cannot be read or lacks a column.
    TaskParameterError
        The options name an unknown field, or contradict each other.
    """
    recording = open_recording(path, options)

    def records() -> Iterator[Record]:
        with recording.read() as (_, found):
            yield from found

    return records()


def title_records(
    path: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    file_format: Format | None = None,
    encoding: str | None = None,
) -> Iterator[Record]:
    """Turn a file of titles into episode records, see `event_records`; MovieLens's titles need no mapping.

    `categories` may be a list or text separated by `|`.
    """
    recorded = open_recorded(path, file_format, encoding=encoding)
    mapped = map_titles(recorded, mapping or {})

    def records() -> Iterator[Record]:
        with loaded(recorded) as rows:
            if encoding is None and (broken := rows.broken(BYTES)):
                number, first = broken
                raise InputFileError(
                    f"Nothing of {path} was sent: {number:,} lines have {BYTES}, first line {first}. {HELP[BYTES]}"
                )
            for row in rows.in_order("SELECT text, NULL::BIGINT AS ms, fault, file FROM rows"):
                yield episode_of(row, EPISODE_METADATA.name, mapped)

    return records()


def replay(
    settings: Settings,
    path: Path,
    options: Options | None = None,
    *,
    titles: Path | None = None,
    to: Path | None = None,
    on_survey: Callable[[Recording, Survey], None] | None = None,
    on_progress: Callable[[Counts], None] | None = None,
) -> Counts:
    """Publish recorded titles, if any, and then recorded events, see `event_records`.

    Parameters
    ----------
    path : Path
        A file, a folder of files, or a folder that holds MovieLens's files.
    titles : Path, optional
        A file of titles; its columns can be named in the mapping too. Its format goes by its extension.
    to : Path, optional
        The landing folder to write files into; none: where the settings say that records come from.
    on_survey : callable, optional
        Called before anything is sent, with what is in the files and what will not be understood.
    on_progress : callable, optional
        Called with the live counts a few times a second.

    Returns
    -------
    Counts
        Records that arrived, by kind: "event", "derived complete", "episode", and "incomplete" or
        "unreadable" for rows that silver will quarantine.

    Raises
    ------
    InputFileError
        A file cannot be read or lacks a column, or an option has to say first how it is to be understood; nothing was
        sent then.
    ServiceError
        Kafka, or the folder, cannot be reached or did not take every record.
    """
    options = options or Options()
    path, titles = files_of(path, titles)
    recording = open_recording(path, options)
    mapping = given_for(TITLES, options.mapping, LISTENING, CLICKS)
    episodes = title_records(titles, mapping=mapping, encoding=options.encoding) if titles else None

    with (
        look_at(recording, on_survey) as events,
        publisher_to(to, settings, on_progress, topic=options.topic) as publisher,
    ):
        if episodes is not None:
            publisher.publish(episodes)
        publisher.publish(events)
    return publisher.counts


@contextmanager
def look_at(
    recording: Recording, on_survey: Callable[[Recording, Survey], None] | None = None
) -> Iterator[Iterator[Record]]:
    """Give the records of a recording that was looked at as a whole; where an option is missing, refuse it."""
    with recording.read(now_ms=int(time.time() * 1000)) as (seen, records):
        if on_survey:
            on_survey(recording, seen)
        seen.refuse(recording.recorded.path)
        yield records


def files_of(path: Path, titles: Path | None) -> tuple[Path, Path | None]:
    """Find MovieLens's files in a folder that has one of them; any other path is taken as it is."""
    for pair in MOVIELENS_FILES:
        found = [name for name in pair if (path / name).is_file()]
        wanted = pair[:1] if titles else pair
        if found and (missing := [name for name in wanted if name not in found]):
            raise InputFileError(
                f"The folder {path} has {' and '.join(found)} and no {' and no '.join(missing)}. "
                f"Give a folder that holds {' and '.join(pair)}, or the path of one file."
            )
        if found:
            return path / pair[0], titles or path / pair[1]
    return path, titles
