"""The whole shop from the bundle's own files: clicks and purchase files to both stores, before and after a model.

One home for all of it: a broker, a document store and a PostgreSQL, and tables that two would make twice.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from lakehouse import document_store, tables
from lakehouse.database import connect_read_only
from lakehouse.database.funnels import newest_windows, overall
from lakehouse.jobs.definition import load_jobs
from lakehouse.jobs.execution import on_lake
from lakehouse.jobs.result import JobRun
from lakehouse.jobs.runner import run_job
from lakehouse.kafka import CLICKSTREAM, client_config
from lakehouse.lake import Lakehouse
from lakehouse.quality.gate import check_quality
from lakehouse.recommendations import ANYONE, for_session
from lakehouse.services import down, kafka_bootstrap
from lakehouse.settings import Settings
from producers.publisher import Publisher
from producers.record import Record
from producers.simulator.clicks import Simulation
from producers.simulator.purchases import History, write_purchases
from producers.simulator.simulation import simulate
from reclake import report
from reclake.demo import SHOP
from serving.reading.stores import stores_of

pytestmark = pytest.mark.timeout(1_500)

SCHEMAS = {f"{layer}_schema": f"{layer}_shop" for layer in ("bronze", "silver", "gold", "ops")}
WEEKS = Simulation(events=600, users=40, items=60, churners=0.4, malformed_share=0.02).weeks(6)
BOUGHT = History(users=40, items=60, rows=200)
LATE = {
    "event_id": "late",
    "timestamp": "2024-01-20T10:01:00Z",
    "user_id": "latecomer",
    "item_id": "item-00001",
    "event_type": "view",
}


@dataclass(frozen=True)
class Shop:
    lake: Lakehouse
    runs: list[JobRun] = field(default_factory=list)
    versions: list[dict[str, int]] = field(default_factory=list)

    def run(self, job: str, only: tuple[str, ...] = ()) -> None:
        self.runs.append(run_job(load_jobs(), job, on_lake(self.lake), parameters=SCHEMAS, only=only))

    def count(self, table: tables.Table, where: str = "true") -> int:
        return self.lake.read(table).where(where).count()

    def stored(self, query: str) -> list[tuple]:
        with connect_read_only(self.lake.settings) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def shop(spark: SparkSession, odd_home: Callable[[str], Path]) -> Iterator[Shop]:
    """Six weeks as they come in before there is a model, the shop's job, the job again with the same file under another
    name as its only news, and what `reclake demo --shop` runs then, with an event of weeks ago.
    """
    settings = Settings(
        reclake_home=odd_home("shop"), mlflow_tracking_uri=None, top_n=5, events_retention_days=60, **SCHEMAS
    )
    done = Shop(Lakehouse(settings, spark))
    try:
        simulate(settings, *WEEKS)
        done.run("realtime")
        for name in ("first", "again"):
            write_purchases(BOUGHT, settings.incoming_purchases / f"{name}.parquet")
            done.run("shop")
            done.versions.append({str(t): done.lake.version(t) for t in tables.ALL if done.lake.exists(t)})
        for job, tasks in SHOP[1:]:
            done.run(job, tasks)
            if job == "churn":
                with Publisher(client_config(settings, kafka_bootstrap(settings)), None) as publisher:
                    publisher.publish([Record(CLICKSTREAM.name, LATE["user_id"], json.dumps(LATE).encode())])
        yield done
    finally:
        down(settings)


OF_WEEKS = f"NOT user_id <=> '{LATE['user_id']}'"


def sent() -> Counter[str]:
    return sum((week.expected() for week in WEEKS), Counter())


def test_every_task_of_every_run_succeeds_also_before_there_is_a_model(shop):
    assert [run.job for run in shop.runs] == ["realtime", "shop", "shop", "realtime", "churn", "realtime"]
    assert [[task.name for task in run.failed] for run in shop.runs] == [[]] * 6


def test_each_record_is_a_click_or_in_quarantine_with_the_fault_that_was_put_in(shop):
    broken = {kind for kind in sent() if kind.startswith("malformed")}
    clicks = sum(week.events for week in WEEKS)

    assert shop.count(tables.raw_clickstream) == sent().total() + 1
    assert shop.count(tables.clickstream_events, OF_WEEKS) == sent()["event"] + sent()["late event"] == clicks
    assert shop.count(tables.quarantine) == sum(sent()[kind] for kind in broken) > 0


def test_the_gate_of_silver_accounts_for_every_click_and_purchase(shop):
    rows = {row["source"]: row for row in shop.lake.read(tables.conservation).collect()}

    clicks, bought = rows["bronze.clickstream"], rows["bronze.purchases"]
    valid = sent()["event"] + sent()["late event"]
    assert (clicks["records"], clicks["added"], clicks["lost"]) == (sent().total(), valid, 0)
    assert (bought["records"], bought["added"], bought["lost"]) == (BOUGHT.rows, BOUGHT.rows, 0)


def test_the_same_file_under_another_name_counts_once(shop):
    assert shop.count(tables.raw_purchases) == shop.count(tables.purchases) == BOUGHT.rows


def test_sessions_are_those_that_were_simulated(shop):
    records = (record for week in WEEKS for record in week.event_records())
    said = [json.loads(record.value) for record in records if record.kind in ("event", "late event")]
    found = shop.lake.read(tables.sessions).where(OF_WEEKS)
    whole = found.agg(F.sum("num_events"), F.sum("revenue")).first()

    assert found.count() == len({click["session_id"] for click in said})
    assert whole[0] == len(said)
    assert float(whole[1]) == pytest.approx(sum(c["price"] for c in said if c["event_type"] == "purchase"))


def test_the_history_of_2023_is_on_every_click_of_2024(shop):
    mean = shop.lake.read(tables.purchases).groupBy("user_id").agg(F.avg("purchase_amount").alias("mean"), F.count("*"))
    expected = {row[0]: (float(row[1]), row[2]) for row in mean.collect()}
    seen = shop.lake.read(tables.clickstream_events).groupBy("user_id")
    known = seen.agg(*(f(c) for c in ("avg_purchase_amount", "past_purchases") for f in (F.min, F.max))).collect()

    for user, low, high, fewest, most in known:
        amount, number = expected.get(user, (None, 0))
        assert (low, fewest, most) == (high, number, number)
        assert low == (amount if amount is None else pytest.approx(amount))


def test_a_run_whose_only_news_is_another_name_of_a_file_notes_the_name_and_writes_nothing_else(shop):
    before, after = shop.versions

    assert {name for name, version in after.items() if version != before[name]} == {"ops.files", "ops.quality_results"}


def test_a_session_that_goes_on_is_recommended_products_that_it_has_not_seen(shop):
    row = shop.lake.read(tables.session_recommendations).where("user_id IS NOT NULL").first()
    session = shop.lake.read(tables.sessions).where(F.col("session_id") == row["session_id"]).first()
    with document_store.connect(shop.lake.settings) as database:
        served = for_session(database, row["session_id"], 10)
        strangers = for_session(database, "never seen", 10)
        profiles = database["user_profiles"].count_documents({})

    assert [each["rank"] for each in served] == [1, 2, 3, 4, 5]
    assert not {each["item_id"] for each in served} & {item["item_id"] for item in session["items"]}
    assert {each["session_id"] for each in strangers} == {ANYONE}
    assert profiles == shop.count(tables.user_profiles) > 0


def test_every_table_of_the_job_was_checked(shop):
    checked = {row["table_name"] for row in shop.lake.read(tables.quality_results).collect()}
    written = {name for name, version in shop.versions[0].items() if version > 0 and not name.startswith("ops.")}

    assert written <= checked
    assert shop.count(tables.quality_results, "NOT passed AND severity = 'critical'") == 0


def test_the_jobs_of_the_demo_train_on_weeks_and_predict_by_what_they_trained(shop):
    measured = shop.lake.read(tables.model_evaluations).where("metric = 'auc_pr'").collect()

    assert {row["model"] for row in measured} == {"recency rule", "logistic regression", "gradient boosting"}
    assert all(0 < row["value"] < 0.99 for row in measured)
    assert {row["model_version"] for row in measured} == {"1"}
    assert shop.stored("SELECT DISTINCT model_version FROM churn_prediction") == [("1",)]


def test_the_report_says_how_many_are_at_risk_and_by_which_model(shop):
    console = Console(width=200, file=StringIO())
    console.print(report.churn(stores_of(shop.lake)))
    told = console.file.getvalue()

    ((shoppers, at_risk),) = shop.stored("SELECT count(*), count(*) FILTER (WHERE churned) FROM churn_prediction")

    assert f"{shoppers}, by what was known before 2024-02-11" in told
    assert f"{at_risk} ({at_risk / shoppers:.1%})" in told
    assert all(part in told for part in ("model version 1", "7 days ahead", "recency rule"))


def test_every_event_is_stored_once(shop):
    events = shop.lake.read(tables.clickstream_events)

    ((stored, distinct),) = shop.stored("SELECT count(*), count(DISTINCT event_id) FROM raw_events")

    assert stored == distinct == events.count() > 3_500


def test_the_funnel_is_stored_as_silver_has_it_and_adds_up(shop):
    silver = shop.lake.read(tables.funnel_summary)
    events = shop.lake.read(tables.clickstream_events).where("user_id IS NOT NULL")

    assert shop.stored("SELECT count(*) FROM funnel_summary") == [(silver.count(),)]
    assert shop.stored("SELECT sum(num_views), sum(num_purchases) FROM funnel_summary") == [
        tuple(
            events.agg(F.count_if(F.expr("event_type = 'view'")), F.count_if(F.expr("event_type = 'purchase'"))).first()
        )
    ]
    assert {row["user_id"] for row in silver.where("NOT is_final").select("user_id").collect()} <= {
        row["user_id"] for row in events.where("day >= '2024-02-11'").collect()
    }
    with connect_read_only(shop.lake.settings) as connection:
        windows = newest_windows(connection, 1_000_000)
        whole = overall(connection, windows[-1].start)
    assert whole.viewed == events.select("user_id").distinct().count()
    assert whole.purchased <= whole.carted <= whole.viewed
    assert all(one.funnel.purchased <= one.funnel.carted <= one.funnel.viewed for one in windows)


def test_an_event_of_weeks_ago_corrects_a_window_that_was_final(shop):
    (row,) = shop.lake.read(tables.funnel_summary).where("user_id = 'latecomer'").collect()

    assert (row["window_start"], row["num_views"]) == (dt.datetime(2024, 1, 20, 10), 1)
    assert (row["is_final"], row["is_corrected"]) == (True, True)


def test_whoever_was_there_in_the_last_weeks_has_one_prediction(shop):
    features = shop.lake.read(tables.churn_features)
    newest = features.agg(F.max("as_of")).first()[0]

    stored = shop.stored("SELECT user_id, as_of, churned, churn_probability >= threshold FROM churn_prediction")

    assert {row[0] for row in stored} == {row["user_id"] for row in features.collect()}
    assert "latecomer" in {row[0] for row in stored}
    assert {row[1] for row in stored} == {newest}
    assert all(churned == reaches for _, _, churned, reaches in stored)


def test_what_was_made_passes_its_gate(shop):
    check_quality.run(shop.lake, {"layer": "churn"})

    checked = {row["table_name"] for row in shop.lake.read(tables.quality_results).collect()}
    assert checked >= {"silver.funnel_summary", "silver.daily_user_activity", "gold.churn_predictions"}
