"""Clicks to sessions: the same new clicks on top of a short and of a long history, and what their enrichment costs."""

from __future__ import annotations

import datetime as dt
from functools import reduce
from statistics import median
from typing import Annotated

import typer
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from rich.console import Console

from benchmarks.lakes import benchmark_home, fresh, seconds
from lakehouse import tables
from lakehouse.lake import Lakehouse
from reclake.report import table_of
from silver.shop.clicks import IDENTITY
from silver.shop.history import with_history
from silver.shop.sessions import Rules, sessions, with_owner
from silver.shop.tasks import update_clicks, update_sessions

PER_DAY = 100_000
EVENTS_A_SESSION = 10
USERS, ITEMS, PURCHASES = 20_000, 5_000, 100_000
TODAY = dt.date(2024, 6, 1)
LATE_SHARE, LATEST_DAYS = 0.01, 3
WRITTEN_AT_ONCE = 10
"""Days of a history; there is a file for each all the same, as if they had come one by one."""

Costs = dict[str, list[float]]


def main(
    short: Annotated[int, typer.Option(help="Days of the short history.")] = 10,
    long: Annotated[int, typer.Option(help="Days of the long history.")] = 100,
    rounds: Annotated[int, typer.Option(help="Batches of new clicks, after one that does not count.")] = 3,
) -> None:
    """Compare what 100,000 new clicks cost: half name a session, half a user only; 1 % are late by up to 3 days."""
    console = Console()
    with benchmark_home() as home:
        lakes = {days: fresh(home) for days in (short, long)}
        for days, lake in lakes.items():
            with console.status(f"making {days} days of {PER_DAY:,} clicks"):
                _make_history(lake, days)
        costs: dict[int, Costs] = {days: {"clicks": [], "sessions": []} for days in lakes}
        enriching: Costs = {"with": [], "without": []}
        for number in range(rounds + 1):
            for days, lake in lakes.items():
                with console.status(f"round {number} of {rounds}, {days} days"):
                    clicks = _clicks(lake, f"new-{number}", TODAY + dt.timedelta(days=number), LATE_SHARE)
                    _receive(lake, clicks, number)
                    costs[days]["clicks"].append(seconds(update_clicks.run, lake, {}))
                    costs[days]["sessions"].append(seconds(update_sessions.run, lake, {}))
            with console.status(f"round {number} of {rounds}, enrichment"):
                lake = lakes[short]
                enriching["with"].append(seconds(_upsert, lake, number, enriched=True))
                enriching["without"].append(seconds(_upsert, lake, number, enriched=False))
    _show(console, f"{PER_DAY:,} new clicks: seconds", *_compared(costs[short], costs[long], short, long))
    ratio = median(a / b for a, b in zip(enriching["with"][1:], enriching["without"][1:], strict=True))
    console.print(
        f"typed clicks written with the purchases before them: {median(enriching['with'][1:]):.1f} s, without "
        f"{median(enriching['without'][1:]):.1f} s, ratio {ratio:.2f}",
        highlight=False,
    )


def _compared(short: Costs, long: Costs, few: int, many: int) -> tuple[list[str], list[tuple[str, ...]]]:
    rows: list[tuple[str, ...]] = []
    for what in short:
        pairs = list(zip(short[what][1:], long[what][1:], strict=True))
        ratios = [b / a for a, b in pairs]
        rows.append(
            (
                what,
                f"{median(a for a, _ in pairs):.1f}",
                f"{median(b for _, b in pairs):.1f}",
                f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
            )
        )
    return ["task", f"{few} days", f"{many} days", "ratio"], rows


def _show(console: Console, title: str, columns: list[str], rows: list[tuple[str, ...]]) -> None:
    console.print(table_of(title, tuple(columns), rows, tuple(columns[1:])))


def _upsert(lake: Lakehouse, number: int, *, enriched: bool) -> None:
    """Write a day of clicks that are typed already, as `update_clicks` does at its end."""
    day = TODAY + dt.timedelta(days=100 + 2 * number + enriched)
    clicks = _clicks(lake, f"upsert-{number}-{enriched}", day)
    if enriched:
        clicks = with_history(clicks, lake.read(tables.purchases))
    lake.upsert(tables.clickstream_events, _fitted(tables.clickstream_events, clicks), wins=IDENTITY.wins)


def _make_history(lake: Lakehouse, days: int) -> None:
    """Write as many days as there are, a file for each, and tell the consumers that they have read them."""
    _append(lake, tables.purchases, _purchases(lake))
    for begin in range(days, 0, -WRITTEN_AT_ONCE):
        ages = range(begin, max(begin - WRITTEN_AT_ONCE, 0), -1)
        clicks = reduce(DataFrame.union, (_clicks(lake, f"day-{age}", TODAY - dt.timedelta(days=age)) for age in ages))
        written = _fitted(tables.clickstream_events, clicks)
        made = _fitted(tables.sessions, sessions(with_owner(written), Rules.of(lake.settings)))
        for table, rows in ((tables.clickstream_events, written), (tables.sessions, made)):
            _append(lake, table, rows.repartitionByRange(len(ages), "day"))
    for consumer, read in {
        "clickstream_events": (tables.purchases, tables.raw_clickstream),
        "sessions": (tables.clickstream_events,),
    }.items():
        lake.progress.commit(consumer, {str(table): lake.version(table) for table in read})


def _append(lake: Lakehouse, table: tables.Table, rows: DataFrame) -> None:
    _fitted(table, rows).write.format("delta").mode("append").saveAsTable(lake.name(table))


def _fitted(table: tables.Table, rows: DataFrame) -> DataFrame:
    """Give rows the table's columns; what they lack is null."""
    present = {name: F.col(name) for name in rows.columns}
    return rows.select(*(present.get(f.name, F.lit(None)).cast(f.dataType).alias(f.name) for f in table.schema))


def _receive(lake: Lakehouse, clicks: DataFrame, number: int) -> None:
    """Put clicks into bronze as Kafka would have brought them."""
    now = F.to_timestamp(F.lit(TODAY + dt.timedelta(days=number + 1)))
    fields = ("event_id", "session_id", "user_id", "item_id", "event_type", "price")
    timestamp = F.date_format("timestamp", "yyyy-MM-dd'T'HH:mm:ss'Z'").alias("timestamp")
    raw = clicks.select(
        F.lit("clickstream").alias("topic"),
        F.lit(number).alias("partition"),
        F.monotonically_increasing_id().alias("offset"),
        F.to_json(F.struct(timestamp, *fields)).cast("binary").alias("value"),
        now.alias("timestamp"),
        now.alias("ingested_at"),
    )
    _append(lake, tables.raw_clickstream, raw)


def _purchases(lake: Lakehouse) -> DataFrame:
    numbers = lake.spark.range(PURCHASES).withColumnRenamed("id", "number")
    return numbers.select(
        F.col("number").cast("string").alias("purchase_id"),
        _one_of("user", USERS, "number", "p").alias("user_id"),
        _one_of("item", ITEMS, "number", "p").alias("item_id"),
        (F.col("number") % 500 + 10).alias("purchase_amount"),
        F.date_add(F.lit(dt.date(2023, 1, 1)), (F.col("number") % 365).cast("int")).alias("purchase_date"),
    )


def _clicks(lake: Lakehouse, prefix: str, day: dt.date, late_share: float = 0.0) -> DataFrame:
    """A day of clicks, ten a session and a minute apart."""
    numbers = lake.spark.range(PER_DAY, numPartitions=2).withColumnRenamed("id", "number")
    session = F.floor(F.col("number") / EVENTS_A_SESSION)
    second = F.pmod(F.xxhash64(session, F.lit(prefix)), F.lit(80_000)) + F.col("number") % EVENTS_A_SESSION * 60
    late = F.when(F.rand(1) < late_share, F.floor(F.rand(2) * LATEST_DAYS) + 1).otherwise(0).cast("int")
    kinds = F.array(*map(F.lit, ("view", "view", "view", "click", "add_to_cart", "purchase")))
    return (
        numbers.withColumn("day", F.date_add(F.lit(day), -late))
        .withColumn("session", session)
        .select(
            F.concat(F.lit(f"{prefix}-"), F.col("number").cast("string")).alias("event_id"),
            "day",
            (F.to_timestamp("day") + F.make_dt_interval(secs=second)).alias("timestamp"),
            F.when(F.col("session") % 2 == 0, F.concat(F.lit(f"{prefix}-"), F.col("session").cast("string"))).alias(
                "session_id"
            ),
            _one_of("user", USERS, "session", prefix).alias("user_id"),
            _one_of("item", ITEMS, "number", prefix).alias("item_id"),
            F.get(kinds, (F.col("number") % 6).cast("int")).alias("event_type"),
            (F.col("number") % 100 + 0.5).alias("price"),
        )
    )


def _one_of(kind: str, of: int, column: str, seed: str) -> Column:
    return F.format_string(f"{kind}-%05d", F.pmod(F.xxhash64(column, F.lit(seed)), F.lit(of)))


if __name__ == "__main__":
    typer.run(main)
