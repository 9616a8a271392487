"""Commands that show what is there: `recommend` and `tables`."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(recommend)
    app.command()(tables)


def recommend(
    user_id: Annotated[str | None, typer.Argument(help="Whose recommendations, such as user-00001.")] = None,
    session: Annotated[str | None, typer.Option(help="Instead of a user: a session of the shop.")] = None,
    n: Annotated[int, typer.Option("--number", "-n", min=1, max=100, help="How many.")] = 10,
    language: Annotated[
        str | None, typer.Option(help="Such as en: for who has none, what is popular in that language.")
    ] = None,
) -> None:
    """Show the recommendations of a user, or of a session of the shop, as applications read them from the store.

    Who has none gets what is popular now.
    """
    from rich.console import Console

    from lakehouse import document_store
    from lakehouse.errors import TaskParameterError
    from lakehouse.recommendations import for_session, for_user
    from lakehouse.settings import load_settings
    from reclake import report

    if (user_id is None) == (session is None):
        raise TaskParameterError(
            "Name a user or a session, and not both: `recommend USER_ID` or `recommend --session ID`."
        )
    with document_store.connect(load_settings()) as database:
        if session is not None:
            Console().print(report.session_recommendations(session, for_session(database, session, n)))
        else:
            assert user_id is not None
            Console().print(report.recommendations(user_id, for_user(database, user_id, n, language)))


def tables() -> None:
    """Show the table catalogue with row counts and last changes."""
    from rich.console import Console

    from lakehouse.lake import Lakehouse
    from lakehouse.settings import load_settings
    from reclake import report
    from serving.reading.stores import stores_of

    console = Console()
    with Lakehouse(load_settings()) as lake:
        with console.status("Counting ..."):
            shown = report.catalogue(stores_of(lake))
        console.print(shown)
