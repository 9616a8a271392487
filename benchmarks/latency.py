"""How old is an event when PostgreSQL has it? `python -m benchmarks.latency`.

Clicks are sent to a real broker at a steady rate, each with the time of its sending, while `reclake stream` runs
beside in a process of its own. PostgreSQL is asked four times a second for a new batch, and after one how many events
`raw_events` has: the k-th event is that old when the count reaches k. What was sent while Spark started and the first
runs went through, which find what came meanwhile and compile their code, is left out.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from benchmarks.lakes import benchmark_home
from lakehouse.database import connect, connect_read_only
from lakehouse.kafka import client_config, ensure_topics
from lakehouse.services import kafka_bootstrap
from lakehouse.services.process import wait_until
from lakehouse.settings import Settings
from producers import pace
from producers.publisher import Publisher
from producers.record import Record
from producers.simulator.clicks import Simulation
from reclake.report import table_of

POLL_SECONDS = 0.25
_START_SECONDS, _RUN_SECONDS, _LATEST_SECONDS = 120, 60, 60


def main(
    rate: Annotated[int, typer.Option(min=1, help="Events per second.")] = 1_000,
    seconds: Annotated[int, typer.Option(min=10, help="Seconds that are measured; 300 have a round of sums.")] = 300,
    runs: Annotated[int, typer.Option(min=1, help="Runs of the stream before that.")] = 20,
) -> None:
    """Measure the time from an event to PostgreSQL."""
    with benchmark_home() as lake:
        settings = lake.settings
        bootstrap = kafka_bootstrap(settings)
        ensure_topics(settings, bootstrap)
        with connect(settings):
            pass
        stream = subprocess.Popen(
            [sys.executable, "-m", "reclake", "stream"],
            env=os.environ | {"RECLAKE_HOME": str(settings.home)},
            stdout=subprocess.PIPE,
            text=True,
        )
        said, sent, arrived, over = list[str](), list[float](), list[tuple[float, int]](), threading.Event()
        start_seconds = _START_SECONDS + runs * _RUN_SECONDS
        beside = [
            threading.Thread(target=work, args=arguments, daemon=True)
            for work, arguments in (
                (_listen, (stream, said)),
                (_send, (settings, bootstrap, rate, start_seconds + seconds + _LATEST_SECONDS, sent, over)),
                (_watch, (settings, arrived, over)),
            )
        ]
        for thread in beside:
            thread.start()
        wait_until(lambda: len(said) >= runs, start_seconds)
        began = time.time()
        time.sleep(seconds)
        ended, expected = time.time(), len(sent)
        wait_until(lambda: arrived[-1][1] >= expected, _LATEST_SECONDS)
        over.set()
        stream.terminate()
        stream.wait()
    at, counts = np.array(arrived).T
    due = np.array(sent[:expected])
    ages = at[np.searchsorted(counts, np.arange(1, expected + 1))] - due
    measured = ages[(due >= began) & (due < ended)]
    percentiles = [f"{value:.1f} s" for value in np.percentile(measured, (50, 95, 99))]
    row = (f"{len(measured):,}", *percentiles, f"{measured.max():.1f} s")
    Console().print("".join(said).strip())
    columns = ("events", "p50", "p95", "p99", "slowest")
    Console().print(table_of(f"From an event to PostgreSQL, {rate:,} events/s", columns, [row], columns))


def _listen(stream: subprocess.Popen[str], said: list[str]) -> None:
    assert stream.stdout is not None
    said.extend(stream.stdout)


def _send(settings: Settings, bootstrap: str, rate: int, most: int, sent: list[float], over: threading.Event) -> None:
    """Send `rate` clicks per second, for at most `most` seconds."""
    simulation = Simulation(events=rate * most, users=5_000, duplicate_share=0, late_share=0, malformed_share=0)

    def now() -> Iterator[Record]:
        for record in simulation.event_records():
            if over.is_set():
                return
            moment = time.time()
            sent.append(moment)
            stamp = dt.datetime.fromtimestamp(moment, dt.UTC).isoformat()
            yield record._replace(value=json.dumps(json.loads(record.value) | {"timestamp": stamp}).encode())

    with Publisher(client_config(settings, bootstrap)) as publisher:
        publisher.publish(pace.steady(now(), rate, most))


def _watch(settings: Settings, arrived: list[tuple[float, int]], over: threading.Event) -> None:
    """Note when `raw_events` got a batch, and how many events it had then."""
    newest = None
    with connect_read_only(settings) as connection:
        while not over.wait(POLL_SECONDS):
            batch = connection.execute("SELECT max(number) FROM batches WHERE table_name = 'raw_events'").fetchone()
            if batch != newest:
                newest = batch
                # Only now, as counting a million events four times a second would take what the stream needs.
                (count,) = connection.execute("SELECT count(*) FROM raw_events").fetchone() or (0,)
                arrived.append((time.time(), count))


if __name__ == "__main__":
    typer.run(main)
