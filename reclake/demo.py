"""`reclake demo`: from simulated or recorded listening to recommendations, through the bundle's own jobs."""

from __future__ import annotations

import json
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote

import typer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from lakehouse.lake import Lakehouse
    from lakehouse.settings import Settings
    from producers.simulator.simulation import Run

Jobs = tuple[tuple[str, tuple[str, ...]], ...]
"""Jobs in their order, each with the tasks to run; none: all."""

LISTENING: Jobs = (("listening", ()),)
SHOP: Jobs = (("shop", ()), ("realtime", ("update_user_activity",)), ("churn", ()), ("realtime", ()))
"""Churn is learned from what shoppers did by day; what is stored in the end has its predictions."""
LISTENERS_PER_SHOPPER = 4
"""Of whom there are so few that one comes some times a week, so that a quiet week says something."""


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
    shop: Annotated[
        bool, typer.Option("--shop", help="The shop as well: so many clicks over twelve weeks, its jobs, churn.")
    ] = False,
) -> None:
    """Show everything on this machine: Kafka, bronze, silver, gold, and the store that applications read.

    With EVENTS_SOURCE=files there is no Kafka: records go through files of the landing folder.

    Run again, it goes on: the simulator continues with the next week, and only the new events are worked on. The shop
    begins with twelve weeks, so that there is churn to learn; a quarter of the listeners shop.
    """
    import datetime as dt

    from rich.console import Console

    from lakehouse.lake import Lakehouse
    from lakehouse.settings import load_settings

    console = Console()
    settings = load_settings()
    _start_services(settings, console)
    started = dt.datetime.now(dt.UTC)
    if recorded is None:
        _listen(settings, seed=seed, events=events, users=users)
    else:
        replay_recording(settings, recorded)
    if shop:
        _go_shopping(settings, seed=seed, events=events, users=users)
    with Lakehouse(settings) as lake:
        unlearned = _run(lake, LISTENING + (SHOP if shop else ()), console)
        with console.status("Counting ..."):
            _report(lake, started, console, churn=unlearned if shop else None)


def _start_services(settings: Settings, console: Console) -> None:
    """Start what the demo needs, so that nobody waits for it later without knowing why."""
    from lakehouse.services import kafka_bootstrap, mongodb_uri

    is_kafka = settings.events_source != "files"
    what = "the Kafka broker and the document store" if is_kafka else "the document store"
    with console.status(f"Starting {what} (the first time, it is downloaded) ..."):
        records = f"Kafka answers at {kafka_bootstrap(settings)}" if is_kafka else f"Records go to {settings.landing}"
        mongodb_uri(settings)
    console.print(f"{records}; the document store is up.", highlight=False, soft_wrap=True, markup=False)


def _listen(settings: Settings, *, seed: int, events: int, users: int) -> None:
    from producers.simulator.listening import Simulation

    _simulate(settings, "listening", seed, lambda run: Simulation(seed=seed, run=run, events=events, users=users))


def _go_shopping(settings: Settings, *, seed: int, events: int, users: int) -> None:
    from producers.simulator.clicks import Simulation
    from producers.simulator.purchases import History, write_purchases
    from producers.simulator.tasks import PURCHASES_OF_EACH, SHOP_WEEKS

    shoppers, clicks = max(1, users // LISTENERS_PER_SHOPPER), max(1, events // SHOP_WEEKS)
    history = History(seed=seed, rows=PURCHASES_OF_EACH * shoppers, users=shoppers)
    write_purchases(history, settings.incoming_purchases / f"demo-{seed}-{shoppers}.parquet")
    _simulate(
        settings,
        "shopping",
        seed,
        lambda run: Simulation(seed=seed, run=run, events=clicks, users=shoppers),
        at_first=SHOP_WEEKS,
    )


def _simulate(
    settings: Settings, what: str, seed: int, of_run: Callable[[int], Run[Any]], *, at_first: int = 1
) -> None:
    """Publish the week after the last one that was published whole, or the weeks that all begins with."""
    from reclake.simulate import named, publish_weeks

    state = settings.home / "demo.json"
    runs: dict[str, int] = json.loads(state.read_text()) if state.exists() else {}
    key = f"{what} {seed}"
    done = runs.get(key, 0)
    weeks = of_run(done).weeks(1 if done else at_first)
    publish_weeks(settings, weeks, f"Simulating {named(weeks, 1)} of {what}")
    settings.home.mkdir(parents=True, exist_ok=True)
    state.write_text(json.dumps(runs | {key: done + len(weeks)}))


def replay_recording(settings: Settings, recorded: Path) -> None:
    """Replay recorded listening, telling what is in it and what became of its rows as `reclake replay` does."""
    from lakehouse.kafka import USER_EVENTS
    from producers.replay.options import Options
    from reclake.replay import replay_with_progress

    # The demo's job is about listening, so a recording of something else is refused.
    replay_with_progress(settings, recorded, Options(topic=USER_EVENTS.name))


def _run(lake: Lakehouse, jobs: Jobs, console: Console) -> str:
    """Run jobs one after the other, and say why churn could not be learned; nothing if it could."""
    from lakehouse.errors import TooLittleDataError
    from reclake.run import run_with_progress

    unlearned = ""
    for job, tasks in jobs:
        errors = [task.error for task in run_with_progress(lake, job, {}, console, only=tasks).failed]
        if job == "churn" and errors and all(isinstance(error, TooLittleDataError) for error in errors):
            # A shop of a few shoppers has everything else.
            unlearned = str(errors[0])
        elif errors:
            raise typer.Exit(1)
    return unlearned


def _report(lake: Lakehouse, started: dt.datetime, console: Console, churn: str | None) -> None:
    """Show what came out; `churn` is none without a shop, and else why there are no predictions, if there are none."""
    from lakehouse import document_store
    from lakehouse.recommendations import for_user, some_users
    from reclake import report
    from serving.reading.stores import stores_of

    settings, stores = lake.settings, stores_of(lake)
    console.print(report.catalogue(stores), report.gates(stores, started), report.metrics(stores, started), sep="\n\n")
    with document_store.connect(settings) as database:
        for user in some_users(database, 3):
            console.print()
            console.print(report.recommendations(user, for_user(database, user, 5)))
    if churn is not None:
        console.print()
        console.print(f"No churn is predicted: {churn}" if churn else report.churn(stores), markup=False)
    console.print()
    for what, how, where in next_steps(settings, churn):
        console.print(f"{what + ':':<15}{how}", style="cyan", highlight=False, soft_wrap=True, markup=False, end="")
        console.print(f"  {where}" if where else "", style="dim", highlight=False, soft_wrap=True, markup=False)


def next_steps(settings: Settings, churn: str | None) -> Iterator[tuple[str, str, str]]:
    """What to open next: what it is, the path or command, and where that answers; of churn see `_report`."""
    from lakehouse.quality.gate import data_docs_index
    from lakehouse.tracking import tracking_uri

    yield "Dashboard", "uv run reclake dashboard", f"http://127.0.0.1:8501/{'' if churn is None else 'churn'}"
    if churn == "":
        yield "Churn API", "uv run reclake serve churn", "http://127.0.0.1:8000/docs"
    yield (
        "MLflow",
        f"uv run mlflow ui --workers 1 --backend-store-uri {quote(tracking_uri(settings))}",
        "http://127.0.0.1:5000",
    )
    yield "Quality pages", str(data_docs_index(settings)), ""
    yield "Lakehouse", unquote(settings.lakehouse.removeprefix("file://")), ""
    yield "Next week", f"uv run reclake demo{'' if churn is None else ' --shop'}", ""
    yield "More", "uv run reclake recommend USER_ID, uv run reclake tables, uv run reclake --help", ""
