"""The command `shop`: how the shop is doing, for a human's eye."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from serving.reading.stores import Stores


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(shop)


def shop(
    days: Annotated[int, typer.Option(min=1, max=366, help="The newest days to show.")] = 7,
    n: Annotated[int, typer.Option("--number", "-n", min=1, max=20, help="How many sessions and products.")] = 5,
) -> None:
    """Show how the shop is doing: sessions and conversion by day, its most active sessions, what is trending."""
    from rich.console import Console

    from lakehouse.lake import Lakehouse
    from lakehouse.settings import load_settings
    from serving.reading.stores import stores_of

    console = Console()
    with Lakehouse(load_settings()) as lake:
        with console.status("Reading ..."):
            shown = list(report(stores_of(lake), days, n))
        for part in shown:
            console.print(part, "")


def report(stores: Stores, days: int, n: int) -> Iterator[RenderableType]:
    """Everything that `shop` shows, part by part.

    Raises
    ------
    NothingToServeError
        There are no sessions yet.
    """
    from rich.console import Group
    from rich.text import Text

    from lakehouse import tables
    from lakehouse.errors import NothingToServeError
    from reclake.report import table_of
    from serving.reading.queries import shop as query

    newest_first = query.by_day(stores, days).rows[::-1].to_dict("records")
    if not newest_first:
        raise NothingToServeError("The shop has no sessions yet: run `reclake run shop`.")
    rows = [
        (
            f"{r['day']:%Y-%m-%d}",
            f"{r['num_sessions']:,}",
            f"{r['num_users']:,}",
            _minutes(r["minutes"]),
            *(_percent(r[share]) for share in ("cart_rate", "conversion", "abandonment")),
            f"{r['revenue']:,.0f}",
        )
        for r in newest_first
    ]
    columns = ("day", "sessions", "users", "min", "cart", "bought", "dropped", "revenue")
    bots, events = (sum(r[count] for r in newest_first) for count in ("num_bots", "num_bot_events"))
    kept_out = f"{bots:,} sessions of bots with {events:,} events were kept out"
    yield Group(
        table_of("Sessions by day", columns, rows, columns[1:]),
        Text(f"{kept_out}: the rows of {tables.sessions} where is_bot.", style="dim"),
    )

    yield table_of(
        f"Most active sessions of {newest_first[0]['day']:%Y-%m-%d}",
        ("#", "session", "shopper", "events", "bought", "min"),
        [
            (
                r["rank"],
                r["session_id"],
                r["user_id"],
                f"{r['num_events']:,}",
                f"{r['num_purchases']:,}",
                _minutes(r["minutes"]),
            )
            for r in query.most_active(stores).rows[:n].to_dict("records")
        ],
        ("#", "events", "bought", "min"),
    )

    yield table_of(
        f"Trending among the {query.MOST_POPULAR} most popular products, last 7 days against last 28",
        ("item", "trend", "popularity", "views", "carts", "purchases", "conversion"),
        [
            (
                r["item_id"],
                Text(f"x {r['trend']:.2f}", "green" if r["trend"] > 1 else "red"),
                f"#{r['rank']:,}",
                *(f"{r[count]:,}" for count in ("num_views", "num_add_to_cart", "num_purchases")),
                _percent(r["conversion"]),
            )
            for r in query.trending(stores, n).rows.to_dict("records")
        ],
        ("trend", "popularity", "views", "carts", "purchases", "conversion"),
    )


def _minutes(minutes: float) -> str:
    if isnan(minutes):
        return "-"
    # Whole seconds, also where a sixtieth of them was rounded down.
    seconds = int(round(minutes * 60, 3))
    return f"{seconds // 60}:{seconds % 60:02}"


def _percent(share: float) -> str:
    return "-" if isnan(share) else f"{share:.1%}"
