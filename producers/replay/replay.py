"""The replay: recorded behaviour from a file or a folder to a Kafka topic, in time order, at any speed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse.errors import InputFileError
from lakehouse.kafka import EPISODE_METADATA
from producers import pace
from producers.replay.mapping import (
    MOVIELENS_COMPLETE_FROM,
    TITLES,
    given_for,
    map_events,
    map_titles,
    shape_of,
    topic_of,
)
from producers.replay.recorded import Format, open_recorded
from producers.replay.rows import episode_of, events_of
from producers.shapes import CLICKS, LISTENING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lakehouse.settings import Settings
    from producers.record import Counts, Record

RATINGS_FILE = "ratings.csv"
TITLES_FILE = "movies.csv"


def event_records(
    path: Path,
    *,
    topic: str | None = None,
    mapping: Mapping[str, str] | None = None,
    event: str | None = None,
    complete_from: float | None = None,
    speed_up: float = 0.0,
    file_format: Format | None = None,
) -> Iterator[Record]:
    """Turn a recording into records in time order; rows without time come last, and no row is left out.

    The columns are checked at once, the rows are read as they are needed.

    Parameters
    ----------
    path : Path
        A file, or a folder whose files are read as if they were one.
    topic : str, optional
        None: `clickstream` for a recording that has sessions and items, else `user-events`.
    mapping : mapping of str to str, optional
        Field to column, for columns that are not named like the field; one column may serve several fields.
        MovieLens's ratings need none.
    event : str, optional
        The event that every row is, for a file that does not say.
    complete_from : float, optional
        A `rate` event with at least this rating is also a `complete` event. None: 4.5 for MovieLens, else never.
    speed_up : float
        How many times as fast as recorded; 0: without waiting.

    Raises
    ------
    InputFileError
        The file cannot be read or lacks a column.
    TaskParameterError
        `mapping` names an unknown field.
    """
    given = mapping or {}
    recorded = open_recorded(path, file_format)
    to = topic or topic_of(recorded.columns, given)
    shape = shape_of(to)
    mapped = map_events(recorded, shape, given_for(shape, given, TITLES), event)
    if complete_from is None and mapped.is_movielens:
        complete_from = MOVIELENS_COMPLETE_FROM
    time_column = mapped.columns[shape.time]

    def records() -> Iterator[Record]:
        rows = recorded.rows(time_column)
        for row in pace.as_recorded(rows, lambda row: row.milliseconds, speed_up):
            yield from events_of(row, to, mapped, complete_from)

    return records()


def title_records(
    path: Path, *, mapping: Mapping[str, str] | None = None, file_format: Format | None = None
) -> Iterator[Record]:
    """Turn a file of titles into episode records, see `event_records`; MovieLens's `movies.csv` needs no mapping.

    `categories` may be a list or text separated by `|`.
    """
    recorded = open_recorded(path, file_format)
    mapped = map_titles(recorded, mapping or {})
    return (episode_of(row, EPISODE_METADATA.name, mapped) for row in recorded.rows())


def replay(
    settings: Settings,
    path: Path,
    *,
    topic: str | None = None,
    titles: Path | None = None,
    mapping: Mapping[str, str] | None = None,
    event: str | None = None,
    complete_from: float | None = None,
    speed_up: float = 0.0,
    file_format: Format | None = None,
    on_progress: Callable[[Counts], None] | None = None,
) -> Counts:
    """Publish recorded titles, if any, and then recorded events to Kafka, see `event_records`.

    Parameters
    ----------
    path : Path
        A file, a folder of files, or a folder that holds MovieLens's `ratings.csv` and `movies.csv`.
    titles : Path, optional
        A file of titles; its columns can be named in `mapping` too. Its format goes by its extension.
    on_progress : callable, optional
        Called with the live counts a few times a second.

    Returns
    -------
    Counts
        Records that the broker confirmed, by kind: "event", "derived complete", "episode", and "incomplete" or
        "unreadable" for rows that silver will quarantine.

    Raises
    ------
    InputFileError
        A file cannot be read or lacks a column; nothing was sent then.
    ServiceError
        Kafka cannot be reached or did not take every record.
    """
    from lakehouse.kafka import client_config, ensure_topics, require_topic
    from lakehouse.services import kafka_bootstrap
    from producers.publisher import Publisher

    given = mapping or {}
    path, titles = _files(path, titles)
    events = event_records(
        path,
        topic=topic,
        mapping=given,
        event=event,
        complete_from=complete_from,
        speed_up=speed_up,
        file_format=file_format,
    )
    episodes = title_records(titles, mapping=given_for(TITLES, given, LISTENING, CLICKS)) if titles else None

    bootstrap = kafka_bootstrap(settings)
    ensure_topics(settings, bootstrap)
    if topic:
        require_topic(settings, bootstrap, topic)
    with Publisher(client_config(settings, bootstrap), on_progress) as publisher:
        if episodes is not None:
            publisher.publish(episodes)
        publisher.publish(events)
    return publisher.counts


def _files(path: Path, titles: Path | None) -> tuple[Path, Path | None]:
    """Find MovieLens's files in a folder that has one of them; any other path is taken as it is."""
    found = [name for name in (RATINGS_FILE, TITLES_FILE) if (path / name).is_file()]
    if not found:
        return path, titles
    wanted = [RATINGS_FILE] if titles else [RATINGS_FILE, TITLES_FILE]
    if missing := [name for name in wanted if name not in found]:
        raise InputFileError(
            f"The folder {path} has {' and '.join(found)} and no {' and no '.join(missing)}. "
            f"Give a folder that holds {RATINGS_FILE} and {TITLES_FILE}, or the path of one file."
        )
    return path / RATINGS_FILE, titles or path / TITLES_FILE
