"""The commands that put data in: `reclake simulate` and `reclake replay`."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reclake.errors import TaskParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from producers.record import Counts

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells count it."""


class FileFormat(StrEnum):
    """Formats that a recorded file may have."""

    csv = "csv"
    json = "json"
    parquet = "parquet"


def register(app: typer.Typer) -> None:
    """Add the commands `simulate` and `replay` to the command line."""
    simulate = typer.Typer(help="Publish simulated behaviour to Kafka; without a command: podcast listening.")
    simulate.callback(invoke_without_command=True)(listening)
    simulate.command("listening")(listening)
    app.add_typer(simulate, name="simulate")
    app.command("replay")(replay)


def listening(
    context: typer.Context,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same users, episodes and events.")] = 42,
    run: Annotated[int, typer.Option(min=0, help="Run k is week k from 2024-01-01 on, with new episodes.")] = 0,
    events: Annotated[int, typer.Option(min=1, help="Valid distinct events.")] = 50_000,
    users: Annotated[int, typer.Option(min=1, help="Listeners.")] = 1_000,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Events per second at most.")] = None,
    duration: Annotated[float | None, typer.Option(min=0.001, help="Stop after so many seconds.")] = None,
    duplicates: Annotated[float, typer.Option(min=0, max=1, help="Share of events that are sent twice.")] = 0.02,
    late: Annotated[float, typer.Option(min=0, max=1, help="Share sent up to 3 days late, out of order.")] = 0.01,
    malformed: Annotated[float, typer.Option(min=0, max=1, help="Share of broken records on top.")] = 0.005,
) -> None:
    """Publish a simulated week of podcast listening: new episodes, then events, with faults in chosen shares."""
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    from producers.listening import Simulation
    from producers.simulation import simulate
    from reclake.settings import load_settings

    simulation = Simulation(
        seed=seed,
        run=run,
        events=events,
        users=users,
        duplicate_share=duplicates,
        late_share=late,
        malformed_share=malformed,
    )
    settings = load_settings()
    publish_with_progress(
        f"Simulating week {run}",
        simulation.expected().total(),
        lambda show: simulate(settings, simulation, rate=rate, duration=duration, on_progress=show),
    )


def replay(
    path: Annotated[Path, typer.Argument(help="CSV, JSON or Parquet file, or a MovieLens folder.", show_default=False)],
    topic: Annotated[str, typer.Option(help="Where the events go.")] = "user-events",
    titles: Annotated[Path | None, typer.Option(help="File of titles, published to `episode-metadata`.")] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="Where a field comes from; repeatable.")
    ] = None,
    event: Annotated[str | None, typer.Option(help="The event that every row is.")] = None,
    complete_from: Annotated[
        float | None,
        typer.Option(help="A rating from here on is also a `complete` event. [MovieLens: 4.5, else never]"),
    ] = None,
    speed_up: Annotated[float, typer.Option(min=0, help="3600: a recorded hour per second; 0: no waiting.")] = 0,
    file_format: Annotated[FileFormat | None, typer.Option("--format", help="[default: by the extension]")] = None,
) -> None:
    """Publish recorded behaviour to Kafka in time order; MovieLens ratings are recognised.

    Other files need the columns ts, user_id, new_episode_id and event, or `--map` and `--event`. Every row is sent;
    rows that are incomplete end in quarantine. The same file twice counts once.
    """
    from producers.replay import replay as send
    from reclake.settings import load_settings

    columns = dict(_field_and_column(entry) for entry in mapping or [])
    settings = load_settings()
    publish_with_progress(
        f"Replaying {path.name}",
        None,
        lambda show: send(
            settings,
            path,
            topic=topic,
            titles=titles,
            mapping=columns,
            event=event,
            complete_from=complete_from,
            speed_up=speed_up,
            file_format=file_format.value if file_format else None,
            on_progress=show,
        ),
    )


def _refuse_options_before(context: typer.Context) -> None:
    given = [
        name for name in context.params if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    ]
    if given:
        command = context.invoked_subcommand
        raise TaskParameterError(
            f"`--{given[0]}` stands before `{command}` and would not count. "
            f"Write `reclake simulate {command} --{given[0]} ...`."
        )


def _field_and_column(entry: str) -> tuple[str, str]:
    field, equals, column = entry.partition("=")
    if not (field and equals and column):
        raise TaskParameterError(f"`--map {entry}` is not of the form field=column, such as `--map user_id=userId`.")
    return field, column


def publish_with_progress(title: str, total: int | None, send: Callable[[Callable[[Counts], None]], Counts]) -> None:
    """Run `send` under a progress bar, then show what was delivered, also after Ctrl-C."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console()
    latest: list[Counts] = []
    interrupted = False
    started = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title.replace("[", r"\["), total=total)

        def show(counts: Counts) -> None:
            latest[:] = [counts]
            bar.update(task, completed=counts.delivered)

        try:
            show(send(show))
        except KeyboardInterrupt:
            interrupted = True
    seconds = time.monotonic() - started
    if latest:
        _show(console, latest[0], seconds)
    if interrupted:
        console.print(f"Interrupted: {latest[0].delivered if latest else 0:,} records were delivered.")
        raise typer.Exit(INTERRUPTED)


def _show(console: Console, counts: Counts, seconds: float) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", show_footer=True)
    table.add_column("record", footer="delivered")
    table.add_column("number", footer=f"{counts.delivered:,}", justify="right")
    for kind, number in sorted(counts.by_kind.items()):
        table.add_row(kind, f"{number:,}")
    console.print(table)
    console.print(f"{seconds:.1f} s, {counts.delivered / max(seconds, 0.001):,.0f} records/s", highlight=False)
