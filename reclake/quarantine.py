"""The commands `reclake quarantine list`, `show` and `retry`: what was refused, and what becomes of it now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console, RenderableType

    from serving.reading.stores import Stores
    from silver.retry import Retried

app = typer.Typer(
    no_args_is_help=True, help="See which records were refused and why, and judge them anew after a change."
)

SourceArgument = Annotated[
    str | None,
    typer.Argument(help="A table of bronze or a topic, such as clickstream; else all."),
]
ReasonOption = Annotated[str | None, typer.Option("--reason", "-r", help="One reason, such as not_json; else any.")]
_LINE = re.compile(r"([a-z-]+)/-([0-9]{1,10})/([0-9]+)")
"""Position of a line of a landing file: topic, number of its content, line."""
_NOTHING = "Nothing of that is in quarantine."


@app.command("list")
def list_reasons(source: SourceArgument = None) -> None:
    """Count the refused records by source and reason, with the days of arrival, UTC, and the newest detail.

    Such as:

    `reclake quarantine list`

    `reclake quarantine list clickstream`
    """
    from rich.console import Console

    from lakehouse.lake import Lakehouse
    from lakehouse.settings import load_settings
    from serving.reading.stores import stores_of

    with Lakehouse(load_settings()) as lake:
        Console().print(counts(stores_of(lake), _named(source)))


@app.command()
def show(
    source: Annotated[str, typer.Argument(help="A table of bronze or a topic, such as bronze.user_events.")],
    reason: ReasonOption = None,
    position: Annotated[str | None, typer.Option(help="One record, such as user-events/0/17.")] = None,
    n: Annotated[int, typer.Option("--number", "-n", min=1, max=1_000, help="How many, the newest first.")] = 10,
    num_bytes: Annotated[int, typer.Option("--bytes", min=1, max=65_536, help="Of each value; the rest is cut.")] = 400,
) -> None:
    r"""Show refused records as they came; what is no printable character in them is an escape, such as \x1b.

    Of a line of a landing file, the file and the number of the line are told.

    Such as:

    `reclake quarantine show user-events --reason bad_timestamp -n 50`

    `reclake quarantine show purchases --position 9f86d081884c7d65/12 --bytes 4000`
    """
    from rich.console import Console

    from lakehouse.lake import Lakehouse
    from lakehouse.settings import load_settings
    from serving.reading.stores import stores_of

    name = _named(source)
    with Lakehouse(load_settings()) as lake:
        Console().print(refused(stores_of(lake), name, reason or "", position or "", n, num_bytes))


@app.command()
def retry(source: SourceArgument = None, reason: ReasonOption = None) -> None:
    """Judge refused records anew, by today's rules and settings; those that pass go to silver and leave the quarantine.

    They are read from bronze by their positions, purchases a file at a time. Doing it twice, or beside a job, changes
    nothing more. What follows from them is made by the next run of the jobs.

    Such as, after MAX_VALUE_BYTES or PURCHASES_COLUMNS was changed for the jobs too, in `.env`:

    `reclake quarantine retry user-events --reason oversized_value`

    `reclake quarantine retry purchases`
    """
    from rich.console import Console

    from lakehouse.lake import Lakehouse
    from lakehouse.settings import load_settings
    from silver.retry import retried, table_named

    table = table_named(source) if source else None
    console = Console()
    with Lakehouse(load_settings()) as lake, console.status("Judging anew ..."):
        done = list(retried(lake, table, reason or ""))
    tell(done, console)


def counts(stores: Stores, source: str) -> RenderableType:
    """What `list` shows."""
    from rich.console import Group

    from reclake.report import table_of
    from serving.reading.queries import quarantine as query

    columns = ("reason", "records", "first day", "last day", "such as")
    # A table for each source: with its name in a column, a terminal of 80 columns would break all others.
    found = [
        table_of(
            f"Refused of {name}",
            columns,
            [
                (r["reason"], f"{r['records']:,}", r["first_at"].date(), r["last_at"].date(), r["detail"])
                for r in rows.to_dict("records")
            ],
            ("records",),
        )
        for name, rows in query.reasons(stores, source).rows.groupby("source")
    ]
    return _or_nothing(found, Group(*found))


def refused(stores: Stores, source: str, reason: str, position: str, n: int, num_bytes: int) -> RenderableType:
    """What `show` shows."""
    from reclake.report import table_of
    from serving.reading.queries import quarantine as query

    found = query.records(stores, source, reason, position, n, num_bytes).rows.to_dict("records")
    lines = _lines(stores, [r["position"] for r in found])
    rows = [
        (
            lines.get(r["position"], r["position"]),
            r["reason"],
            r["detail"],
            _value(r["value"], r["num_bytes"], num_bytes),
        )
        for r in found
    ]
    return _or_nothing(rows, table_of(f"Refused of {source}", ("position", "reason", "detail", "value"), rows))


def tell(done: Sequence[Retried], console: Console) -> None:
    """Say what came of a retry, and what to do next."""
    from reclake.report import table_of

    if not done:
        console.print(_NOTHING)
        return
    rows = [
        (
            one.source,
            f"{one.passed:,}",
            "\n".join(f"{number:,} {reason}" for reason, number in sorted(one.refused.items())) or "0",
            f"{one.missing:,}",
        )
        for one in done
    ]
    columns = ("source", "pass now", "refused again", "no longer in bronze")
    console.print(table_of("Judged anew", columns, rows, columns[1:]))
    if any(one.passed for one in done):
        console.print("Run the jobs again, `listening` or `shop`: they take it from here.", highlight=False)


def _lines(stores: Stores, positions: Sequence[str]) -> Mapping[str, str]:
    """Of positions that are lines of landing files, by position: it, and where its line is to be found."""
    parts = {position: found.groups() for position in positions if (found := _LINE.fullmatch(position))}
    if not parts:
        return {}
    numbers = ", ".join(sorted({number for _, number, _ in parts.values()}))
    rows = stores.lake.rows(f"SELECT topic, number, file FROM {tables.landed} WHERE number IN ({numbers})")  # noqa: S608
    files = {(topic, str(number)): file for topic, number, file in rows.itertuples(index=False)}
    folder = stores.settings.landing.absolute()
    return {
        position: f"{position}\nline {line} of {file.removeprefix(f'{folder}/')}"
        for position, (topic, number, line) in parts.items()
        if (file := files.get((topic, number)))
    }


def _or_nothing(rows: Sequence[object], shown: RenderableType) -> RenderableType:
    return shown if rows else _NOTHING


def _named(source: str | None) -> str:
    from silver.retry import table_named

    return str(table_named(source)) if source else ""


def _value(value: str | None, num_bytes: float, most: int) -> str:
    if value is None:
        return "(none)"
    return f"{value} ... ({int(num_bytes):,} bytes)" if num_bytes > most else value
