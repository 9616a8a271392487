"""The command `shop`: how the shop is doing, for a human's eye."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from lakehouse.lake import Lakehouse

MOST_POPULAR = 100
"""Products that may be trending: of a rare one, two views are a trend."""


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

    console = Console()
    with Lakehouse(load_settings()) as lake:
        with console.status("Starting Spark and reading ..."):
            shown = list(report(lake, days, n))
        for part in shown:
            console.print(part, "")


def report(lake: Lakehouse, days: int, n: int) -> Iterator[RenderableType]:
    """Everything that `shop` shows, part by part.

    Raises
    ------
    NothingToServeError
        There are no sessions yet.
    """
    from pyspark.sql import functions as F
    from rich.console import Group
    from rich.text import Text

    from lakehouse import tables
    from lakehouse.errors import NothingToServeError
    from reclake.report import table_of

    newest = lake.read(tables.session_metrics).orderBy(F.desc("day")).limit(days).collect()
    if not newest:
        raise NothingToServeError("The shop has no sessions yet: run `reclake run shop`.")
    rows = [
        (
            f"{r['day']:%Y-%m-%d}",
            f"{r['num_sessions']:,}",
            f"{r['num_users']:,}",
            _minutes(r["mean_length"]),
            *(_percent(r[share]) for share in ("cart_rate", "conversion", "abandonment")),
            f"{r['revenue']:,.0f}",
        )
        for r in newest
    ]
    columns = ("day", "sessions", "users", "min", "cart", "bought", "dropped", "revenue")
    bots = sum(r["num_bots"] for r in newest)
    yield Group(
        table_of("Sessions by day", columns, rows, columns[1:]),
        Text(f"{bots:,} sessions of bots were kept out: the rows of {tables.sessions} where is_bot.", style="dim"),
    )

    top = lake.read(tables.top_sessions).where((F.col("day") == F.lit(newest[0]["day"])) & (F.col("rank") <= n))
    yield table_of(
        f"Most active sessions of {newest[0]['day']}",
        ("#", "session", "shopper", "events", "bought", "min"),
        [
            (
                r["rank"],
                r["session_id"],
                r["user_id"] or "anonymous",
                f"{r['num_events']:,}",
                f"{r['num_purchases']:,}",
                _minutes(r["session_length"]),
            )
            for r in top.orderBy("rank").collect()
        ],
        ("#", "events", "bought", "min"),
    )

    popular = lake.read(tables.item_popularity).where(F.col("rank") <= MOST_POPULAR)
    yield table_of(
        f"Trending among the {MOST_POPULAR} most popular products, last 7 days against last 28",
        ("item", "trend", "popularity", "views", "carts", "purchases", "conversion"),
        [
            (
                r["item_id"],
                Text(f"x {r['trend']:.2f}", "green" if r["trend"] > 1 else "red"),
                f"#{r['rank']:,}",
                *(f"{r[count]:,}" for count in ("num_views", "num_add_to_cart", "num_purchases")),
                _percent(r["conversion"]),
            )
            for r in popular.where("trend IS NOT NULL").orderBy(F.desc("trend"), "rank").limit(n).collect()
        ],
        ("trend", "popularity", "views", "carts", "purchases", "conversion"),
    )


def _minutes(seconds: float | None) -> str:
    return "-" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
