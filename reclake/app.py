"""The command `reclake`: every subcommand, its help, and errors as one sentence with exit code 2.

Commands import what they need when they run, so that `--help` answers at once.
"""

from __future__ import annotations

import sys
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from lakehouse import interruption
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

FAREWELL = "Interrupted. What was written stays, and counts once: run the same command again to go on from there."


class _Commands(TyperGroup):
    """The commands, each of which Ctrl-C ends with exit code 130, whatever became of the interrupt on its way."""

    def invoke(self, context: Any) -> Any:
        try:
            answer = super().invoke(context)
        except (Exception, KeyboardInterrupt) as error:
            # A command that has said how far it came ends with this code itself.
            if isinstance(error, typer.Exit) or not (isinstance(error, KeyboardInterrupt) or interruption.asked()):
                raise
            Console(stderr=True).print(FAREWELL, highlight=False, soft_wrap=True)
        else:
            # A server ends as it does when nobody wants it any more.
            if not interruption.asked():
                return answer
        raise typer.Exit(interruption.exit_code())


app = typer.Typer(
    cls=_Commands,
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
    interruption.listen(FAREWELL)
    try:
        app()
    except RecLakeError as error:
        console = Console(stderr=True)
        console.print("error:", style="bold red", end=" ")
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
