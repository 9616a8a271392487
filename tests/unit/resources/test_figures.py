"""What the AI/BI dashboard and the SQL alerts ask, on a few rows: every query runs, and says what is to be said."""

import datetime as dt
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from lakehouse import tables
from lakehouse.ddl import identifier, literal
from lakehouse.jobs.bundle import read_bundle

FILE = Path(__file__).parents[3] / "databricks.yml"
NOW = dt.datetime.now(dt.UTC)
TODAY = dt.date(2026, 1, 31)
GIVEN = {
    "workspace.current_user.userName": "anna@example.org",
    "var.notification_email": "anna@example.org",
    "var.dashboard_warehouse": "w1",
}


def ago(hours):
    return (NOW - dt.timedelta(hours=hours)).isoformat()


def heard(user, event="like", day=TODAY):
    return {"user_id": user, "event": event, "day": str(day)}


def recommended(user, episode, reason="liked", hours=9):
    return {"user_id": user, "recommended_episode_id": episode, "reason": reason, "generated_at": ago(hours)}


def checked(table, hours, run="1", severity="critical", passed=True, expectation="key is once"):
    of_check = {"run_id": run, "table_name": table, "checked_at": ago(hours)}
    return of_check | {"severity": severity, "passed": passed, "expectation": expectation}


def session(purchases=0, carts=0, is_bot=False):
    return {"day": str(TODAY), "num_purchases": purchases, "num_add_to_cart": carts, "is_bot": is_bot}


def predicted(probability, day=TODAY):
    return {"as_of": str(day), "churn_probability": probability, "churned": probability >= 0.5}


def refused(hours, source="bronze.user_events", reason="not_json"):
    return {"source": source, "reason": reason, "quarantined_at": ago(hours)}


SHOP = [session(1, 1), session(0, 1), session(), session(9, 9, is_bot=True)]
TROUBLED = {
    tables.raw_user_events: [{"ingested_at": ago(hours)} for hours in (7, 7, 8, 20)],
    tables.raw_clickstream: [{"ingested_at": ago(hours)} for hours in (1, 2)],
    tables.user_events: [heard("u1"), heard("u1", "skip"), heard("u2"), heard("u1", day=TODAY - dt.timedelta(28))],
    tables.episodes: [{"episode_id": one, "available": one != "gone"} for one in ("a", "b", "c", "d", "gone")],
    tables.user_ids: [{"id": one} for one in ("u1", "u2")],
    tables.final_recommendations: [
        recommended("u1", "a"),
        recommended("u1", "b", "popular"),
        recommended("*", "c"),
        recommended("*:en", "d"),
    ],
    tables.model_evaluations: [
        {"model": "als", "metric": metric, "value": value, "evaluated_at": ago(1)}
        for metric, value in (("ndcg_at_10", 0.1), ("coverage_at_10", 0.9))
    ],
    tables.sessions: SHOP,
    tables.session_metrics: [{"day": str(TODAY), "num_sessions": 3, "conversion": 0.25, "revenue": "12.50"}],
    tables.churn_predictions: [predicted(1.0), predicted(0.25), predicted(0.25), predicted(0.9, dt.date(2026, 1, 30))],
    tables.quarantine: [refused(1), refused(30), refused(1, "bronze.clickstream", "missing_field")],
    tables.quality_results: [
        checked("silver.user_events", 10),
        checked("silver.clickstream_events", 1.5),
        checked("silver.sessions", 7),
        checked("gold.als_top_n", 3, "1", passed=False),
        checked("gold.als_top_n", 2, "2", passed=False),
        checked("gold.als_top_n", 2, "2", "warning", passed=False, expectation="few are alike"),
        checked("silver.episodes", 3, "1", passed=False),
        checked("silver.episodes", 2, "2"),
    ],
    tables.drift: [{"day": str(TODAY), "stream": "shop", "feature": "type", "psi": 0.3}],
}
HEALTHY = {
    tables.raw_user_events: [{"ingested_at": ago(1)}] * 99,
    tables.raw_clickstream: [{"ingested_at": ago(2)}],
    tables.quality_results: [
        checked("silver.user_events", 0.5),
        checked("silver.clickstream_events", 1.5),
        checked("silver.sessions", 1.5),
        checked("silver.episodes", 1, "2", "warning", passed=False),
    ],
    tables.final_recommendations: [recommended("u1", "a", hours=0.2)],
    tables.session_recommendations: [{"session_id": "s1", "generated_at": ago(1)}],
    tables.quarantine: [refused(1)],
}


@pytest.fixture(scope="module")
def lakehouses(spark):
    """The bundle as it asks each of three lakehouses, whose tables are views of rows."""
    for name, rows in {"troubled": TROUBLED, "healthy": HEALTHY, "empty": {}}.items():
        for layer in ("bronze", "silver", "gold", "ops"):
            spark.sql(f"CREATE SCHEMA {name}_{layer}")
        for table in asked_of():
            kind = f"array<{table.schema.simpleString()}>"
            found = literal(json.dumps(rows.get(table, [])))
            place = f"{name}_{table.layer}.{identifier(table.name)}"
            spark.sql(f"CREATE VIEW {place} AS SELECT inline(from_json('{found}', '{kind}'))")
    yield {name: bundle_of(name) for name in ("troubled", "healthy", "empty")}
    for name in ("troubled", "healthy", "empty"):
        for layer in ("bronze", "silver", "gold", "ops"):
            spark.sql(f"DROP SCHEMA {name}_{layer} CASCADE")


def asked_of():
    """The tables that a query names."""
    bundle = bundle_of("empty")
    alerts = [alert["query_text"] for alert in resolved(bundle, "alerts").values()]
    text = " ".join([*alerts, *datasets(bundle).values()])
    return [table for table in tables.ALL if f"_{table.layer}`.{table.name}" in text]


@cache
def bundle_of(lakehouse):
    layers = ("bronze", "silver", "gold", "ops")
    places = {f"resources.schemas.{layer}_schema.name": f"{lakehouse}_{layer}" for layer in layers}
    return read_bundle(FILE, "dev", GIVEN | places | {"var.catalog": "spark_catalog"})


def resolved(bundle, kind):
    return {key: bundle.resolve(one.content, one.file) for key, one in bundle.resources[kind].items()}


def dashboard(bundle):
    """The dashboard's file, with what the CLI replaces in one."""
    resource = bundle.resources["dashboards"]["business"]
    file = resource.file.parent / resource.content["file_path"]
    return bundle.resolve(json.loads(file.read_text()), file)


def datasets(bundle):
    return {one["name"]: "".join(one["queryLines"]) for one in dashboard(bundle)["datasets"]}


def widgets():
    return [one for page in dashboard(bundle_of("empty"))["pages"] for one in page["layout"]]


DATASETS = list(datasets(bundle_of("empty")))
ALERTS = list(resolved(bundle_of("empty"), "alerts"))
EXPECTED = {
    "reach": [(2, 0.5, 0.5)],
    "listening": [(TODAY, 2, 3)],
    "listening_events": [(TODAY, "like", 2), (TODAY, "skip", 1)],
    "reasons": [("liked", 1), ("popular", 1)],
    "shop": [(TODAY, 3, 0.25, None, None, 12.5)],
    "funnel": [("1 came", 3), ("2 put into the cart", 2), ("3 bought", 1)],
    "churn": [(dt.date(2026, 1, 30), 1, 1.0), (TODAY, 3, pytest.approx(1 / 3))],
    "churn_spread": [(0.2, 2), (0.9, 1)],
    "drift": [(TODAY, "shop type", 0.3)],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_dashboard_shows_these_figures(spark, lakehouses, name):
    rows = [tuple(row) for row in spark.sql(datasets(lakehouses["troubled"])[name]).collect()]

    assert sorted(map(comparable, rows)) == sorted(map(comparable, EXPECTED[name]))


def comparable(row):
    return tuple(
        float(value) if isinstance(value, int | float) or hasattr(value, "as_tuple") else value for value in row
    )


def test_the_dashboard_says_how_old_layers_are_and_which_gate_is_closed(spark, lakehouses):
    asked = datasets(lakehouses["troubled"])

    hours = {(row["layer"], row["stream"]): float(row["hours"]) for row in spark.sql(asked["freshness"]).collect()}
    gates = {row["table_name"]: (row["result"], row["broken"]) for row in spark.sql(asked["gates"]).collect()}
    refused = Counter(row["records"] for row in spark.sql(asked["quarantine"]).collect())
    (quality,) = spark.sql(asked["quality"]).collect()

    assert hours == {
        ("bronze", "listening"): pytest.approx(7, abs=0.5),
        ("bronze", "shop"): pytest.approx(1, abs=0.5),
        ("silver", "listening"): pytest.approx(10, abs=0.5),
        ("silver", "shop"): pytest.approx(7, abs=0.5),
    }
    assert gates["gold.als_top_n"] == ("closed", "key is once; few are alike")
    assert gates["silver.episodes"] == ("passed", "")
    assert refused == {1: 3}
    assert (quality["model"], quality["ndcg_at_10"]) == ("als", 0.1)


@pytest.mark.parametrize("name", DATASETS)
def test_widgets_show_columns_that_there_are_also_of_empty_tables(spark, lakehouses, name):
    found = spark.sql(datasets(lakehouses["empty"])[name])
    shown = {
        field["name"]
        for one in widgets()
        for query in one["widget"].get("queries", [])
        for field in query["query"]["fields"]
        if query["query"]["datasetName"] == name
    }

    assert shown
    assert shown <= set(found.columns)
    assert len(found.collect()) <= 3


@pytest.mark.parametrize("name", ALERTS)
@pytest.mark.parametrize(("lakehouse", "triggered"), [("troubled", True), ("healthy", False), ("empty", False)])
def test_alerts_tell_of_trouble_and_of_nothing_else(spark, lakehouses, name, lakehouse, triggered):
    alert = resolved(lakehouses[lakehouse], "alerts")[name]
    evaluation = alert["evaluation"]
    column, aggregation = evaluation["source"]["name"], evaluation["source"]["aggregation"]

    values = [row[column] for row in spark.sql(alert["query_text"]).collect()]

    assert evaluation["comparison_operator"] == "GREATER_THAN"
    assert evaluation["empty_result_state"] == "OK"
    value = {"MAX": max, "SUM": sum}[aggregation](values) if values else 0
    assert (value > evaluation["threshold"]["value"]["double_value"]) is triggered


def test_the_file_refers_to_resources_alone_because_the_cli_replaces_nothing_else_in_it():
    references = re.findall(r"\$\{(.*?)\}", (FILE.parent / "resources" / "business.lvdash.json").read_text())

    assert {reference.rsplit(".", 1)[1] for reference in references} == {"catalog_name", "name"}
    assert all(reference.startswith("resources.schemas.") for reference in references)


def test_widgets_use_the_fields_that_they_ask_for_and_none_lies_on_another():
    cells = Counter()
    for page in dashboard(bundle_of("empty"))["pages"]:
        for one in page["layout"]:
            at = one["position"]
            assert at["x"] + at["width"] <= 6
            cells.update(
                (page["name"], x, y)
                for x in range(at["x"], at["x"] + at["width"])
                for y in range(at["y"], at["y"] + at["height"])
            )
    named = Counter(one["widget"]["name"] for one in widgets())

    assert set(cells.values()) == {1}
    assert set(named.values()) == {1}
    for one in widgets():
        queries = one["widget"].get("queries", [])
        asked = {field["name"] for query in queries for field in query["query"]["fields"]}
        assert asked == set(fields_in(one["widget"].get("spec", {})))


def fields_in(spec):
    if isinstance(spec, dict):
        for key, value in spec.items():
            yield from [value] if key == "fieldName" else fields_in(value)
    elif isinstance(spec, list):
        for item in spec:
            yield from fields_in(item)
