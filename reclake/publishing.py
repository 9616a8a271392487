"""Publishing in sight: a progress bar, what was delivered in the end, and Ctrl-C that says how far it came."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import typer

from lakehouse.interruption import exit_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from producers.record import Counts


def publish_with_progress(title: str, total: int | None, send: Callable[[Callable[[Counts], None]], Counts]) -> None:
    """Run `send` under a progress bar, then show what was delivered, also after Ctrl-C."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console()
    latest: list[Counts] = []
    interrupted = False
    started = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title.replace("[", r"\["), total=total)

        def show(counts: Counts) -> None:
            latest[:] = [counts]
            bar.update(task, completed=counts.delivered)

        try:
            show(send(show))
        except KeyboardInterrupt:
            interrupted = True
    seconds = time.monotonic() - started
    if latest:
        _show(console, latest[0], seconds)
    if interrupted:
        console.print(
            f"Interrupted: {latest[0].delivered if latest else 0:,} records were delivered. "
            "Run it again to send the rest: what has arrived counts once.",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(exit_code())


def _show(console: Console, counts: Counts, seconds: float) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", show_footer=True)
    table.add_column("record", footer="delivered")
    table.add_column("number", footer=f"{counts.delivered:,}", justify="right")
    for kind, number in sorted(counts.by_kind.items()):
        table.add_row(kind, f"{number:,}")
    console.print(table)
    speed = f"{seconds:.1f} s, {counts.delivered / max(seconds, 0.001):,.0f} records/s"
    console.print(f"{speed}, to {', '.join(sorted(counts.topics))}", highlight=False, markup=False)
