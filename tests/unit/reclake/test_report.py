"""What the terminal shows of the lakehouse: the same whether files are read or Spark is asked."""

import datetime as dt
import io

import pytest
from rich.console import Console

from lakehouse import tables
from reclake import report
from serving.reading.spark_tables import SparkTables
from serving.reading.stores import Stores, stores_of

NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)


def text(*parts):
    console = Console(width=140, file=io.StringIO())
    console.print(*parts)
    return console.file.getvalue()


def cells(table):
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in text(table).splitlines() if "│" in line]


@pytest.fixture(params=["files", "spark"])
def stores(request, lake):
    return Stores(lake.settings, SparkTables(lake) if request.param == "spark" else None)


def checked(table, expectation, passed, severity="critical", at=NOON):
    return (f"{table} {at}", table, expectation, severity, passed, None, 1_500, 1, at)


def test_tables_are_listed_with_rows_and_versions_and_those_to_come_with_dashes(lake, stores):
    of = tables.quality_results
    lake.replace(of, lake.spark.createDataFrame([checked("a", str(n), True) for n in range(1_200)], of.schema))

    shown = {name: state for name, *state in cells(report.catalogue(stores))}

    assert list(shown) == [str(table) for table in tables.ALL]
    assert shown[str(tables.sessions)] == ["-", "-", "-"]
    assert shown[str(of)][:2] == ["1,200", str(lake.version(of))]
    written = dt.datetime.fromisoformat(shown[str(of)][2]).replace(tzinfo=dt.UTC)
    assert abs(dt.datetime.now(dt.UTC) - written) < dt.timedelta(minutes=5)


def test_gates_since_a_time_are_summed_up_by_table(lake, stores):
    rows = [
        checked("silver.a", "one", True),
        checked("silver.a", "two", False, "warning"),
        checked("silver.b", "one", False),
        checked("silver.c", "one", True),
        checked("silver.old", "one", False, at=NOON - dt.timedelta(hours=1)),
    ]
    lake.replace(tables.quality_results, lake.spark.createDataFrame(rows, tables.quality_results.schema))

    shown = cells(report.gates(stores, NOON))

    assert shown == [
        ["silver.a", "1 of 2", "1500", "warning"],
        ["silver.b", "0 of 1", "1500", "closed"],
        ["silver.c", "1 of 1", "1500", "passed"],
    ]


def test_metrics_are_those_of_the_newest_run(lake, stores):
    old, new = NOON - dt.timedelta(hours=1), NOON
    rows = [
        ("1", "als", "recall", 0.9, 0.1, 70, "time", "6", old),
        ("2", "als", "recall", 0.25, 0.01, 1_234, "time", "7", new),
        ("2", "popularity", "recall", 0.125, None, 1_234, "time", "7", new),
    ]
    lake.replace(tables.model_evaluations, lake.spark.createDataFrame(rows, tables.model_evaluations.schema))

    shown = text(report.metrics(stores, NOON + dt.timedelta(hours=1)))

    assert all(part in shown for part in ("model version 7", "0.250 ± 0.010", "0.125 ", "1,234 users"))
    assert "0.900" not in shown


def test_each_run_since_a_time_has_its_metrics(lake, stores):
    rows = [
        ("1", "als", "recall", 0.9, 0.1, 70, "time", "6", NOON - dt.timedelta(hours=1)),
        ("2", "als", "recall", 0.25, 0.01, 1_234, "time", "7", NOON),
        ("3", "recency rule", "auc_pr", 0.5, 0.0, 99, "newest days", "1", NOON + dt.timedelta(minutes=1)),
    ]
    lake.replace(tables.model_evaluations, lake.spark.createDataFrame(rows, tables.model_evaluations.schema))

    # Titles are as narrow as their tables.
    shown = " ".join(text(report.metrics(stores, NOON)).split())

    assert "Offline metrics of model version 7" in shown
    assert "Offline metrics of churn model version 1" in shown
    assert "0.900" not in shown


def test_without_an_evaluation_the_metrics_say_so(stores):
    assert "No model was evaluated yet." in text(report.metrics(stores, NOON))


@pytest.mark.parametrize("root", ["s3a://bucket/lakehouse", "abfss://lake@account.dfs.core.windows.net"])
def test_tables_in_an_object_store_are_asked_in_spark(lake, root):
    there = lake.with_settings(lake.settings.model_copy(update={"lakehouse_root": root}))

    assert isinstance(stores_of(there).lake, SparkTables)


def test_tables_of_a_workspace_are_asked_in_spark(lake):
    there = lake.with_settings(lake.settings.model_copy(update={"catalog": "main", "dashboard_warehouse": "1"}))

    assert isinstance(stores_of(there).lake, SparkTables)
