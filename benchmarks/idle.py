"""A scheduled run with nothing new: what each job costs beyond the start of the session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from benchmarks.lakes import benchmark_home
from lakehouse.jobs.definition import load_jobs
from lakehouse.jobs.execution import on_lake
from lakehouse.jobs.runner import run_job
from lakehouse.lake import Lakehouse
from producers.simulator.listening import Simulation
from producers.simulator.simulation import simulate
from reclake.report import table_of

if TYPE_CHECKING:
    from rich.table import Table

    from lakehouse.jobs.result import JobRun

JOBS = ("bronze", "silver", "gold", "export")


def main(events: Annotated[int, typer.Option(help="Events of the run with news.")] = 50_000) -> None:
    """Run every job with news, and again, on a new session, without."""
    console = Console()
    jobs = load_jobs()
    with benchmark_home() as lake:
        simulate(lake.settings, Simulation(events=events))
        with console.status("with news"):
            first = {name: run_job(jobs, name, on_lake(lake)) for name in JOBS}
        lake.spark.stop()
        with Lakehouse(lake.settings) as again, console.status("without news"):
            again.spark.range(1).count()
            second = {name: run_job(jobs, name, on_lake(again)) for name in JOBS}
        console.print(_table(first, second))


def _table(first: Mapping[str, JobRun], second: Mapping[str, JobRun]) -> Table:
    rows = [
        (name, f"{first[name].seconds:.1f}", f"{second[name].seconds:.1f}", second[name].state.value) for name in JOBS
    ]
    title = "Jobs without news, on a session that just started: seconds (under 10 each is wanted)"
    return table_of(title, ("job", "with news", "without", "state"), rows, ("with news", "without"))


if __name__ == "__main__":
    typer.run(main)
