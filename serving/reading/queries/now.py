"""What happens now: events per minute, who is active, how fresh the layers are, what was refused, what jobs did."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from lakehouse import events, tables
from lakehouse.errors import NothingToServeError
from lakehouse.tables import Table
from serving.reading.figure import Figure
from serving.reading.stores import Stores

MOST_RUNS = 50
_MOST_MINUTES_BY_MINUTE = 6 * 60


@dataclass(frozen=True)
class Stream:
    """Events of silver: what they are called where streams are compared, and in which table and columns they are."""

    name: str
    table: Table
    at: str
    type: str
    types: tuple[str, ...]


LISTENING = Stream(
    events.LISTENING, tables.user_events, tables.user_events.c.ts, tables.user_events.c.event, events.LISTENING_EVENTS
)
SHOP = Stream(
    events.SHOP,
    tables.clickstream_events,
    tables.clickstream_events.c.timestamp,
    tables.clickstream_events.c.event_type,
    events.CLICK_EVENTS,
)


@dataclass(frozen=True)
class Active:
    """Who did something in a window."""

    users: int
    events: int


def newest_event(stores: Stores, stream: Stream) -> dt.datetime | None:
    """When the newest event of a stream happened, by its producer's clock."""
    of = stream.table
    found = stores.lake.rows(
        f"SELECT max({stream.at}) AS at FROM {of} WHERE day = (SELECT max(day) FROM {of})"  # noqa: S608
    )["at"].iloc[0]
    return None if pd.isna(found) else found.to_pydatetime()


def events_per_minute(stores: Stores, stream: Stream, minutes: int) -> Figure:
    """How many events of each type came per minute, in the `minutes` up to the newest event.

    Returns
    -------
    Figure
        `at` (begin of a minute, or of an hour where the window is longer than 6 hours), `type`, `per_minute`; a
        time without events counts 0. The minute or hour that has just begun is left out.
    """
    newest = newest_event(stores, stream)
    if newest is None:
        return Figure(pd.DataFrame(), stores.lake.written_at(stream.table))
    unit, length = ("minute", 1) if minutes <= _MOST_MINUTES_BY_MINUTE else ("hour", 60)
    until = pd.Timestamp(newest).floor(f"{length}min")
    since = max(until - pd.Timedelta(minutes=minutes), pd.Timestamp(0, tz="UTC"))
    rows = stores.lake.rows(
        f"""
        SELECT date_trunc('{unit}', {stream.at}) AS at, {stream.type} AS type, count(*) AS events
        FROM {stream.table}
        WHERE day >= $day AND {stream.at} >= $since AND {stream.at} < $until
        GROUP BY ALL
        """,  # noqa: S608 - names of the catalogue
        day=since.date(),
        since=since.to_pydatetime(),
        until=until.to_pydatetime(),
    )
    times = pd.date_range(since, until, freq=f"{length}min", inclusive="left")
    grid = pd.MultiIndex.from_product([times, stream.types], names=["at", "type"])
    counts = rows.set_index(["at", "type"])["events"].reindex(grid, fill_value=0) if len(rows) else pd.Series(0, grid)
    filled = (counts / length).rename("per_minute").reset_index()
    return Figure(filled, stores.lake.written_at(stream.table), newest)


def active(stores: Stores, stream: Stream, minutes: int) -> Active:
    """Who did how much in the `minutes` up to the newest event."""
    newest = newest_event(stores, stream)
    if newest is None:
        return Active(0, 0)
    since = newest - dt.timedelta(minutes=minutes)
    found = stores.lake.rows(
        f"SELECT count(DISTINCT user_id) AS users, count(*) AS events FROM {stream.table} "  # noqa: S608
        f"WHERE day >= $day AND {stream.at} > $since AND {stream.at} <= $newest",
        day=since.date(),
        since=since,
        newest=newest,
    ).iloc[0]
    return Active(int(found["users"]), int(found["events"]))


def freshness(stores: Stores) -> Figure:
    """When each table last changed, by the wall clock.

    Returns
    -------
    Figure
        `layer`, `table`, `written_at`, `version`; tables that do not exist yet are left out.
    """
    rows = [
        (table.layer, table.name, written_at, stores.lake.version(table))
        for table in tables.ALL
        if (written_at := stores.lake.written_at(table))
    ]
    found = pd.DataFrame(rows, columns=["layer", "table", "written_at", "version"])
    return Figure(found, max((row[2] for row in rows), default=None))


def quarantined(stores: Stores) -> Figure:
    """How many records were refused, by source and reason: `source`, `reason`, `records`, `newest`."""
    rows = stores.lake.rows(
        f"""
        SELECT source, reason, count(*) AS records, max(quarantined_at) AS newest
        FROM {tables.quarantine} GROUP BY source, reason ORDER BY records DESC
        """  # noqa: S608
    )
    return Figure(rows, stores.lake.written_at(tables.quarantine))


def runs(stores: Stores) -> Figure:
    """What the last jobs did, the newest `MOST_RUNS` runs first.

    Returns
    -------
    Figure
        `job`, `started_at`, `state`, `seconds`, `tasks` that ran, `failed` tasks, and `why` they failed.

    Raises
    ------
    NothingToServeError
        The tables are those of a workspace, which keeps this history itself.
    """
    if stores.settings.catalog:
        raise NothingToServeError(
            "Here the workspace knows what ran: see its page Jobs, or the table system.lakeflow.job_task_run_timeline."
        )
    rows = stores.lake.rows(
        f"""
        SELECT run_id, job, job_started_at, job_state, job_seconds, task, attempts, error FROM {tables.runs}
        WHERE run_id IN (
            SELECT run_id FROM {tables.runs} GROUP BY run_id ORDER BY max(job_started_at) DESC LIMIT {MOST_RUNS}
        ) ORDER BY job_started_at DESC, run_id, started_at
        """  # noqa: S608
    )
    rows = rows.assign(ran=rows["attempts"] > 0, failed=rows["task"].where(rows["error"].notna()))
    of_run = ["run_id", "job", "job_started_at", "job_state", "job_seconds"]
    found = rows.groupby(of_run, sort=False, as_index=False).agg(
        tasks=("ran", "sum"), failed=("failed", _listed), why=("error", _listed)
    )
    found = found.drop(columns="run_id").rename(columns=lambda name: name.removeprefix("job_"))
    return Figure(found, stores.lake.written_at(tables.runs))


def _listed(texts: pd.Series[str]) -> str | None:
    """Texts after one another, without those that are null; null where there is none."""
    return "; ".join(texts.dropna()) or None


def progress(stores: Stores) -> Figure:
    """What tasks last did: how far each has read its tables, and what is still before it.

    Returns
    -------
    Figure
        `task`, `reads`, `version` that it has read, `newest` version there is, `behind` commits, `done_at`.
    """
    folder = stores.progress.folder
    known = {str(table): table for table in tables.ALL}
    rows = []
    for of in sorted(folder.iterdir()) if folder.is_dir() else []:
        done_at = max((int(file.stat().st_mtime) for file in of.glob("*.json")), default=None)
        for source, version in stores.progress.of(of.name).items():
            # Tasks keep other numbers there as well, such as a watermark.
            if source in known:
                newest = stores.lake.version(known[source])
                behind = None if newest is None else max(newest - version, 0)
                rows.append((of.name, source, version, newest, behind, done_at))
    found = pd.DataFrame(rows, columns=["task", "reads", "version", "newest", "behind", "done_at"])
    found["done_at"] = pd.to_datetime(found["done_at"], unit="s", utc=True)
    found = found.astype({"newest": "Int64", "behind": "Int64"}).sort_values("done_at", ascending=False)
    return Figure(found, None if found.empty else found["done_at"].max().to_pydatetime())
