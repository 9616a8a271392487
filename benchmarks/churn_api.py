"""How fast does the churn API answer, and does its memory stay flat? `python -m benchmarks.churn_api`.

A model is trained on simulated shoppers, `reclake serve churn` started on the loopback, and asked at a steady rate from
this process. A request's time counts from when it was due, so that one which waits for a slow one before it is not
flattered.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import numpy as np
import psutil
import typer
from rich.console import Console
from tenacity import retry, stop_after_delay, wait_fixed

from benchmarks.churn import labelled
from gold.churn.candidates import BOOSTING, CANDIDATES, fit
from gold.churn.features import REQUIRED
from gold.churn.judging import Rows
from gold.churn.registered import ChurnConfiguration, churn_models
from gold.churn.training import log_and_register
from lakehouse.settings import Settings
from lakehouse.tracking import tracked_run
from reclake.report import table_of

HOST = "127.0.0.1"
CONNECTIONS = 8
WARM_UP_REQUESTS = 500
COLUMNS = ("model", "requests", "errors", "p50", "p95", "p99", "slowest", "CPU", "memory before", "after")


def main(
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long to ask.")] = 60,
    rate: Annotated[int, typer.Option(min=1, max=2_000, help="Requests per second.")] = 200,
    kind: Annotated[str, typer.Option(help=f"The model: {', '.join(CANDIDATES)}.")] = BOOSTING,
) -> None:
    """Ask the API at a steady rate."""
    console = Console()
    with tempfile.TemporaryDirectory() as home, console.status("Training ..."):
        settings = Settings(reclake_home=Path(home), mlflow_tracking_uri=None, churn_api_key=None)
        rows = trained(settings, kind)
        with served(settings) as (process, port):
            asyncio.run(asked(port, rows, WARM_UP_REQUESTS, rate))
            before, used = process.memory_info().rss, sum(process.cpu_times()[:2])
            found = asyncio.run(asked(port, rows, int(seconds * rate), rate))
            after, used = process.memory_info().rss, sum(process.cpu_times()[:2]) - used
    milliseconds = np.array([taken * 1_000 for taken, status in found if status == 200])
    cells = [
        kind,
        f"{len(found):,}",
        f"{len(found) - len(milliseconds):,}",
        *(f"{np.percentile(milliseconds, share):.1f} ms" for share in (50, 95, 99, 100)),
        f"{used / seconds:.0%}",
        *(f"{size / 2**20:.1f} MiB" for size in (before, after)),
    ]
    console.print(table_of(f"{rate} requests/s for {seconds:.0f} s", COLUMNS, [cells], COLUMNS[1:]))


def trained(settings: Settings, kind: str) -> list[bytes]:
    """Register a model of a kind as the champion, and return bodies to ask it with."""
    frame = labelled(seed=1, weeks=8, users=1_000, events=20_000, churners=0.2)
    rows = Rows.of(frame)
    model = fit(kind, rows.inputs, rows.churned, threshold=0.2)
    with tracked_run(settings, "benchmark"):
        version = log_and_register(settings, model)
    registry = churn_models(settings)
    configuration = ChurnConfiguration(kind=kind, horizon_days=7, threshold=0.2)
    registry.describe(version, configuration, rows.as_of.max().item(), 0.0, "benchmark")
    registry.promote(version)
    inputs = frame.drop(columns=["user_id", "as_of", "churned"]).head(1_000).to_dict("records")
    # Every other one says only what has to be said.
    short = [{name: one[name] for name in REQUIRED} if number % 2 else one for number, one in enumerate(inputs)]
    return [json.dumps(one).encode() for one in short]


@contextmanager
def served(settings: Settings) -> Iterator[tuple[psutil.Process, int]]:
    """Run `reclake serve churn` in a process of its own until the end of the block."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "reclake", "serve", "churn", "--port", str(port)]
    environment = os.environ | {"RECLAKE_HOME": str(settings.home), "CHURN_API_RATE": "1000000/second"}
    with subprocess.Popen(command, env=environment) as process:
        try:
            _until_ready(port)
            yield psutil.Process(process.pid), port
        finally:
            process.terminate()


async def asked(port: int, bodies: list[bytes], requests: int, rate: int) -> list[tuple[float, int]]:
    """Send requests at a steady rate over a few connections: seconds since each was due, and its status."""
    began = time.perf_counter() + 0.1
    # Each connection takes the next request that is due: a slow one holds up none of the others.
    due = iter(range(requests))
    found: list[tuple[float, int]] = []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        for number in due:
            at = began + number / rate
            await asyncio.sleep(at - time.perf_counter())
            body = bodies[number % len(bodies)]
            writer.write(
                b"POST /predict HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\n"
                + f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            found.append((time.perf_counter() - at, int(head.split()[1])))
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return found


@retry(stop=stop_after_delay(60), wait=wait_fixed(0.2), reraise=True)
def _until_ready(port: int) -> None:
    httpx.get(f"http://{HOST}:{port}/ready").raise_for_status()


if __name__ == "__main__":
    typer.run(main)
