"""Commands of what is read while people shop: `stream`, `funnel` and `train churn`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse.interruption import exit_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lakehouse.database.funnels import Funnel

JOB, EVENTS_ONLY = "realtime", ("clicks", "store_events")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(stream)
    app.command()(funnel)
    train = typer.Typer(help="Train a model.", no_args_is_help=True)
    train.callback()(_train)
    train.command("churn")(churn)
    app.add_typer(train, name="train")


def stream(
    seconds: Annotated[float | None, typer.Option(min=0, help="End after so long; without, Ctrl-C ends it.")] = None,
    figures: Annotated[float, typer.Option(min=0, help="Seconds between two rounds of funnel and churn.")] = 300,
    pause: Annotated[float, typer.Option(min=0, help="Seconds between one run and the next.")] = 0,
) -> None:
    """Run the job `realtime` again and again, so that clicks reach PostgreSQL within seconds.

    Every run is of the tasks that clicks pass through. Those that sum up, funnel and churn, come now and then, one in
    each run, so that no click waits for all of them. One Spark session serves all. A run that fails is said in a line,
    and the next one does its work.
    """
    import time

    from rich.console import Console

    from lakehouse.jobs.definition import load_jobs
    from lakehouse.jobs.execution import on_lake
    from lakehouse.jobs.failures import explain
    from lakehouse.jobs.history import record
    from lakehouse.jobs.result import Event, TaskStarted
    from lakehouse.jobs.runner import run_job
    from lakehouse.lake import Lakehouse
    from lakehouse.settings import load_settings
    from lakehouse.spark import require_startable

    console, jobs, settings = Console(), load_jobs(), load_settings()
    require_startable(settings)
    summing_up = [task.task_key for task in jobs[JOB].tasks if task.task_key not in EVENTS_ONLY]
    until = time.monotonic() + (float("inf") if seconds is None else seconds)

    def show(event: Event) -> None:
        if isinstance(event, TaskStarted):
            status.update(f"{event.name} ...")

    with Lakehouse(settings) as lake, console.status("Starting Spark ...") as status:
        try:
            for turn in turns(summing_up, figures, time.monotonic):
                if time.monotonic() >= until:
                    break
                done = run_job(jobs, JOB, on_lake(lake), only=(*EVENTS_ONLY, *turn), on_event=show)
                for task in done.failed:
                    text = f"{task.name}: {explain(done, task, lake.settings)}"
                    console.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
                slowest = sorted(done.tasks, key=lambda task: -task.seconds)[:3]
                where = ", ".join(f"{task.name} {task.seconds:.1f} s" for task in slowest)
                line = f"{done.started:%H:%M:%S}  {done.state.value:<10} {done.seconds:5.1f} s  {where}"
                console.print(line, highlight=False, soft_wrap=True)
                # To record takes about as long as a run of two tasks.
                if summing_up[-1] in turn or done.failed:
                    record(lake, done)
                time.sleep(pause)
        except KeyboardInterrupt:
            console.print("Ended. What was not stored yet is stored by the next run.")
            raise typer.Exit(exit_code()) from None


def turns(tasks: Sequence[str], seconds: float, clock: Callable[[], float]) -> Iterator[Sequence[str]]:
    """For each run, what joins it: one of `tasks` after the other, then nothing until a round is `seconds` old.

    Examples
    --------
    >>> from itertools import count, islice
    >>> [*islice(turns(["a", "b"], 3, count().__next__), 6)]
    [['a'], ['b'], [], [], ['a'], ['b']]
    """
    while True:
        begun = clock()
        yield from ([task] for task in tasks)
        while clock() - begun < seconds:
            yield []


def funnel(
    n: Annotated[int, typer.Option("-n", min=1, max=1_000, help="Windows of ten minutes.")] = 12,
) -> None:
    """Show how many shoppers looked, had a cart and bought in the newest windows, and over all of these."""
    from rich.console import Console

    from lakehouse.database import connect_read_only
    from lakehouse.database.funnels import newest_windows, overall
    from lakehouse.errors import NothingToServeError
    from lakehouse.settings import load_settings
    from reclake.report import table_of

    with connect_read_only(load_settings()) as connection:
        windows = newest_windows(connection, n)
        if not windows:
            raise NothingToServeError("The funnel is empty: run `reclake run realtime`.")
        whole = overall(connection, windows[-1].start)
    state = {(True, False): "", (True, True): "late", (False, False): "open", (False, True): "open"}
    rows = [
        (f"{one.start:%Y-%m-%d %H:%M}", state[one.is_final, one.is_corrected], *_cells(one.funnel)) for one in windows
    ]
    columns = ("window, UTC", "", "looked", "cart", "bought", "cart %", "buy %", "all %")
    console = Console()
    console.print(
        table_of(
            "Shoppers in windows of ten minutes",
            columns,
            [*rows, ("all", "", *_cells(whole))],
            columns[2:],
        )
    )


def churn() -> None:
    """Train the model that predicts which shoppers leave, and say which candidate serves and why.

    It learns from the days that `reclake run realtime` has summed up, three weeks of them at least.
    """
    from rich.console import Console

    from gold.churn.tasks import train
    from gold.judging.rules import CONFIDENCE_95
    from lakehouse.lake import Lakehouse
    from lakehouse.settings import load_settings
    from reclake.report import table_of

    console = Console()
    with Lakehouse(load_settings()) as lake, console.status("Training ..."):
        trained = train(lake)
    shown = {"AUC-PR": "auc_pr", "AUC-ROC": "auc_roc", "Brier": "brier"}
    rows = [
        (kind, *(f"{value:.3f}" + (f" ± {CONFIDENCE_95 * error:.3f}" if error else "") for value, error in measured))
        for kind, scores in trained.scores.items()
        for measured in [[scores[metric] for metric in shown.values()]]
    ]
    console.print(table_of("Who leaves, on the newest days", ("candidate", *shown), rows, [*shown]))
    console.print(f"Version {trained.version}: {trained.verdict}", highlight=False, markup=False)


def _train() -> None:
    """Keep `churn` a command of its own while it is the only one."""


def _cells(funnel: Funnel) -> tuple[str, ...]:
    shares = (funnel.cart_rate, funnel.purchase_rate, funnel.conversion)
    counts = (funnel.viewed, funnel.carted, funnel.purchased)
    return (*(f"{count:,}" for count in counts), *("-" if share is None else f"{share:.1%}" for share in shares))
