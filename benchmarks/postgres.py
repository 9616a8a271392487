"""Events to PostgreSQL: RecLake's batches beside a bare psycopg COPY and beside Spark's JDBC inserts, run in turn."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Annotated, Any

import typer
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console

from benchmarks.lakes import benchmark_home, seconds
from lakehouse import database
from lakehouse.database import RAW_EVENTS, FrameRows, write_batch
from lakehouse.database.connection import Connection
from lakehouse.services import database_url
from lakehouse.settings import Settings
from reclake.report import table_of

Rows = list[tuple[Any, ...]]

_COLUMNS = sql.SQL(", ").join(map(sql.Identifier, RAW_EVENTS.columns))
_DRIVER = "org.postgresql:postgresql:42.7.4"
_DAYS = 3


def main(
    events: Annotated[int, typer.Option(help="Events in a batch, and in the table before it.")] = 200_000,
    spark_events: Annotated[int, typer.Option(help="Events that Spark writes.")] = 100_000,
    rounds: Annotated[int, typer.Option(help="Runs of each, after one that does not count.")] = 5,
) -> None:
    """Compare the rates at which events are added to `raw_events`, which has a key and an index."""
    console = Console()
    with benchmark_home(spark_packages=_DRIVER) as lake, database.connect(_embedded(lake.settings)) as store:
        before, new = _events("before", events), _events("new", events)

        def run(write: Callable[[Rows], object], rows: Rows) -> float:
            store.repeat(_emptied)
            write_batch(store, RAW_EVENTS, "before", before)
            store.repeat(lambda connection: connection.execute("CHECKPOINT"))
            rate = len(rows) / seconds(write, rows)
            stored = store.repeat(lambda connection: connection.execute("SELECT count(*) FROM raw_events").fetchone())
            assert stored == (len(before) + len(rows),)
            return rate

        copies = {
            "reclake": lambda rows: write_batch(store, RAW_EVENTS, "new", rows),
            "COPY (text)": lambda rows: store.repeat(lambda connection: _bare_copy(connection, rows)),
            "COPY (binary)": lambda rows: store.repeat(lambda connection: _bare_binary_copy(connection, rows)),
        }
        rates = _in_turn(console, rounds, {name: partial(run, way, new) for name, way in copies.items()})
        console.print(_table(f"{events:,} events from memory: rows/s (at least 0.8 of a bare COPY is wanted)", rates))

        few = new[:spark_events]
        lake.spark.createDataFrame(few, _SPARK_SCHEMA).write.parquet(str(lake.settings.home / "events"))
        frame = lake.spark.read.parquet(str(lake.settings.home / "events"))
        jdbc = _jdbc_options(database_url(store.settings))
        ways = {
            "reclake": lambda rows: write_batch(store, RAW_EVENTS, "new", rows),
            "JDBC": lambda _: frame.write.format("jdbc").options(**jdbc).mode("append").save(),
            "reclake from Spark": lambda _: write_batch(store, RAW_EVENTS, "new", FrameRows(frame, RAW_EVENTS.columns)),
        }
        rates = _in_turn(console, rounds, {name: partial(run, way, few) for name, way in ways.items()})
        console.print(_table(f"{spark_events:,} events beside Spark's JDBC writer: rows/s", rates))


def _events(name: str, count: int) -> Rows:
    """Events of the last days, in the order of time, with ids as random as hashes are."""
    rng = random.Random(name)
    start, step = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=_DAYS) / count
    kinds = ("view", "click", "add_to_cart", "purchase")
    return [
        (
            f"{rng.getrandbits(128):032x}",
            (start + number * step).date(),
            start + number * step,
            f"session-{number // 20}",
            f"user-{rng.randrange(count // 20)}",
            f"item-{rng.randrange(5_000)}",
            rng.choice(kinds),
            round(rng.uniform(1, 100), 2) if number % 3 else None,
        )
        for number in range(count)
    ]


_SPARK_SCHEMA = (
    "event_id string, day date, timestamp timestamp, session_id string, user_id string, item_id string, "
    "event_type string, price double"
)


def _embedded(settings: Settings) -> Settings:
    """Whatever the environment says: tables are emptied here."""
    return settings.model_copy(update={"database_url": None, "lakebase_project": None})


def _emptied(connection: Connection) -> None:
    connection.execute("TRUNCATE raw_events, batches")


def _bare_copy(connection: Connection, rows: Rows) -> None:
    with connection.cursor() as cursor, cursor.copy(_copy_statement("TEXT")) as copy:
        for row in rows:
            copy.write_row(row)


def _bare_binary_copy(connection: Connection, rows: Rows) -> None:
    with connection.cursor() as cursor, cursor.copy(_copy_statement("BINARY")) as copy:
        copy.set_types(list(RAW_EVENTS.columns.values()))
        for row in rows:
            copy.write_row(row)


def _copy_statement(kind: str) -> sql.Composed:
    return sql.SQL("COPY raw_events ({}) FROM STDIN (FORMAT {})").format(_COLUMNS, sql.SQL(kind))


def _jdbc_options(url: str) -> dict[str, str]:
    server = conninfo_to_dict(url)
    return {
        "url": f"jdbc:postgresql://{server['host']}:{server['port']}/{server['dbname']}",
        "user": str(server["user"]),
        "password": str(server["password"]),
        "driver": "org.postgresql.Driver",
        "dbtable": RAW_EVENTS.name,
    }


def _in_turn(console: Console, rounds: int, contestants: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        with console.status(f"round {number + 1} of {rounds + 1}"):
            # Neither always runs on what the other left in the caches.
            for name in list(contestants) if number % 2 else reversed(contestants):
                rates[name].append(contestants[name]())
    return {name: measured[1:] for name, measured in rates.items()}


def _table(title: str, rates: dict[str, list[float]]):  # type: ignore[no-untyped-def]
    ours, *peers = rates
    rows = [
        (number, *(f"{rate:,.0f}" for rate in each), *(f"{each[0] / peer:.2f}" for peer in each[1:]))
        for number, each in enumerate(zip(*rates.values(), strict=True), 1)
    ]
    ratios = [[mine / theirs for mine, theirs in zip(rates[ours], rates[peer], strict=True)] for peer in peers]
    rows.append(
        ("median", *(f"{median(each):,.0f}" for each in rates.values()), *(f"{median(each):.2f}" for each in ratios))
    )
    columns = ("round", *rates, *(f"to {peer}" for peer in peers))
    return table_of(title, columns, rows, columns[1:])


if __name__ == "__main__":
    typer.run(main)
