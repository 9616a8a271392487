"""What the terminal shows of the shop."""

import datetime as dt
import io
from decimal import Decimal

import pytest
from rich.console import Console
from typer.testing import CliRunner

from lakehouse import tables
from lakehouse.errors import NothingToServeError, TaskParameterError
from reclake.app import app
from reclake.report import session_recommendations
from reclake.shop import report
from serving.reading.spark_tables import SparkTables
from serving.reading.stores import Stores

DAY = dt.date(2024, 5, 1)


def text(*parts):
    console = Console(width=140, file=io.StringIO())
    console.print(*parts)
    return console.file.getvalue()


@pytest.fixture(params=["files", "spark"])
def stores(request, lake):
    return Stores(lake.settings, SparkTables(lake) if request.param == "spark" else None)


def test_the_report_shows_days_sessions_trends_and_bots(lake, stores):
    metrics = [(DAY, 3, 2, 4, 9, 6_012, 95.0, 3.0, 0.5, 0.25, None, Decimal("1234.50"))]
    top = [(DAY, 1, "[red]s1", None, 8, 2, 61.0)]
    popularity = [("a", 5, 0, 2, 1, 0.2, 1.5, 1.0, 1), ("b", 5, 0, 2, 1, 0.2, 2.5, 0.9, 2)]
    for table, rows in (
        (tables.session_metrics, metrics),
        (tables.top_sessions, top),
        (tables.item_popularity, popularity),
    ):
        lake.replace(table, lake.spark.createDataFrame(rows, table.schema))

    shown = text(*report(stores, days=7, n=1))

    figures = ("2024-05-01", "1:35", "25.0%", "1,234", "4 sessions of bots with 6,012 events", "x 2.50")
    assert all(figure in shown for figure in figures)
    assert "[red]s1" in shown
    assert "anonymous" in shown
    assert "x 1.50" not in shown


def test_an_empty_shop_says_what_to_run(stores):
    with pytest.raises(NothingToServeError, match="reclake run shop"):
        list(report(stores, days=7, n=5))


@pytest.mark.parametrize("arguments", [["ann", "--session", "s"], []])
def test_recommendations_are_of_a_user_or_of_a_session(arguments):
    result = CliRunner().invoke(app, ["recommend", *arguments])

    assert isinstance(result.exception, TaskParameterError)
    assert "not both" in str(result.exception)


@pytest.mark.parametrize(("owner", "title"), [("s", "For ann in session s"), ("*", "of which nothing is known")])
def test_products_for_a_session_are_shown_with_reasons(owner, title):
    common = {"session_id": owner, "user_id": "ann", "score": 0.5}
    rows = [
        {**common, "item_id": "a", "rank": 1, "reason": "session", "because_item_id": "b"},
        {**common, "item_id": "c", "rank": 2, "reason": "popular", "because_item_id": None},
    ]

    shown = text(session_recommendations("s", rows))

    assert all(part in shown for part in (title, "goes with b", "it is popular now"))
