"""The whole shop job from the bundle's own files: clicks and purchase files to the document store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse import document_store, tables
from lakehouse.jobs.definition import load_jobs
from lakehouse.jobs.execution import on_lake
from lakehouse.jobs.result import JobRun
from lakehouse.jobs.runner import run_job
from lakehouse.lake import Lakehouse
from lakehouse.recommendations import ANYONE, for_session
from lakehouse.services import down
from lakehouse.settings import Settings
from producers.simulator.clicks import Simulation
from producers.simulator.purchases import History, write_purchases
from producers.simulator.simulation import simulate

pytestmark = pytest.mark.timeout(1_500)

CLICKS = Simulation(events=1_500, users=40, items=60, malformed_share=0.02)
BOUGHT = History(users=40, items=60, rows=200)


@dataclass(frozen=True)
class Shop:
    lake: Lakehouse
    runs: tuple[JobRun, ...]
    versions: tuple[dict[str, int], ...]

    def count(self, table: tables.Table, where: str = "true") -> int:
        return self.lake.read(table).where(where).count()


@pytest.fixture(scope="module")
def shop(spark: SparkSession, odd_home: Callable[[str], Path]) -> Iterator[Shop]:
    """A week through the whole job, and the job again without news but for the same file under another name."""
    schemas = {f"{layer}_schema": f"{layer}_shop" for layer in ("bronze", "silver", "gold", "ops")}
    lake = Lakehouse(Settings(reclake_home=odd_home("shop"), mlflow_tracking_uri=None, top_n=5, **schemas), spark)
    runs, versions = [], []
    try:
        simulate(lake.settings, CLICKS)
        for name in ("first", "again"):
            write_purchases(BOUGHT, lake.settings.incoming_purchases / f"{name}.parquet")
            runs.append(run_job(load_jobs(), "shop", on_lake(lake), parameters=schemas))
            versions.append({str(t): lake.version(t) for t in tables.ALL if lake.exists(t)})
        yield Shop(lake, tuple(runs), tuple(versions))
    finally:
        down(lake.settings)


def test_every_task_of_every_run_succeeds(shop):
    assert [[task.name for task in run.failed] for run in shop.runs] == [[], []]


def test_each_record_is_a_click_or_in_quarantine_with_the_fault_that_was_put_in(shop):
    sent = CLICKS.expected()
    broken = {kind for kind in sent if kind.startswith("malformed")}

    assert shop.count(tables.raw_clickstream) == sent.total()
    assert shop.count(tables.clickstream_events) == sent["event"] + sent["late event"] == CLICKS.events
    assert shop.count(tables.quarantine) == sum(sent[kind] for kind in broken) > 0


def test_the_gate_of_silver_accounts_for_every_click_and_purchase(shop):
    sent = CLICKS.expected()
    rows = {row["source"]: row for row in shop.lake.read(tables.conservation).collect()}

    clicks, bought = rows["bronze.clickstream"], rows["bronze.purchases"]
    assert (clicks["records"], clicks["added"], clicks["lost"]) == (sent.total(), CLICKS.events, 0)
    assert (bought["records"], bought["added"], bought["lost"]) == (BOUGHT.rows, BOUGHT.rows, 0)


def test_the_same_file_under_another_name_counts_once(shop):
    assert shop.count(tables.raw_purchases) == shop.count(tables.purchases) == BOUGHT.rows


def test_sessions_are_those_that_were_simulated(shop):
    said = [json.loads(record.value) for record in CLICKS.event_records() if record.kind in ("event", "late event")]
    whole = shop.lake.read(tables.sessions).agg(F.sum("num_events"), F.sum("revenue")).first()

    assert shop.count(tables.sessions) == len({click["session_id"] for click in said})
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
