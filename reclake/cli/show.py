"""Commands that show what is there: `recommend` and `tables`."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(recommend)
    app.command()(tables)


def recommend(
    user_id: Annotated[str, typer.Argument(help="Whose recommendations, such as user-00001.")],
    n: Annotated[int, typer.Option("--number", "-n", min=1, max=100, help="How many.")] = 10,
    language: Annotated[
        str | None, typer.Option(help="Such as en: for who has none, what is popular in that language.")
    ] = None,
) -> None:
    """Show a user's recommendations as applications read them, from the document store.

    Who has none gets what is popular now.
    """
    from rich.console import Console

    from reclake import document_store
    from reclake.cli import report
    from reclake.recommendations import for_user
    from reclake.settings import load_settings

    with document_store.connect(load_settings()) as database:
        Console().print(report.recommendations(user_id, for_user(database, user_id, n, language)))


def tables() -> None:
    """Show the table catalogue with row counts and last changes."""
    from rich.console import Console

    from reclake.cli import report
    from reclake.lake import Lakehouse
    from reclake.settings import load_settings

    console = Console()
    with Lakehouse(load_settings()) as lake:
        with console.status("Starting Spark and counting ..."):
            shown = report.catalogue(lake)
        console.print(shown)
