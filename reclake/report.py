"""What the commands show of the lakehouse: tables, gates, metrics and recommendations, as rich tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table as RichTable
from rich.text import Text

from lakehouse.recommendations import why, why_product

if TYPE_CHECKING:
    from serving.reading.stores import Stores


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


def catalogue(stores: Stores) -> RichTable:
    """Every table of the catalogue with its rows and last change; `-` where it does not exist yet."""
    from pandas import isna

    from serving.reading.queries import catalogue as query

    rows = [
        (r["table"], "-", "-", "-")
        if isna(r["written_at"])
        else (r["table"], f"{r['num_rows']:,}", r["version"], f"{r['written_at']:%Y-%m-%d %H:%M:%S}")
        for r in query.states(stores).rows.to_dict("records")
    ]
    return table_of("Tables", ("table", "rows", "version", "last update (UTC)"), rows, ("rows", "version"))


def gates(stores: Stores, since: dt.datetime) -> RichTable:
    """The gates of each table that was checked since a time."""
    from serving.reading.queries import quality as query

    checked = query.gates(stores).rows
    found = checked[checked["checked_at"] >= since].groupby("table_name", as_index=False)
    rows = [
        (
            r["table_name"],
            f"{r['checks'] - r['critical'] - r['warnings']} of {r['checks']}",
            r["num_rows"],
            _verdict(r["critical"], r["warnings"]),
        )
        for r in found.agg({"checks": "sum", "critical": "sum", "warnings": "sum", "num_rows": "max"}).to_dict(
            "records"
        )
    ]
    return table_of("Quality gates", ("table", "expectations held", "rows checked", "verdict"), rows, ("rows checked",))


def metrics(stores: Stores, since: dt.datetime) -> Group | Text:
    """What was evaluated since a time, or else last: each metric of each model, beside what has to be beaten."""
    from gold.churn.training import SPLIT as OF_CHURN
    from gold.shop.training import SPLIT as OF_SESSIONS
    from serving.reading.queries import models as query

    found = query.measured(stores, since).rows
    if found.empty:
        return Text("No model was evaluated yet.")
    about = {OF_CHURN: "churn ", OF_SESSIONS: "session "}
    shown = [
        _measured(rows.to_dict("records"), about.get(rows["split"].iloc[0], ""))
        for _, rows in found.groupby("run_id", sort=False)
    ]
    return Group(*(part for number, one in enumerate(shown) for part in (("", *one) if number else one)))


def churn(stores: Stores) -> RichTable:
    """How many shoppers the newest predictions are about, how many of them are alerts, and which model says so."""
    from serving.reading.queries import churn as query
    from serving.reading.queries import models

    alerts, spread = query.alerts(stores, 1).rows, query.summary(stores).rows
    if alerts.empty:
        return table_of("Churn", ("shoppers", "at risk"), [(0, 0)])
    newest = alerts.iloc[0]
    version, shoppers, at_risk = newest["model_version"], spread["shoppers"].sum(), spread["churned"].sum()
    known = models.versions(stores, "churn").rows
    rows = [
        ("shoppers", f"{shoppers:,}, by what was known before {newest['as_of']}"),
        ("at risk", f"{at_risk:,} ({at_risk / shoppers:.1%}), whose probability is at least {newest['threshold']:.3f}"),
    ]
    for one in known[known["version"] == version].to_dict("records"):
        rows += [(f"model version {version}", one["configuration"]), ("why", one["verdict"])]
    return table_of("Churn", ("what", "value"), rows)


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


def _measured(rows: Sequence[dict[Hashable, Any]], about: str) -> tuple[RichTable, Text]:
    """One run, a column for each model, and how it was measured."""
    models = sorted({row["model"] for row in rows})
    cells = {(row["metric"], row["model"]): row for row in rows}
    lines = [
        (metric, *(_interval(cells.get((metric, model))) for model in models))
        for metric in sorted({row["metric"] for row in rows})
    ]
    first = rows[0]
    whose = f"{about}model version {first['model_version']}" if first["model_version"] else "the newest comparison"
    shown = table_of(f"Offline metrics of {whose}", ("metric", *models), lines, models)
    return shown, Text(f"split {first['split']}, {first['users']:,} users, ± is one standard error", "dim")


def _verdict(critical: int, warnings: int) -> Text:
    if critical:
        return Text("closed", "bold red")
    return Text("warning", "yellow") if warnings else Text("passed", "green")


def _interval(row: Any) -> str:
    if row is None:
        return "-"
    return f"{row['value']:.3f} ± {row['standard_error']:.3f}" if row["standard_error"] > 0 else f"{row['value']:.3f}"
