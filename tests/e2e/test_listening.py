"""The whole listening job from the bundle's own files: Kafka to the document store, and the week after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
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
from lakehouse.recommendations import ANYONE, for_user, some_users
from lakehouse.services import down
from lakehouse.settings import Settings
from producers.simulator.listening import Simulation
from producers.simulator.simulation import simulate

# The fixture runs the whole listening job twice, on whatever machine the tests meet.
pytestmark = pytest.mark.timeout(1_500)

WEEKS = [Simulation(run=run, events=1_500, users=60, malformed_share=0.02) for run in (0, 1)]


SCHEMAS = {f"{layer}_schema": f"{layer}_listening" for layer in ("bronze", "silver", "gold", "ops")}


@dataclass
class Pipeline:
    lake: Lakehouse
    runs: list[JobRun] = field(default_factory=list)
    versions: list[dict[str, int]] = field(default_factory=list)

    def run(self, job: str, only: Collection[str] = ()) -> None:
        # The schemas are names in the one session of all tests.
        self.runs.append(run_job(load_jobs(), job, on_lake(self.lake), parameters=SCHEMAS, only=only))

    def note_versions(self) -> None:
        self.versions.append({str(t): self.lake.version(t) for t in tables.ALL if self.lake.exists(t)})

    @property
    def champion(self) -> str:
        """The version that serves."""
        return self.lake.read(tables.als_item_factors).first()["model_version"]

    def count(self, table: tables.Table) -> int:
        return self.lake.read(table).count()


@pytest.fixture(scope="module")
def pipeline(spark: SparkSession, odd_home: Callable[[str], Path]) -> Iterator[Pipeline]:
    """A week through the whole job, the job again without news, then the week after as far as the ids."""
    settings = Settings(
        reclake_home=odd_home("e2e"), mlflow_tracking_uri=None, als_rank=8, als_iterations=3, top_n=5, **SCHEMAS
    )
    done = Pipeline(Lakehouse(settings, spark))
    try:
        simulate(settings, WEEKS[0])
        for _ in range(2):
            done.run("listening")
            done.note_versions()
        simulate(settings, WEEKS[1])
        done.run("bronze", only=["ingest_user_events", "ingest_episode_metadata"])
        done.run("silver", only=["update_events", "update_engagement", "update_episodes"])
        done.run("text", only=["embed_episodes"])
        done.run("gold", only=["assign_ids"])
        done.run("recommend", only=["recommend"])
        yield done
    finally:
        down(settings)


def expected() -> Counter[str]:
    return sum((week.expected() for week in WEEKS), Counter())


def test_every_task_of_every_run_succeeds(pipeline):
    assert [[task.name for task in run.failed] for run in pipeline.runs] == [[]] * len(pipeline.runs)


def test_every_record_that_was_sent_is_in_bronze(pipeline):
    sent = expected()

    assert pipeline.count(tables.raw_episode_metadata) == sent["episode"]
    assert pipeline.count(tables.raw_user_events) == sent.total() - sent["episode"]


def test_each_valid_event_counts_once_and_each_broken_record_is_kept(pipeline):
    sent = expected()
    engaged = pipeline.lake.read(tables.daily_engagement).agg(F.sum("num_events")).first()

    assert pipeline.count(tables.user_events) == sent["event"] + sent["late event"] == engaged[0]
    assert pipeline.count(tables.quarantine) == sum(n for kind, n in sent.items() if kind.startswith("malformed"))


def test_the_gate_of_silver_accounts_for_every_record_that_was_sent(pipeline):
    sent = WEEKS[0].expected()
    broken = sum(n for kind, n in sent.items() if kind.startswith("malformed"))
    rows = {row["source"]: row for row in pipeline.lake.read(tables.conservation).collect()}

    events, episodes = rows["bronze.user_events"], rows["bronze.episode_metadata"]
    assert (events["records"], episodes["records"]) == (sent.total() - sent["episode"], sent["episode"])
    assert (events["added"], events["refused"]) == (sent["event"] + sent["late event"], broken)
    assert (events["lost"], episodes["lost"]) == (0, 0)


def test_a_run_without_news_writes_nothing(pipeline):
    assert pipeline.versions[1] == pipeline.versions[0]


def test_ids_stay_what_they_were(pipeline):
    first = pipeline.versions[0]["gold.user_ids"]
    name = pipeline.lake.name(tables.user_ids)
    before = set(pipeline.lake.spark.sql(f"SELECT * FROM {name} VERSION AS OF {first}").collect())

    assert before <= set(pipeline.lake.read(tables.user_ids).collect())


def test_nobody_is_recommended_what_they_completed(pipeline):
    trained_on = pipeline.versions[0]["silver.daily_engagement"]
    name = pipeline.lake.name(tables.daily_engagement)
    done = pipeline.lake.spark.sql(f"SELECT * FROM {name} VERSION AS OF {trained_on}").where("num_completed > 0")
    recommended = pipeline.lake.read(tables.als_top_n)

    assert recommended.join(done, ["user_id", "new_episode_id"], "left_semi").count() == 0
    assert {row["n"] for row in recommended.groupBy("user_id").agg(F.count("*").alias("n")).collect()} == {5}


def test_strangers_of_a_language_get_what_is_popular_in_it(pipeline):
    with document_store.connect(pipeline.lake.settings) as database:
        served = for_user(database, "nobody", 100, language="en")

    assert {row["user_id"] for row in served} == {f"{ANYONE}:en"}
    assert [row["rank"] for row in served] == [1, 2, 3, 4, 5]


def test_the_store_serves_what_gold_holds_with_titles(pipeline):
    first = pipeline.versions[0]["gold.final_recommendations"]
    name = pipeline.lake.name(tables.final_recommendations)
    gold = pipeline.lake.spark.sql(f"SELECT * FROM {name} VERSION AS OF {first}").collect()
    with document_store.connect(pipeline.lake.settings) as database:
        user = some_users(database, 1)[0]
        served = for_user(database, user, 100)

        assert set(database.list_collection_names()) == {"final_recommendations", "als_top_n", "als_item_item"}
        assert database["final_recommendations"].count_documents({}) == len(gold)
    assert [(r["recommended_episode_id"], r["score"], r["sources"], r["model_version"]) for r in served] == [
        (r["recommended_episode_id"], r["score"], r["sources"], pipeline.champion)
        for r in sorted(gold, key=lambda r: r["rank"])
        if r["user_id"] == user
    ]
    assert all(row["title"] for row in served)


def test_an_episode_of_the_week_after_is_recommended_before_anybody_has_heard_it(pipeline):
    heard = pipeline.lake.read(tables.als_item_factors).join(pipeline.lake.read(tables.item_ids), "idx")
    final = pipeline.lake.read(tables.final_recommendations).where("NOT startswith(user_id, '*')")

    unheard = final.join(heard.selectExpr("id AS recommended_episode_id"), "recommended_episode_id", "left_anti")

    assert final.count() == pipeline.lake.read(tables.user_ids).count() * 5
    assert unheard.count() > 0
    assert final.where("reason IS NULL OR title IS NULL").isEmpty()


def test_every_episode_has_an_embedding_and_episodes_that_are_alike(pipeline):
    episodes = pipeline.count(tables.episodes)

    assert pipeline.lake.read(tables.episode_embeddings).where("embedding IS NOT NULL").count() == episodes
    assert pipeline.lake.read(tables.text_similarities).where("rank = 1").count() == WEEKS[0].expected()["episode"]


def test_the_logged_model_answers_as_the_table_does(pipeline, tmp_path):
    import mlflow
    import pandas as pd

    from lakehouse.tracking import tracking_uri

    mlflow.set_tracking_uri(tracking_uri(pipeline.lake.settings))
    # Where the model lies, MLflow would take the %20 in the folder's name for a space.
    uri = f"models:/{pipeline.lake.settings.registered_model}@champion"
    model = mlflow.pyfunc.load_model(uri, dst_path=str(tmp_path))
    gold = {
        user: pipeline.lake.read(tables.als_top_n).where(F.col("user_id") == user).orderBy("rank").collect()
        for user in ("user-00001", ANYONE)
    }

    asked = model.predict(pd.DataFrame({"user_id": ["user-00001", "nobody"]}), params={"n": 5})

    expected = [*gold["user-00001"], *gold[ANYONE]]
    assert asked["recommended_episode_id"].tolist() == [row["new_episode_id"] for row in expected]
    assert asked["score"].tolist() == pytest.approx([row["als_score"] for row in expected], abs=1e-5)


def test_each_training_is_a_run_of_nested_runs_with_its_inputs_and_its_verdict(pipeline):
    import mlflow

    runs = mlflow.search_runs(experiment_names=[pipeline.lake.settings.mlflow_experiment], output_format="list")

    (parent,) = (run for run in runs if "mlflow.parentRunId" not in run.data.tags)
    engines = {run.data.tags["engine"]: run.data for run in runs if run is not parent}
    assert parent.data.tags["version.silver.daily_engagement"] == str(pipeline.versions[0]["silver.daily_engagement"])
    assert "decayed popularity" in parent.data.tags["verdict"].lower()
    assert "ndcg_at_10_all_items_all" in engines.pop("hybrid").metrics
    assert {data.params["rank"] for data in engines.values()} == {"8"}
    assert all({"ndcg_at_10", "map_at_10", "coverage_at_10"} <= data.metrics.keys() for data in engines.values())


def test_every_layer_was_checked(pipeline):
    checked = {row["table_name"].split(".")[0] for row in pipeline.lake.read(tables.quality_results).collect()}

    assert checked == {"bronze", "silver", "gold", "ops"}
    tables_checked = {row["table_name"] for row in pipeline.lake.read(tables.quality_results).collect()}
    assert {"gold.final_recommendations", "gold.text_similarities", "gold.episode_embeddings"} <= tables_checked
