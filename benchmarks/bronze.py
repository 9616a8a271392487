"""Kafka to bronze: RecLake's ingestion beside a bare Spark copy of the same topic, run in turn."""

from __future__ import annotations

from statistics import median
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.lakes import benchmark_home, fresh, seconds
from bronze.ingest import ingest
from lakehouse.kafka import spark_options
from lakehouse.lake import Lakehouse
from lakehouse.services import kafka_bootstrap
from producers.simulator.listening import Simulation
from producers.simulator.simulation import simulate
from reclake.report import table_of


def main(
    events: Annotated[int, typer.Option(help="Events in the topic.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(help="Runs of each, after two that do not count.")] = 7,
) -> None:
    """Compare the rates at which a topic becomes a Delta table."""
    console = Console()
    with benchmark_home() as lake:
        bootstrap = kafka_bootstrap(lake.settings)
        sent = simulate(lake.settings, Simulation(events=events, users=max(1_000, events // 50)))
        records = sent.delivered - sent.by_kind["episode"]
        external = lake.with_settings(lake.settings.model_copy(update={"kafka_bootstrap_servers": bootstrap}))
        ours: list[float] = []
        bare: list[float] = []
        contestants = [(bare, _bare_copy), (ours, _ingestion)]
        for number in range(rounds + 2):
            with console.status(f"round {number + 1} of {rounds + 2}"):
                for rates, copy in contestants:
                    rates.append(records / seconds(copy, fresh(external), bootstrap))
            contestants.reverse()  # neither always runs on what the other left in the caches
        ratios = [mine / peer for mine, peer in zip(ours[2:], bare[2:], strict=True)]
    rows: list[tuple[object, ...]] = [
        (number, f"{mine:,.0f}", f"{peer:,.0f}", f"{ratio:.2f}")
        for number, (mine, peer, ratio) in enumerate(zip(ours[2:], bare[2:], ratios, strict=True), 1)
    ]
    rows.append(("median", f"{median(ours[2:]):,.0f}", f"{median(bare[2:]):,.0f}", f"{median(ratios):.2f}"))
    title = f"Kafka to bronze, {records:,} records: records/s (at least 0.85 of the bare copy is wanted)"
    console.print(table_of(title, ("round", "reclake", "bare copy", "ratio"), rows, ("reclake", "bare copy", "ratio")))


def _ingestion(lake: Lakehouse, _: str) -> None:
    ingest.run(lake, {"topic": "user-events"})


def _bare_copy(lake: Lakehouse, bootstrap: str) -> None:
    records = (
        lake.spark.readStream.format("kafka")
        .options(**spark_options(lake.settings, bootstrap), subscribe="user-events", startingOffsets="earliest")
        .option("includeHeaders", "true")
        .load()
    )
    stream = records.writeStream.format("delta").option("checkpointLocation", str(lake.settings.home / "checkpoint"))
    stream.trigger(availableNow=True).start(str(lake.settings.home / "copy")).awaitTermination()


if __name__ == "__main__":
    typer.run(main)
