"""`reclake run JOB`: a job of the bundle on this machine, with its progress and a table of how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse.interruption import exit_code

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rich.console import Console
    from rich.table import Table

    from lakehouse.jobs.result import Event, JobRun
    from lakehouse.lake import Lakehouse
    from lakehouse.settings import Settings

_STYLES = {"SUCCESS": "green", "SUCCESS_WITH_FAILURES": "yellow", "FAILED": "bold red", "UPSTREAM_FAILED": "red"}


def register(app: typer.Typer) -> None:
    """Add the command `run`."""
    app.command()(run)


def run(
    job: Annotated[str, typer.Argument(help="A job of the bundle: `listening` runs everything.")],
    param: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Set a parameter of the job; can be repeated.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="TASK", help="Run this task without the others; can be repeated.")
    ] = None,
) -> None:
    """Run a job on this machine.

    Jobs are those in resources/*.yml, the ones that Databricks runs, under the target `local` of databricks.yml.

    Tasks run in the order of their dependencies, and the exit code is 1 if one of them failed.
    """
    from rich.console import Console

    from lakehouse.lake import Lakehouse
    from lakehouse.settings import load_settings

    with Lakehouse(load_settings()) as lake:
        done = run_with_progress(lake, job, _pairs(param or []), Console(), only=only or [])
    if done.failed:
        raise typer.Exit(1)


def run_with_progress(
    lake: Lakehouse, job: str, parameters: Mapping[str, str], console: Console, *, only: Collection[str] = ()
) -> JobRun:
    """Run a job of the nearest bundle, showing what runs as it runs, and tell and record how each task went.

    Parameters
    ----------
    lake : Lakehouse
        Whose session all tasks share, and whose settings hold where the job's parameters say nothing.
    parameters : mapping of str to str
        Values instead of the defaults of the job's parameters.
    only : collection of str
        Keys of the tasks to run; none: all.

    Raises
    ------
    JobDefinitionError
        The bundle is not found or wrong, or has no such job, parameter or task.
    ServiceError
        Spark has no Java to run on.
    """
    from lakehouse.jobs.definition import load_jobs
    from lakehouse.jobs.execution import on_lake
    from lakehouse.jobs.history import record
    from lakehouse.jobs.runner import require_runnable, run_job
    from lakehouse.spark import require_startable

    jobs = load_jobs()
    require_runnable(jobs, job, parameters, only)
    require_startable(lake.settings)
    with _Progress(console) as progress:
        try:
            done = run_job(jobs, job, on_lake(lake), parameters=parameters, only=only, on_event=progress.show)
        except KeyboardInterrupt:
            progress.stop()
            console.print(_how_far(job, progress), style="yellow", markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(exit_code()) from None
    console.print(_table(done))
    _print_failures(done, lake.settings, console)
    record(lake, done)
    return done


class _Progress:
    """The running task with its clock on the last line, and a line for each task that ended."""

    def __init__(self, console: Console) -> None:
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        self._progress = Progress(*columns, console=console, transient=True)
        self.running: str | None = None
        self.num_done = 0

    def __enter__(self) -> _Progress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the last line away."""
        self._progress.stop()

    def show(self, event: Event) -> None:
        from lakehouse.jobs.result import TaskEnded, TaskRetried, TaskStarted

        for line in self._progress.task_ids:
            self._progress.remove_task(line)
        match event:
            case TaskStarted(name, attempt):
                self.running = name
                self._progress.add_task(name if attempt == 1 else f"{name} (attempt {attempt})", total=None)
            case TaskRetried(name, attempt, error, wait):
                self._say(f"{name}: attempt {attempt} failed ({type(error).__name__}), next in {wait:.0f} s", "yellow")
            case TaskEnded(result):
                self.running = None
                self.num_done += result.state.is_success
                self._say(f"{result.state.value:<15} {result.seconds:7.1f} s  {result.name}", _STYLES.get(result.state))

    def _say(self, text: str, style: str | None) -> None:
        self._progress.console.print(text, style=style or "dim", markup=False, highlight=False)


def _how_far(job: str, progress: _Progress) -> str:
    where = f" in the task {progress.running}" if progress.running else ""
    done = (
        "1 task is done, and stays so" if progress.num_done == 1 else f"{progress.num_done} tasks are done, and stay so"
    )
    return f"{job}: interrupted{where}. {done}: run it again to go on from there."


def _table(run: JobRun) -> Table:
    from rich.table import Table
    from rich.text import Text

    title = f"{run.job}: {run.state.value} in {run.seconds:.1f} s"
    table = Table(title=title, title_style=_STYLES.get(run.state, ""), title_justify="left")
    table.add_column("task")
    table.add_column("state")
    table.add_column("attempts", justify="right")
    table.add_column("seconds", justify="right")
    for task in run.tasks:
        state = Text(task.state.value, style=_STYLES.get(task.state, "dim"))
        ran = (str(task.attempts), f"{task.seconds:.1f}") if task.attempts else ("", "")
        table.add_row(Text(task.name), state, *ran)
    return table


def _print_failures(run: JobRun, settings: Settings, console: Console) -> None:
    from lakehouse.jobs.failures import explain

    for task in run.failed:
        text = f"{task.name}: {explain(run, task, settings)}"
        console.print(text, style="red", markup=False, highlight=False, soft_wrap=True)


def _pairs(given: Collection[str]) -> dict[str, str]:
    from lakehouse.errors import TaskParameterError

    for text in given:
        if "=" not in text:
            raise TaskParameterError(f"--param {text} has no value: write --param {text}=VALUE.")
    return dict(text.split("=", 1) for text in given)
