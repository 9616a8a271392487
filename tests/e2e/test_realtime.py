"""The whole realtime job from the bundle's own files: clicks to PostgreSQL, before and after the first churn model."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from lakehouse import tables
from lakehouse.database import connect_read_only
from lakehouse.database.funnels import newest_windows, overall
from lakehouse.jobs.definition import load_jobs
from lakehouse.jobs.execution import on_lake
from lakehouse.jobs.result import JobRun
from lakehouse.jobs.runner import run_job
from lakehouse.kafka import CLICKSTREAM, client_config
from lakehouse.lake import Lakehouse
from lakehouse.quality.gate import check_quality
from lakehouse.services import down, kafka_bootstrap
from lakehouse.settings import Settings
from producers.publisher import Publisher
from producers.record import Record
from producers.simulator.clicks import Simulation
from producers.simulator.simulation import simulate
from reclake import report
from reclake.demo import SHOP
from serving.reading.stores import stores_of

pytestmark = pytest.mark.timeout(1_500)

SCHEMAS = {f"{layer}_schema": f"{layer}_realtime" for layer in ("bronze", "silver", "gold", "ops")}
WEEKS = Simulation(events=600, users=30, items=40, churners=0.4, malformed_share=0).weeks(6)
LATE = {
    "event_id": "late",
    "timestamp": "2024-01-20T10:01:00Z",
    "user_id": "latecomer",
    "item_id": "item-00001",
    "event_type": "view",
}


@dataclass(frozen=True)
class Realtime:
    lake: Lakehouse
    runs: tuple[JobRun, ...]

    def stored(self, query: str) -> list[tuple]:
        with connect_read_only(self.lake.settings) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def realtime(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realtime]:
    """Six weeks at once, then the jobs of `reclake demo --shop` after the shop's own, with an event of weeks ago."""
    home = tmp_path_factory.mktemp("realtime")
    settings = Settings(reclake_home=home, mlflow_tracking_uri=None, events_retention_days=60, **SCHEMAS)
    lake, runs = Lakehouse(settings, spark), []
    try:
        simulate(settings, *WEEKS)
        for job, tasks in (("realtime", ()), *SHOP[1:]):
            runs.append(run_job(load_jobs(), job, on_lake(lake), parameters=SCHEMAS, only=tasks))
            if job == "churn":
                with Publisher(client_config(settings, kafka_bootstrap(settings)), None) as publisher:
                    publisher.publish([Record(CLICKSTREAM.name, "latecomer", json.dumps(LATE).encode())])
        yield Realtime(lake, tuple(runs))
    finally:
        down(settings)


def test_every_task_succeeds_also_before_there_is_a_model(realtime):
    assert [run.job for run in realtime.runs] == ["realtime", "realtime", "churn", "realtime"]
    assert [[task.name for task in run.failed] for run in realtime.runs] == [[], [], [], []]


def test_the_jobs_of_the_demo_train_on_weeks_and_predict_by_what_they_trained(realtime):
    measured = realtime.lake.read(tables.model_evaluations).where("metric = 'auc_pr'").collect()

    assert {row["model"] for row in measured} == {"recency rule", "logistic regression", "gradient boosting"}
    assert all(0 < row["value"] < 0.99 for row in measured)
    assert {row["model_version"] for row in measured} == {"1"}
    assert realtime.stored("SELECT DISTINCT model_version FROM churn_prediction") == [("1",)]


def test_the_report_says_how_many_are_at_risk_and_by_which_model(realtime):
    console = Console(width=200, file=StringIO())
    console.print(report.churn(stores_of(realtime.lake)))
    told = console.file.getvalue()

    ((shoppers, at_risk),) = realtime.stored("SELECT count(*), count(*) FILTER (WHERE churned) FROM churn_prediction")

    assert f"{shoppers}, by what was known before 2024-02-11" in told
    assert f"{at_risk} ({at_risk / shoppers:.1%})" in told
    assert all(part in told for part in ("model version 1", "7 days ahead", "recency rule"))


def test_every_event_is_stored_once(realtime):
    events = realtime.lake.read(tables.clickstream_events)

    ((stored, distinct),) = realtime.stored("SELECT count(*), count(DISTINCT event_id) FROM raw_events")

    assert stored == distinct == events.count() > 3_500


def test_the_funnel_is_stored_as_silver_has_it_and_adds_up(realtime):
    silver = realtime.lake.read(tables.funnel_summary)
    events = realtime.lake.read(tables.clickstream_events).where("user_id IS NOT NULL")

    assert realtime.stored("SELECT count(*) FROM funnel_summary") == [(silver.count(),)]
    assert realtime.stored("SELECT sum(num_views), sum(num_purchases) FROM funnel_summary") == [
        tuple(
            events.agg(F.count_if(F.expr("event_type = 'view'")), F.count_if(F.expr("event_type = 'purchase'"))).first()
        )
    ]
    assert {row["user_id"] for row in silver.where("NOT is_final").select("user_id").collect()} <= {
        row["user_id"] for row in events.where("day >= '2024-02-11'").collect()
    }
    with connect_read_only(realtime.lake.settings) as connection:
        windows = newest_windows(connection, 1_000_000)
        whole = overall(connection, windows[-1].start)
    assert whole.viewed == events.select("user_id").distinct().count()
    assert whole.purchased <= whole.carted <= whole.viewed
    assert all(one.funnel.purchased <= one.funnel.carted <= one.funnel.viewed for one in windows)


def test_an_event_of_weeks_ago_corrects_a_window_that_was_final(realtime):
    (row,) = realtime.lake.read(tables.funnel_summary).where("user_id = 'latecomer'").collect()

    assert (row["window_start"], row["num_views"]) == (dt.datetime(2024, 1, 20, 10), 1)
    assert (row["is_final"], row["is_corrected"]) == (True, True)


def test_whoever_was_there_in_the_last_weeks_has_one_prediction(realtime):
    features = realtime.lake.read(tables.churn_features)
    newest = features.agg(F.max("as_of")).first()[0]

    stored = realtime.stored("SELECT user_id, as_of, churned, churn_probability >= threshold FROM churn_prediction")

    assert {row[0] for row in stored} == {row["user_id"] for row in features.collect()}
    assert "latecomer" in {row[0] for row in stored}
    assert {row[1] for row in stored} == {newest}
    assert all(churned == reaches for _, _, churned, reaches in stored)


def test_what_was_made_passes_its_gate(realtime):
    check_quality.run(realtime.lake, {"layer": "churn"})

    checked = {row["table_name"] for row in realtime.lake.read(tables.quality_results).collect()}
    assert checked >= {"silver.funnel_summary", "silver.daily_user_activity", "gold.churn_predictions"}
