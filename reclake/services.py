"""The commands `reclake services up`, `down` and `status`: the embedded Kafka broker, document store and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from lakehouse.services import ServiceStatus

app = typer.Typer(
    no_args_is_help=True,
    help="Run Kafka, a document store and PostgreSQL on this machine, for work without a cluster.",
)

_STYLES = {"running": "green", "not answering": "red", "stopped": "dim"}


@app.command()
def up() -> None:
    """Start the services that do not run yet, make the Kafka topics, and leave them running.

    The first start downloads Kafka (43 MB). Data, logs and state are kept in `.reclake/services`.
    """
    from lakehouse.services import up as start
    from lakehouse.settings import load_settings

    _show(start(load_settings()))


@app.command()
def down() -> None:
    """Stop the services; their data stays for the next `up`."""
    from lakehouse.services import down as stop
    from lakehouse.settings import load_settings

    stopped = stop(load_settings())
    typer.echo(f"Stopped {', '.join(stopped)}." if stopped else "No service was running.")


@app.command()
def status() -> None:
    """Show which services run, where, and where their logs are."""
    from lakehouse.services import status as ask
    from lakehouse.settings import load_settings

    _show(ask(load_settings()))


def _show(statuses: list[ServiceStatus]) -> None:
    table = Table("service", "state", "address", "pid", "log", box=None, header_style="bold")
    for service in statuses:
        state = f"[{_STYLES[service.state]}]{service.state}[/]"
        table.add_row(service.name, state, service.address or "", str(service.pid or ""), str(service.log))
    console = Console()
    # Paths and addresses are for copying: never cut them, even when the output is a pipe.
    console.width = max(console.width, console.measure(table, options=console.options.update(max_width=400)).maximum)
    console.print(table)
    for service in statuses:
        if service.replaced_by:
            console.print(f"{service.replaced_by} is set, so RecLake uses that instead of this {service.name}.")
