"""What the commands show of the lakehouse: tables, gates, metrics and recommendations, as rich tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table as RichTable
from rich.text import Text

from lakehouse.recommendations import why, why_product

if TYPE_CHECKING:
    from lakehouse.lake import Lakehouse


def table_of(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[str] = ()
) -> RichTable:
    """Lay out rows; text from data is shown as it is, never read as markup."""
    shown = RichTable(title=title, title_justify="left", title_style="bold", header_style="bold", expand=False)
    for column in columns:
        shown.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    return shown


def catalogue(lake: Lakehouse) -> RichTable:
    """Every table of the catalogue with its rows and last change; `-` where it does not exist yet."""
    return table_of(
        "Tables", ("table", "rows", "version", "last update (UTC)"), _catalogue_rows(lake), ("rows", "version")
    )


def gates(lake: Lakehouse, since: dt.datetime) -> RichTable:
    """The gates of each table that was checked since a time (UTC)."""
    from pyspark.sql import functions as F

    from lakehouse import tables

    checked = (
        lake.read(tables.quality_results)
        .where(F.col("checked_at") >= F.lit(since))
        .groupBy("table_name")
        .agg(
            F.count_if("passed").alias("held"),
            F.count("*").alias("expected"),
            F.count_if(~F.col("passed") & (F.col("severity") == "critical")).alias("critical"),
            F.max("num_rows").alias("rows"),
        )
        .orderBy("table_name")
    )
    rows = [
        (
            r["table_name"],
            f"{r['held']} of {r['expected']}",
            r["rows"],
            _verdict(r["held"] == r["expected"], r["critical"]),
        )
        for r in checked.collect()  # a row per table
    ]
    return table_of("Quality gates", ("table", "expectations held", "rows checked", "verdict"), rows, ("rows checked",))


def metrics(lake: Lakehouse) -> Group | Text:
    """The newest evaluation: each metric of each model, beside popularity."""
    from pyspark.sql import functions as F

    from lakehouse import tables

    evaluations = lake.read(tables.model_evaluations)
    newest = evaluations.orderBy(F.desc("evaluated_at")).first()
    if newest is None:
        return Text("No model was evaluated yet.")
    found = evaluations.where(F.col("run_id") == newest["run_id"]).collect()  # a few rows
    models = sorted({row["model"] for row in found})
    cells = {(row["metric"], row["model"]): row for row in found}
    rows = [
        (metric, *(_interval(cells.get((metric, model))) for model in models))
        for metric in sorted({row["metric"] for row in found})
    ]
    whose = f"model version {newest['model_version']}" if newest["model_version"] else "the newest comparison"
    shown = table_of(f"Offline metrics of {whose}", ("metric", *models), rows, models)
    return Group(shown, Text(f"split {newest['split']}, {newest['num_users']:,} users, ± is one standard error", "dim"))


def recommendations(user_id: str, found: Sequence[dict[str, Any]]) -> RichTable:
    """A user's recommendations with titles, scores and reasons."""
    rows = [
        (r["rank"], r["title"] or "(no title yet)", r["recommended_episode_id"], f"{r['score']:.2f}", why(r))
        for r in found
    ]
    whose = f"For {user_id}" if found[0]["user_id"] == user_id else f"For {user_id}, who is new: what is popular"
    return table_of(whose, ("#", "title", "episode", "score", "because"), rows, ("#", "score"))


def session_recommendations(session_id: str, found: Sequence[dict[str, Any]]) -> Group:
    """The products for a session, with scores and reasons."""
    first = found[0]
    if first["session_id"] == session_id:
        whose = f"For {first['user_id'] or 'an anonymous shopper'} in session {session_id}"
    else:
        whose = f"For session {session_id}, of which nothing is known: what is popular"
    rows = [(r["rank"], r["item_id"], f"{r['score']:.3f}", why_product(r)) for r in found]
    # Beside the table, which is too narrow for a title.
    return Group(Text(whose, "bold"), table_of("", ("#", "item", "score", "because"), rows, ("#", "score")))


def _catalogue_rows(lake: Lakehouse) -> Iterator[tuple[str, str, str, str]]:
    from lakehouse import tables

    for table in tables.ALL:
        if not lake.exists(table):
            yield str(table), "-", "-", "-"
            continue
        state = lake.state(table)
        yield str(table), f"{state.num_rows:,}", str(state.version), f"{state.updated_at:%Y-%m-%d %H:%M:%S}"


def _verdict(passed: bool, critical: int) -> Text:
    if passed:
        return Text("passed", "green")
    return Text("failed", "bold red") if critical else Text("warning", "yellow")


def _interval(row: Any) -> str:
    if row is None:
        return "-"
    return f"{row['value']:.3f} ± {row['standard_error']:.3f}" if row["standard_error"] else f"{row['value']:.3f}"
