"""The command `reclake fetch-episodes`: the newest episodes of trending podcasts, from PodcastIndex or the demo's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from lakehouse.settings import Settings
    from producers.podcasts.episodes import Naming, Outcome, Tally
    from producers.podcasts.podcast_index import PodcastIndex

_SHOWN = {"new": "dim", "failed": "red"}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(fetch_episodes)


def fetch_episodes(
    max_feeds: Annotated[
        int | None, typer.Option(min=1, max=1000, help="How many trending podcasts to look at; 50 by default.")
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(help="Languages to keep, repeatable or separated by commas; any: all. By default en."),
    ] = None,
    category: Annotated[
        list[str] | None, typer.Option(help="Categories to look at, repeatable or separated by commas.")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Ask an index on this machine, which needs no key.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Demo: the seed of `reclake simulate`.")] = 42,
    run: Annotated[int, typer.Option(min=0, help="Demo: the run of `reclake simulate`.")] = 0,
) -> None:
    """Publish the newest episode of each trending podcast to Kafka, each one once.

    Podcasts come from PodcastIndex, with PODCAST_INDEX_KEY and PODCAST_INDEX_SECRET. Their language is what the feed
    declares, else what its title and description are written in.
    """
    from rich.console import Console

    from lakehouse.settings import load_settings
    from producers.podcasts.episodes import fetch

    settings = load_settings(
        podcast_index_max_feeds=max_feeds,
        podcast_index_languages=",".join(language or []),
        podcast_index_categories=",".join(category or []),
    )
    console = Console()
    opened = _demo(settings, seed, run) if demo else _public(settings)
    with opened as (index, naming), _progress(console) as show:
        tally = fetch(settings, index, naming, show)
    _report(tally, console)


@contextmanager
def _public(settings: Settings) -> Iterator[tuple[PodcastIndex, Naming]]:
    from producers.podcasts.episodes import PODCAST_INDEX
    from producers.podcasts.podcast_index import public_index

    with public_index(settings) as index:
        yield index, PODCAST_INDEX


@contextmanager
def _demo(settings: Settings, seed: int, run: int) -> Iterator[tuple[PodcastIndex, Naming]]:
    from producers.podcasts.demo_index import DEMO_KEY, DEMO_SECRET, DemoIndex
    from producers.podcasts.episodes import DEMO
    from producers.podcasts.podcast_index import PodcastIndex

    with (
        DemoIndex(settings.home, seed, run) as demo,
        PodcastIndex(demo.url, DEMO_KEY, DEMO_SECRET, pause_seconds=0) as index,
    ):
        yield index, DEMO


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[Outcome, int], None]]:
    """Show a bar over the feeds, and a line that stays for each episode that is new and each feed that failed."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.text import Text

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Asking the podcast index", total=None)

        def show(outcome: Outcome, feeds: int) -> None:
            bar.update(task, total=feeds, advance=1)
            if style := _SHOWN.get(outcome.state):
                state = outcome.state.value
                console.print(Text(f"{state:<7} {outcome.feed.title or 'no title'}: {outcome.detail}", style=style))

        yield show


def _report(tally: Tally, console: Console) -> None:
    from rich.table import Table

    from producers.podcasts.episodes import State

    table = Table(box=None, header_style="bold")
    table.add_column("feeds and their newest episodes")
    table.add_column("number", justify="right")
    table.add_row("feeds seen", f"{tally.seen:,}")
    table.add_row("feeds kept, by language", f"{tally.kept:,}")
    for name, state in {"episodes new": State.NEW, "already known": State.KNOWN, "failed": State.FAILED}.items():
        table.add_row(name, f"{tally.by_state[state]:,}")
    console.print(table)
