"""The commands `reclake serve ...` and `reclake dashboard`: what answers over HTTP."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import typer

from lakehouse.interruption import exit_code


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    serve = typer.Typer(help="Answer questions over HTTP.", no_args_is_help=True)
    serve.callback()(_serve)
    serve.command("churn")(churn)
    app.add_typer(serve, name="serve")
    app.command()(dashboard)


def churn(
    host: Annotated[str, typer.Option(help="Address; another than the loopback needs CHURN_API_KEY.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any that is free.")] = 8000,
) -> None:
    """Serve the churn model that `reclake train churn` registered; pages at /docs."""
    from rich.console import Console

    from lakehouse.settings import load_settings
    from serving.churn.server import listen, serve

    settings = load_settings()
    with listen(settings, host, port) as listening:
        at = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
        Console(stderr=True).print(f"Churn API on {at}, pages at /docs. Ctrl-C ends it.", style="dim")
        # The server has ended in order, and hands on what it was ended by.
        with suppress(KeyboardInterrupt):
            serve(settings, listening)


def dashboard(
    host: Annotated[str, typer.Option(help="Address; on another than the loopback everybody can read.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any that is free.")] = 8501,
) -> None:
    """Open the dashboard on what the jobs have made: what happens now, for a listener, the shop, models, quality."""
    from lakehouse.settings import load_settings
    from serving.dashboard.server import serve

    load_settings()  # what is wrong with them is said here, not on every page
    serve(host, port)
    # It ends when somebody ends it, and keeps to itself by what.
    raise typer.Exit(exit_code())


def _serve() -> None:
    """Keep `churn` a command of its own while it is the only one."""
