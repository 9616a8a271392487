"""`reclake demo`: from simulated or recorded listening to recommendations, through the bundle's own jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from rich.console import Console

    from lakehouse.lake import Lakehouse
    from lakehouse.settings import Settings
    from producers.simulator.simulation import Run

LISTENING, SHOP = ("listening",), ("shop", "realtime")


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
    shop: Annotated[bool, typer.Option("--shop", help="The shop as well: as many clicks, and its jobs.")] = False,
) -> None:
    """Show everything on this machine: Kafka, bronze, silver, gold, and the store that applications read.

    Run again, it goes on: the simulator continues with the next week, and only the new events are worked on.
    """
    import datetime as dt

    from rich.console import Console

    from lakehouse.lake import Lakehouse
    from lakehouse.services import kafka_bootstrap, mongodb_uri
    from lakehouse.settings import load_settings

    console = Console()
    settings = load_settings()
    with console.status("Starting the Kafka broker and the document store (the first time, they are downloaded) ..."):
        bootstrap = kafka_bootstrap(settings)
        mongodb_uri(settings)
    console.print(f"Kafka answers at {bootstrap}; the document store is up.", highlight=False)
    started = dt.datetime.now(dt.UTC)
    if recorded is None:
        _listen(settings, seed=seed, events=events, users=users)
    else:
        _replay(settings, recorded)
    if shop:
        _go_shopping(settings, seed=seed, events=events, users=users)
    with Lakehouse(settings) as lake:
        from reclake.run import run_with_progress

        for job in LISTENING + (SHOP if shop else ()):
            if run_with_progress(lake, job, {}, console).failed:
                raise typer.Exit(1)
        with console.status("Counting ..."):
            _report(lake, started, console)


def _listen(settings: Settings, *, seed: int, events: int, users: int) -> None:
    from producers.simulator.listening import Simulation

    _simulate(settings, "listening", seed, lambda run: Simulation(seed=seed, run=run, events=events, users=users))


def _go_shopping(settings: Settings, *, seed: int, events: int, users: int) -> None:
    from producers.simulator.clicks import Simulation
    from producers.simulator.purchases import History, write_purchases

    history = History(seed=seed, rows=5 * users, users=users)
    write_purchases(history, settings.incoming_purchases / f"demo-{seed}-{users}.parquet")
    _simulate(settings, "shopping", seed, lambda run: Simulation(seed=seed, run=run, events=events, users=users))


def _simulate(settings: Settings, what: str, seed: int, of_run: Callable[[int], Run[Any]]) -> None:
    """Publish the week after the last one that was published whole."""
    from producers.simulator.simulation import simulate
    from reclake.publishing import publish_with_progress

    state = settings.home / "demo.json"
    runs: dict[str, int] = json.loads(state.read_text()) if state.exists() else {}
    key = f"{what} {seed}"
    simulation = of_run(runs.get(key, 0))
    publish_with_progress(
        f"Simulating week {simulation.run + 1} of {what}",
        simulation.expected().total(),
        lambda show: simulate(settings, simulation, on_progress=show),
    )
    settings.home.mkdir(parents=True, exist_ok=True)
    state.write_text(json.dumps(runs | {key: simulation.run + 1}))


def _replay(settings: Settings, recorded: Path) -> None:
    from lakehouse.kafka import USER_EVENTS
    from producers.replay.options import Options
    from producers.replay.replay import replay
    from reclake.publishing import publish_with_progress

    publish_with_progress(
        f"Replaying {recorded}",
        None,
        # The demo's job is about listening, so a recording of something else is refused.
        lambda show: replay(settings, recorded, Options(topic=USER_EVENTS.name), on_progress=show),
    )


def _report(lake: Lakehouse, started: dt.datetime, console: Console) -> None:
    from lakehouse import document_store
    from lakehouse.quality.gate import data_docs_index
    from lakehouse.recommendations import for_user, some_users
    from lakehouse.tracking import tracking_uri
    from reclake import report
    from serving.reading.stores import stores_of

    settings, stores = lake.settings, stores_of(lake)
    console.print(report.catalogue(stores), report.gates(stores, started), report.metrics(stores), sep="\n\n")
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
