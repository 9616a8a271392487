"""A lakehouse without Spark: rows go into tables of the catalogue through delta-rs."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake
from pyspark.sql.pandas.types import to_arrow_schema

from lakehouse import tables

NEWEST = dt.datetime(2024, 1, 7, 12, 0, 30, tzinfo=dt.UTC)
HOSTILE = (
    '<script>document.title="stolen"</script> ![x](https://evil.example/x.png) :material/bug: مرحبا 🎧 ' + "long " * 60
)


def folder(home, table):
    return home / "lakehouse" / table.layer / table.name


def write(home, table, rows, mode="append"):
    """Write rows, given as dicts; what is left out is null."""
    schema = to_arrow_schema(table.schema)
    content = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows, schema)
    write_deltalake(folder(home, table), content.cast(schema), mode=mode)


def listening(*minutes_ago, user_id="user-1", event="like", episode="ep-1"):
    """Listening events, so many minutes before the newest."""
    return [
        {
            "event_id": f"{user_id}-{event}-{ago}",
            "day": (NEWEST - dt.timedelta(minutes=ago)).date(),
            "ts": NEWEST - dt.timedelta(minutes=ago),
            "user_id": user_id,
            "new_episode_id": episode,
            "event": event,
        }
        for ago in minutes_ago
    ]


def million_events(home: Path, number: int = 1_000_000, minutes: int = 60) -> None:
    """So many listening events, evenly in the last minutes, of 5,000 listeners."""
    import numpy as np

    at = np.datetime64(NEWEST.replace(tzinfo=None), "us") - (
        np.arange(number) * (minutes * 60_000_000 // number)
    ).astype("timedelta64[us]")
    kinds = pa.array(["like", "complete", "pause", "rate", "skip"])
    numbers = np.arange(number)
    columns = {
        "event_id": pa.array(numbers.astype(str)),
        "day": pa.array(at.astype("datetime64[D]")),
        "ts": pa.array(at, pa.timestamp("us", "UTC")),
        "user_id": pa.array(np.char.add("user-", (numbers % 5_000).astype(str))),
        "new_episode_id": pa.array(np.char.add("ep-", (numbers % 900).astype(str))),
        "event": kinds.take(pa.array(numbers % 5)),
    }
    schema = to_arrow_schema(tables.user_events.schema)
    nothing = {field.name: pa.nulls(number, field.type) for field in schema if field.name not in columns}
    write(home, tables.user_events, pa.table(columns | nothing).select(schema.names))
