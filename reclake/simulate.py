"""The commands `reclake simulate ...`: behaviour that never happened, sent to Kafka or written into files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lakehouse.errors import TaskParameterError
from reclake.publishing import publish_with_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lakehouse.settings import Settings
    from producers.simulator.simulation import Run

Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same people, items and events.")]
Week = Annotated[int, typer.Option("--run", min=0, help="Run k is week k from 2024-01-01 on.")]
Weeks = Annotated[int, typer.Option(min=1, help="Weeks from --run on, each with so many events.")]
Events = Annotated[int, typer.Option(min=1, help="Valid distinct events of a week.")]
Users = Annotated[int, typer.Option(min=1, help="People, from user-00001 on; the same ones in every command.")]
Rate = Annotated[float | None, typer.Option(min=0.001, help="Events per second at most.")]
Duration = Annotated[float | None, typer.Option(min=0.001, help="Stop after so many seconds.")]
Duplicates = Annotated[float, typer.Option(min=0, max=1, help="Share of events that are sent twice.")]
Late = Annotated[float, typer.Option(min=0, max=1, help="Share sent up to 3 days late, out of order.")]
Malformed = Annotated[float, typer.Option(min=0, max=1, help="Share of broken records on top.")]
To = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="Landing folder to write files into.", show_default="Kafka, or by EVENTS_SOURCE"
    ),
]
Items = Annotated[int, typer.Option(min=1, help="Items of the shop, from item-00001 on.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    simulate = typer.Typer(
        help="Simulate behaviour and publish it, to Kafka or into files; without a command: podcast listening."
    )
    simulate.callback(invoke_without_command=True)(listening)
    simulate.command("listening")(listening)
    simulate.command("clickstream")(clickstream)
    simulate.command("purchases")(purchases)
    app.add_typer(simulate, name="simulate")


def listening(
    context: typer.Context,
    seed: Seed = 42,
    run: Week = 0,
    weeks: Weeks = 1,
    events: Events = 50_000,
    users: Users = 1_000,
    rate: Rate = None,
    duration: Duration = None,
    duplicates: Duplicates = 0.02,
    late: Late = 0.01,
    malformed: Malformed = 0.005,
    to: To = None,
) -> None:
    """Publish simulated weeks of podcast listening: new episodes, then events, with faults in chosen shares."""
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    from producers.simulator.listening import Simulation

    simulation = Simulation(
        seed=seed,
        run=run,
        events=events,
        users=users,
        duplicate_share=duplicates,
        late_share=late,
        malformed_share=malformed,
    )
    _publish(simulation.weeks(weeks), to, rate, duration)


def clickstream(
    seed: Seed = 42,
    run: Week = 0,
    weeks: Weeks = 1,
    events: Events = 50_000,
    users: Users = 1_000,
    items: Items = 500,
    views: Annotated[float, typer.Option(min=0, help="Weight of views.")] = 0.6,
    clicks: Annotated[float, typer.Option(min=0, help="Weight of clicks.")] = 0.0,
    carts: Annotated[float, typer.Option(min=0, help="Weight of items put into the cart.")] = 0.3,
    purchases: Annotated[float, typer.Option(min=0, help="Weight of purchases.")] = 0.1,
    churners: Annotated[
        float, typer.Option(min=0, max=1, help="Share of users who fade out over the weeks and stop for good.")
    ] = 0.2,
    rate: Rate = None,
    duration: Duration = None,
    duplicates: Duplicates = 0.02,
    late: Late = 0.01,
    malformed: Malformed = 0.005,
    to: To = None,
) -> None:
    """Publish simulated weeks of shopping to `clickstream`: sessions of views, carts and purchases, with faults.

    The four weights need not sum to 1: each kind of event gets its part of their sum, exactly. Users, tastes, items and
    prices are the same in every run of a seed; what trends changes from run to run.
    """
    from producers.simulator.clicks import Simulation

    simulation = Simulation(
        seed=seed,
        run=run,
        events=events,
        users=users,
        items=items,
        views=views,
        clicks=clicks,
        carts=carts,
        purchases=purchases,
        churners=churners,
        duplicate_share=duplicates,
        late_share=late,
        malformed_share=malformed,
    )
    _publish(simulation.weeks(weeks), to, rate, duration)


def purchases(
    seed: Seed = 42,
    rows: Annotated[int, typer.Option(min=1, help="Purchases.")] = 500,
    users: Users = 100,
    items: Items = 500,
    low: Annotated[float, typer.Option(help="Lowest amount, in dollars.")] = 10.0,
    high: Annotated[float, typer.Option(help="Highest amount, in dollars.")] = 500.0,
    start: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], show_default="2023-01-01", help="First day of purchases.")
    ] = datetime(2023, 1, 1),
    end: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], show_default="2023-12-31", help="Last day of purchases.")
    ] = datetime(2023, 12, 31),
    output: Annotated[
        Path | None,
        typer.Option(help="The file.", show_default="purchases-SEED.parquet in PURCHASES_PATH"),
    ] = None,
) -> None:
    """Write a history of purchases as one Parquet file, into the folder where such files arrive.

    Its columns are user_id, item_id, purchase_amount (dollars) and purchase_date. Users, tastes and items are those of
    `reclake simulate clickstream` with the same seed. The same options give the same file; what was there is replaced.
    """
    from rich.console import Console

    from lakehouse.settings import load_settings
    from producers.simulator.purchases import History, write_purchases
    from reclake.report import table_of

    history = History(
        seed=seed, rows=rows, users=users, items=items, low=low, high=high, start=start.date(), end=end.date()
    )
    path = (output or load_settings().incoming_purchases / f"purchases-{seed}.parquet").absolute()
    bought = write_purchases(history, path)
    summary = {
        "rows": f"{len(bought.user):,}",
        "users": f"{len(set(bought.user.tolist())):,}",
        "items": f"{len(set(bought.item.tolist())):,}",
        "amounts": f"{bought.amount.min():,.2f} to {bought.amount.max():,.2f} dollars",
        "dates": f"{bought.day[0]} to {bought.day[-1]}",
        "file": path,
    }
    Console().print(table_of("Purchases", ("what", "value"), summary.items()))


def _publish(runs: Sequence[Run[Any]], to: Path | None, rate: float | None, duration: float | None) -> None:
    from lakehouse.settings import load_settings

    publish_weeks(load_settings(), runs, f"Simulating {named(runs, 0)}", to=to, rate=rate, duration=duration)


def publish_weeks(
    settings: Settings,
    runs: Sequence[Run[Any]],
    title: str,
    *,
    to: Path | None = None,
    rate: float | None = None,
    duration: float | None = None,
) -> None:
    """Publish runs, week after week, under one progress bar; into files if a landing folder is given."""
    from producers.simulator.simulation import simulate

    publish_with_progress(
        title,
        sum(run.expected().total() for run in runs),
        lambda show: simulate(settings, *runs, to=to, rate=rate, duration=duration, on_progress=show),
    )


def named(runs: Sequence[Run[Any]], first: int) -> str:
    """Name the weeks of runs, the first week of all being number `first`."""
    numbers = [first + run.run for run in (runs[0], runs[-1])]
    return f"week {numbers[0]}" if len(runs) == 1 else f"weeks {numbers[0]} to {numbers[1]}"


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
