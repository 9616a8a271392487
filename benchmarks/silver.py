"""Bronze to silver: the same new events on top of a short and of a long history."""

from __future__ import annotations

import datetime as dt
from statistics import median
from typing import Annotated

import psutil
import typer
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from rich.console import Console

from benchmarks.lakes import benchmark_home, fresh, seconds
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.settings import EventWeights
from reclake.report import table_of
from silver.listening.engagement import daily
from silver.listening.events import with_weight
from silver.listening.tasks import update_engagement, update_events

PER_DAY = 100_000
USERS, EPISODES = 20_000, 5_000
TODAY = dt.date(2024, 6, 1)
LATE_SHARE, DUPLICATE_SHARE, LATEST_DAYS = 0.01, 0.02, 3


def main(
    short: Annotated[int, typer.Option(help="Days of the short history.")] = 10,
    long: Annotated[int, typer.Option(help="Days of the long history.")] = 100,
    rounds: Annotated[int, typer.Option(help="Batches of new events, after one that does not count.")] = 3,
) -> None:
    """Compare what 100,000 new events cost (1 % late by up to 3 days, 2 % duplicates)."""
    console = Console()
    with benchmark_home() as home:
        lakes = {days: fresh(home) for days in (short, long)}
        for days, lake in lakes.items():
            with console.status(f"making {days} days of {PER_DAY:,} events"):
                _make_history(lake, days)
        costs: dict[int, list[float]] = {days: [] for days in lakes}
        for number in range(rounds + 1):
            for days, lake in lakes.items():
                with console.status(f"round {number} of {rounds}, {days} days"):
                    _receive(lake, number)
                    costs[days].append(seconds(_work_off, lake))
        memory = psutil.Process().memory_info().rss / 2**20
    counted = {days: found[1:] for days, found in costs.items()}
    ratios = [b / a for a, b in zip(counted[short], counted[long], strict=True)]
    rows: list[tuple[object, ...]] = [
        (number, f"{a:.1f}", f"{b:.1f}", f"{ratio:.2f}")
        for number, (a, b, ratio) in enumerate(zip(counted[short], counted[long], ratios, strict=True), 1)
    ]
    rows.append(("median", f"{median(counted[short]):.1f}", f"{median(counted[long]):.1f}", f"{median(ratios):.2f}"))
    columns = ("round", f"{short} days", f"{long} days", "ratio")
    title = f"{PER_DAY:,} new events into silver and daily engagement: seconds (a ratio of at most 1.3 is wanted)"
    console.print(table_of(title, columns, rows, columns[1:]))
    console.print(f"memory of the Python driver at the end: {memory:.0f} MiB", highlight=False)


def _work_off(lake: Lakehouse) -> None:
    update_events.run(lake, {})
    update_engagement.run(lake, {})


def _make_history(lake: Lakehouse, days: int) -> None:
    """Write a day at a time, as the days came, and tell the consumers that they have read them."""
    for age in range(days, 0, -1):
        day = TODAY - dt.timedelta(days=age)
        events = _events(lake, f"day-{age}", PER_DAY).withColumn("day", F.lit(day))
        events = events.withColumn(
            "ts", F.to_timestamp(F.lit(day)) + F.expr("make_dt_interval(0, 0, 0, number % 86400)")
        )
        weighted = events.transform(with_weight, EventWeights())
        _append(lake, tables.user_events, weighted)
        _append(lake, tables.daily_engagement, daily(weighted))
    for table, consumer in ((tables.user_events, "daily_engagement"), (tables.raw_user_events, "user_events")):
        lake.progress.commit(consumer, {str(table): lake.version(table)})


def _append(lake: Lakehouse, table: tables.Table, rows: DataFrame) -> None:
    fitted = rows.select(*(F.col(f.name).cast(f.dataType).alias(f.name) for f in table.schema))
    fitted.write.format("delta").mode("append").saveAsTable(lake.name(table))


def _receive(lake: Lakehouse, number: int) -> None:
    """Put a day's events into bronze as Kafka would have brought them."""
    late = F.when(F.rand(number) < LATE_SHARE, F.floor(F.rand(number + 1) * LATEST_DAYS) + 1).otherwise(0)
    day = F.date_add(F.lit(TODAY + dt.timedelta(days=number)), -late.cast("int"))
    events = _events(lake, f"new-{number}", PER_DAY).withColumn(
        "ts",
        F.date_format(
            F.to_timestamp(day) + F.expr("make_dt_interval(0, 0, 0, number % 86400)"), "yyyy-MM-dd'T'HH:mm:ss'Z'"
        ),
    )
    arrived = events.union(events.where(F.col("number") % 100 < int(DUPLICATE_SHARE * 100)))
    now = F.to_timestamp(F.lit(TODAY + dt.timedelta(days=number + 1)))
    raw = arrived.select(
        F.lit("user-events").alias("topic"),
        F.lit(number).alias("partition"),
        F.monotonically_increasing_id().alias("offset"),
        F.col("user_id").cast("binary").alias("record_key"),
        F.to_json(
            F.struct("event_id", "ts", "user_id", "new_episode_id", "event", "device", "listened_seconds", "rating")
        )
        .cast("binary")
        .alias("value"),
        F.lit(None).alias("headers"),
        now.alias("timestamp"),
        now.alias("ingested_at"),
    )
    _append(lake, tables.raw_user_events, raw)


def _events(lake: Lakehouse, prefix: str, number: int) -> DataFrame:
    numbers = lake.spark.range(number, numPartitions=2).withColumnRenamed("id", "number")
    kinds = F.array(*map(F.lit, ("like", "pause", "pause", "skip", "complete", "rate")))
    return (
        numbers.select(
            "number",
            F.concat(F.lit(f"{prefix}-"), F.col("number").cast("string")).alias("event_id"),
            F.format_string("user-%05d", F.pmod(F.xxhash64("number", F.lit(prefix)), F.lit(USERS))).alias("user_id"),
            F.format_string("ep-%05d", F.pmod(F.xxhash64("number", F.lit(prefix + "e")), F.lit(EPISODES))).alias(
                "new_episode_id"
            ),
            F.get(kinds, (F.col("number") % 6).cast("int")).alias("event"),
            F.lit("phone").alias("device"),
        )
        .withColumn("listened_seconds", F.when(F.col("event") == "pause", (F.col("number") % 900).cast("double")))
        .withColumn("rating", F.when(F.col("event") == "rate", (F.col("number") % 10 + 1) / 2))
    )


if __name__ == "__main__":
    typer.run(main)
