"""Landing files to bronze: RecLake's ingestion beside a bare Spark copy of the same files, and what many files cost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.lakes import benchmark_home, fresh, seconds
from bronze.ingest import ingest
from lakehouse import tables
from lakehouse.lake import Lakehouse
from producers.simulator.listening import Simulation
from producers.simulator.simulation import simulate
from reclake.report import table_of

TOPIC = "user-events"


def main(
    events: Annotated[int, typer.Option(help="Events in the files.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(help="Runs of each, after two that do not count.")] = 7,
    files: Annotated[int, typer.Option(help="Files of one event each, to see what many cost; 0: none.")] = 100_000,
) -> None:
    """Compare the rates at which files of events become a Delta table, and see what 100,000 files cost."""
    console = Console()
    with benchmark_home(events_source="files", landing_settle_seconds=0) as lake:
        sent = simulate(lake.settings, Simulation(events=events, users=max(1_000, events // 50)), to=_made(lake))
        records = sent.delivered - sent.by_kind["episode"]
        _show(console, *_rates(console, lake, records, rounds), records)
        if files:
            _many(console, lake, files)


def _rates(console: Console, lake: Lakehouse, records: int, rounds: int) -> tuple[Sequence[float], Sequence[float]]:
    """Rates at which each takes new files into a table that has those of the rounds before."""
    ours: list[float] = []
    bare: list[float] = []
    contestants: list[tuple[list[float], Callable[[Lakehouse, Path], None]]] = [(bare, _bare_copy), (ours, _ingestion)]
    for number in range(rounds + 2):
        folder = _arriving(lake, number)
        with console.status(f"round {number + 1} of {rounds + 2}"):
            for rates, copy in contestants:
                rates.append(records / seconds(copy, lake, folder))
        contestants.reverse()  # neither always runs on what the other left in the caches
    return ours[2:], bare[2:]


def _made(lake: Lakehouse) -> Path:
    return lake.settings.home / "made"


def _arriving(lake: Lakehouse, number: int) -> Path:
    """Let the events that were made arrive once more, as files of another content."""
    folder = lake.settings.landing / TOPIC / f"round-{number}"
    folder.mkdir(parents=True)
    for made in (_made(lake) / TOPIC).iterdir():
        with made.open("rb") as source, (folder / made.name).open("wb") as file:
            file.write(b'{"round": %d}\n' % number)
            shutil.copyfileobj(source, file)
    return folder


def _show(console: Console, ours: Sequence[float], bare: Sequence[float], records: int) -> None:
    ratios = [mine / peer for mine, peer in zip(ours, bare, strict=True)]
    rows: list[tuple[object, ...]] = [
        (number, f"{mine:,.0f}", f"{peer:,.0f}", f"{ratio:.2f}")
        for number, (mine, peer, ratio) in enumerate(zip(ours, bare, ratios, strict=True), 1)
    ]
    rows.append(("median", f"{median(ours):,.0f}", f"{median(bare):,.0f}", f"{median(ratios):.2f}"))
    title = f"Files to bronze, {records:,} lines: lines/s (at least 0.8 of the bare copy is wanted)"
    console.print(table_of(title, ("round", "reclake", "bare copy", "ratio"), rows, ("reclake", "bare copy", "ratio")))


def _many(console: Console, lake: Lakehouse, files: int) -> None:
    with console.status(f"{files:,} files"):
        many = fresh(lake)
        folder = many.settings.landing / TOPIC
        folder.mkdir(parents=True)
        for number in range(files):
            (folder / f"{number:06}.jsonl").write_text(json.dumps({"event_id": str(number)}) + "\n")
        times = [seconds(_ingestion, many, folder) for _ in range(3)]
        assert many.read(tables.raw_user_events).count() == files
    rows = [("all are new", f"{times[0]:.1f}"), *(("none is new", f"{time:.1f}") for time in times[1:])]
    title = f"{files:,} files: seconds of a run (under 3 are wanted without new files)"
    console.print(table_of(title, ("run", "seconds"), rows, ("seconds",)))


def _ingestion(lake: Lakehouse, _: Path) -> None:
    ingest.run(lake, {"topic": TOPIC})


def _bare_copy(lake: Lakehouse, folder: Path) -> None:
    lake.spark.read.text(str(folder)).write.format("delta").mode("append").save(str(lake.settings.home / "copy"))


if __name__ == "__main__":
    typer.run(main)
