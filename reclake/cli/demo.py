"""`reclake demo`: from simulated or recorded listening to recommendations, through the bundle's own jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import datetime as dt

    from rich.console import Console

    from reclake.lake import Lakehouse
    from reclake.settings import Settings

JOB = "listening"


def register(app: typer.Typer) -> None:
    """Add the command `demo`."""
    app.command()(demo)


def demo(
    recorded: Annotated[
        Path | None,
        typer.Option("--input", help="Recorded behaviour instead of the simulator: a file, or a MovieLens folder."),
    ] = None,
    events: Annotated[int, typer.Option(min=1, help="Events to simulate.")] = 50_000,
    users: Annotated[int, typer.Option(min=1, help="Listeners to simulate.")] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same listeners and events.")] = 42,
) -> None:
    """Show everything on this machine: Kafka, bronze, silver, gold, and the store that applications read.

    Run again, it goes on: the simulator continues with the next week, and only the new events are worked on.
    """
    import datetime as dt

    from rich.console import Console

    from reclake.lake import Lakehouse
    from reclake.services import kafka_bootstrap, mongodb_uri
    from reclake.settings import load_settings

    console = Console()
    settings = load_settings()
    with console.status("Starting the Kafka broker and the document store (the first time, they are downloaded) ..."):
        bootstrap = kafka_bootstrap(settings)
        mongodb_uri(settings)
    console.print(f"Kafka answers at {bootstrap}; the document store is up.", highlight=False)
    started = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    if recorded is None:
        _simulate(settings, seed=seed, events=events, users=users)
    else:
        _replay(settings, recorded)
    with Lakehouse(settings) as lake:
        from reclake.cli.run import run_with_progress

        done = run_with_progress(lake, JOB, {}, console)
        if done.failed:
            raise typer.Exit(1)
        with console.status("Counting ..."):
            _report(lake, started, console)


def _simulate(settings: Settings, *, seed: int, events: int, users: int) -> None:
    """Publish the week after the last one that was published whole."""
    from producers.listening import Simulation
    from producers.simulation import simulate
    from reclake.cli.publishing import publish_with_progress

    state = settings.home / "demo.json"
    runs: dict[str, int] = json.loads(state.read_text()) if state.exists() else {}
    simulation = Simulation(seed=seed, run=runs.get(str(seed), 0), events=events, users=users)
    publish_with_progress(
        f"Simulating week {simulation.run + 1}",
        simulation.expected().total(),
        lambda show: simulate(settings, simulation, on_progress=show),
    )
    settings.home.mkdir(parents=True, exist_ok=True)
    state.write_text(json.dumps(runs | {str(seed): simulation.run + 1}))


def _replay(settings: Settings, recorded: Path) -> None:
    from producers.replay import replay
    from reclake.cli.publishing import publish_with_progress
    from reclake.kafka import USER_EVENTS

    publish_with_progress(
        f"Replaying {recorded}",
        None,
        # The demo's job is about listening, so a recording of something else is refused.
        lambda show: replay(settings, recorded, topic=USER_EVENTS.name, on_progress=show),
    )


def _report(lake: Lakehouse, started: dt.datetime, console: Console) -> None:
    from reclake import document_store
    from reclake.cli import report
    from reclake.quality.gate import data_docs_index
    from reclake.recommendations import for_user, some_users
    from reclake.tracking import tracking_uri

    settings = lake.settings
    console.print(report.catalogue(lake), report.gates(lake, started), report.metrics(lake), sep="\n\n")
    with document_store.connect(settings) as database:
        for user in some_users(database, 3):
            console.print()
            console.print(report.recommendations(user, for_user(database, user, 5)))
    console.print()
    for what, where in {
        "Lakehouse": settings.lakehouse.removeprefix("file://"),
        "Quality pages": data_docs_index(settings),
        "MLflow": f"uv run mlflow ui --backend-store-uri {tracking_uri(settings)}",
        "More": "uv run reclake recommend USER_ID, uv run reclake tables, uv run reclake demo (the next week)",
    }.items():
        console.print(f"{what + ':':<15}{where}", style="cyan", highlight=False, soft_wrap=True, markup=False)
