"""How old is an event when PostgreSQL has it? `python -m benchmarks.latency`.

Clicks are sent to a real broker at a steady rate, each with the time of its sending, while `reclake stream` runs
beside in a process of its own. The table `raw_events` is asked four times a second how many there are: the k-th event
is that old when the count reaches k. What came before the first runs are through (Spark starts, the JVM warms up) is
left out.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from benchmarks.lakes import benchmark_home
from producers import pace
from producers.clicks import Simulation
from producers.publisher import Publisher
from producers.record import Record
from reclake.cli.report import table_of
from reclake.database import connect, connect_read_only
from reclake.kafka import client_config, ensure_topics
from reclake.services import kafka_bootstrap
from reclake.settings import Settings

POLL_SECONDS = 0.25


def main(
    rate: Annotated[int, typer.Option(min=1, help="Events per second.")] = 1_000,
    seconds: Annotated[int, typer.Option(min=10, help="Seconds that are measured.")] = 120,
    warm_up: Annotated[int, typer.Option(min=0, help="Seconds before that.")] = 90,
) -> None:
    """Measure the time from an event to PostgreSQL."""
    with benchmark_home() as lake:
        settings = lake.settings
        bootstrap = kafka_bootstrap(settings)
        ensure_topics(settings, bootstrap)
        with connect(settings):
            pass
        stream = subprocess.Popen(
            [sys.executable, "-m", "reclake", "stream", "--seconds", str(warm_up + seconds + 30)],
            env=os.environ | {"RECLAKE_HOME": str(settings.home)},
            stdout=subprocess.PIPE,
            text=True,
        )
        sent: list[float] = []
        sender = threading.Thread(target=_send, args=(settings, bootstrap, rate, warm_up + seconds, sent), daemon=True)
        began = time.time()
        sender.start()
        arrived = list(_arrivals(settings, lambda: sender.is_alive() or time.time() < began + warm_up + seconds + 25))
        stream.terminate()
        output = stream.communicate()[0]
    at = np.array([moment for moment, _ in arrived])
    counts = np.array([count for _, count in arrived])
    due = np.array(sent)
    reached = np.searchsorted(counts, np.arange(1, len(due) + 1))
    known = reached < len(at)
    ages = at[reached[known]] - due[known]
    measured = ages[(due[known] >= began + warm_up) & (due[known] < began + warm_up + seconds)]
    percentiles = [f"{value:.1f} s" for value in np.percentile(measured, (50, 95, 99))]
    row = (f"{len(measured):,}", *percentiles, f"{measured.max():.1f} s", f"{int((~known).sum()):,}")
    Console().print(output.strip())
    columns = ("events", "p50", "p95", "p99", "slowest", "not there at the end")
    Console().print(table_of(f"From an event to PostgreSQL, {rate:,} events/s", columns, [row], columns))


def _send(settings: Settings, bootstrap: str, rate: int, seconds: int, sent: list[float]) -> None:
    simulation = Simulation(events=rate * seconds, users=5_000, duplicate_share=0, late_share=0, malformed_share=0)

    def now() -> Iterator[Record]:
        for record in simulation.event_records():
            moment = time.time()
            sent.append(moment)
            stamp = dt.datetime.fromtimestamp(moment, dt.UTC).isoformat()
            yield record._replace(value=json.dumps(json.loads(record.value) | {"timestamp": stamp}).encode())

    with Publisher(client_config(settings, bootstrap)) as publisher:
        publisher.publish(pace.steady(now(), rate, seconds))


def _arrivals(settings: Settings, goes_on: Callable[[], bool]) -> Iterator[tuple[float, int]]:
    """When `raw_events` was asked, and how many events it had."""
    with connect_read_only(settings) as connection:
        while goes_on():
            (count,) = connection.execute("SELECT count(*) FROM raw_events").fetchone() or (0,)
            yield time.time(), count
            time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    typer.run(main)
