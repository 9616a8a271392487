"""The command `reclake`: every subcommand, its help, and errors as one sentence with exit code 2.

Commands import what they need when they run, so that `--help` answers at once.
"""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from lakehouse.errors import RecLakeError
from reclake import (
    cloud,
    demo,
    episodes,
    models,
    quarantine,
    realtime,
    replay,
    run,
    serve,
    services,
    shop,
    show,
    simulate,
    transcribe,
)

app = typer.Typer(
    no_args_is_help=True,
    help="RecLake: a recommendation lakehouse, on Databricks and on a laptop.",
    pretty_exceptions_enable=False,
)


run.register(app)
show.register(app)
shop.register(app)
simulate.register(app)
replay.register(app)
episodes.register(app)
transcribe.register(app)
demo.register(app)
models.register(app)
serve.register(app)
realtime.register(app)
app.add_typer(services.app, name="services")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(cloud.app, name="cloud")


def main() -> None:
    """Run the command line; a user's mistake ends with one sentence and exit code 2."""
    try:
        app()
    except RecLakeError as error:
        console = Console(stderr=True)
        console.print("error:", style="bold red", end=" ")
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
