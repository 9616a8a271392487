"""The command `reclake transcribe`: the words of episodes, one after the other."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from lakehouse.interruption import exit_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from lakehouse.settings import Settings
    from silver.transcripts.attempt import Episode
    from silver.transcripts.work import Done


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(transcribe)


def transcribe(
    limit: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Episodes at most; else the setting transcribe_limit.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="None begins after that time; else transcribe_minutes.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what was given up after three failures.")] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Serve the transcripts of `reclake fetch-episodes --demo` meanwhile.")
    ] = False,
) -> None:
    """Get the words of new episodes, and of those that failed before and may be tried again.

    The publisher's transcript first, else the audio, written down by the model that WHISPER_MODEL names. Each episode
    is in silver.transcripts before the next one begins: after Ctrl-C, run it again.
    """
    from rich.console import Console
    from rich.markup import escape

    from lakehouse.lake import Lakehouse
    from lakehouse.settings import load_settings
    from reclake.report import table_of
    from silver.transcripts.due import GIVEN_UP
    from silver.transcripts.work import work_off

    console = Console()
    outcomes: Counter[tuple[str, str]] = Counter()
    interrupted = False
    settings = load_settings()
    opened = _with_demo(settings) if demo else nullcontext(settings)
    with opened as settings, Lakehouse(settings) as lake, console.status("Starting Spark ...") as status:
        try:
            for done in work_off(
                lake,
                limit=limit,
                minutes=minutes,
                again=[GIVEN_UP] if again else [],
                on_start=lambda episode, left: status.update(
                    f"{left:,} left, working on {escape(_title(episode))} ..."
                ),
            ):
                outcomes[done.result.status, done.result.source or "-"] += 1
                show(console, done)
        except KeyboardInterrupt:
            interrupted = True
    if outcomes:
        rows = [(*outcome, f"{number:,}") for outcome, number in sorted(outcomes.items())]
        console.print(table_of("Transcripts", ("outcome", "source", "episodes"), rows, ("episodes",)))
    elif not interrupted:
        console.print("No episode is due: each has a transcript, waits for its next attempt or was given up.")
    if interrupted:
        console.print("Interrupted: run it again to go on with the episode that was being worked on.")
        raise typer.Exit(exit_code())


@contextmanager
def _with_demo(settings: Settings) -> Iterator[Settings]:
    """Run the demo's index, and let exactly its address be downloaded from."""
    from producers.podcasts.demo_index import DemoIndex

    with DemoIndex(settings.home, seed=42, run=0) as index:
        yield settings.model_copy(update={"download_private_hosts": urlsplit(index.url).netloc})


def show(console: Console, done: Done) -> None:
    """A line per episode; titles and errors come from feeds, so nothing in them is markup or moves the cursor."""
    from rich.text import Text

    result = done.result
    line = Text.assemble(
        (f"{result.status:<15}", "green" if result.text else "red"),
        f" {result.source or '-':<9} {done.seconds:6.1f} s  {_title(done.episode)}",
    )
    console.print(line, soft_wrap=True)
    if result.error:
        console.print(Text(f"    {_printable(result.error)}", "dim"), soft_wrap=True)


def _title(episode: Episode) -> str:
    return _printable(episode.title or episode.episode_id)[:80]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
