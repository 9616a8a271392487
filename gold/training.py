"""Training: an MLflow run that evaluates, fits on everything, and registers a model that can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import redirect_stderr
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold import als, evaluation
from gold.evaluation import Evaluation
from gold.interactions import interactions, numbered
from gold.splits import Split, time_split
from reclake import tables
from reclake.lake import Lakehouse
from reclake.staging import Stage, staging
from reclake.tables import Table
from reclake.tracking import tracked_run

if TYPE_CHECKING:
    from mlflow.models import ModelSignature


def train(lake: Lakehouse, versions: Mapping[Table, int]) -> None:
    """Evaluate ALS on a time split, fit it on all interactions, log and register it, and write its factors.

    Parameters
    ----------
    versions : mapping
        Delta version of each input, logged with the run.
    """
    settings = lake.settings
    daily, users, items = (lake.read(t) for t in (tables.daily_engagement, tables.user_ids, tables.item_ids))
    with tracked_run(settings, "train als") as run, staging(lake) as stage:
        import mlflow

        mlflow.log_params({f"als_{name}": value for name, value in asdict(settings.als).items()})
        mlflow.set_tags({f"version.{table}": version for table, version in versions.items()})
        split = time_split(daily, settings.als.half_life_days)
        train_rows = stage("train", numbered(split.train, users, items))
        test_rows = stage("test", numbered(split.test, users, items))
        evaluated = evaluation.evaluate(Split(split.name, train_rows, test_rows), settings.als, stage)
        _log_scores(evaluated)
        pairs = stage("all", numbered(interactions(daily, settings.als.half_life_days), users, items))
        factors = als.fit(pairs, settings.als)
        version = _log_model(lake, factors, pairs, stage)
        _write(lake, factors, version)
        lake.upsert(tables.model_evaluations, _evaluation_rows(lake, evaluated, run.info.run_id, version))


def _log_scores(evaluated: Evaluation) -> None:
    import mlflow

    mlflow.set_tag("split", evaluated.split)
    for model, scores in evaluated.scores.items():
        prefix = "" if model == "als" else f"{model}_"
        for metric, (value, error) in scores.items():
            mlflow.log_metric(f"{prefix}{metric}", value)
            if error:
                mlflow.log_metric(f"{prefix}{metric}_standard_error", error)


def _log_model(lake: Lakehouse, factors: als.Factors, pairs: DataFrame, stage: Stage) -> str:
    """Log the model that `gold/model.py` makes of the factors, and return its registered version."""
    import mlflow

    done = pairs.where("completed").groupBy("user_idx").agg(F.collect_set("item_id").alias("completed"))
    users = (
        factors.users.join(lake.read(tables.user_ids), "idx")
        .join(done, F.col("idx") == F.col("user_idx"), "left")
        .select(
            F.col("id").alias("user_id"),
            "factors",
            F.coalesce("completed", F.array().cast("array<string>")).alias("completed"),
        )
    )
    items = factors.items.join(lake.read(tables.item_ids), "idx").select(F.col("id").alias("item_id"), "factors")
    stage("users", users)
    stage("items", items)
    # MLflow reports registrations on stderr; the job's own table says what happened.
    with redirect_stderr(StringIO()):
        logged = mlflow.pyfunc.log_model(
            name="recommender",
            python_model=str(Path(__file__).with_name("model.py")),
            artifacts={"users": str(stage.folder / "users"), "items": str(stage.folder / "items")},
            signature=_signature(),
            pip_requirements=["numpy", "pandas", "pyarrow"],
            registered_model_name=lake.settings.registered_model,
        )
    return str(logged.registered_model_version)


def _signature() -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

    asked: list[ColSpec | TensorSpec] = [ColSpec(DataType.string, "user_id")]
    answered: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.string, "user_id"),
        ColSpec(DataType.string, "recommended_episode_id"),
        ColSpec(DataType.double, "score"),
        ColSpec(DataType.long, "rank"),
    ]
    return ModelSignature(Schema(asked), Schema(answered), ParamSchema([ParamSpec("n", DataType.integer, 10)]))


def _write(lake: Lakehouse, factors: als.Factors, version: str) -> None:
    stamped = F.lit(version).alias("model_version")
    lake.replace(tables.als_user_factors, factors.users.select("idx", stamped, "factors"))
    lake.replace(tables.als_item_factors, factors.items.select("idx", stamped, "factors"))


def _evaluation_rows(lake: Lakehouse, evaluated: Evaluation, run_id: str, version: str) -> DataFrame:
    rows = [
        (run_id, model, metric, value, error, int(scores["num_users"][0]), evaluated.split, version)
        for model, scores in evaluated.scores.items()
        for metric, (value, error) in scores.items()
        if metric != "num_users"
    ]
    columns = tables.model_evaluations.schema.names[:-1]
    return lake.spark.createDataFrame(rows, columns).withColumn("evaluated_at", F.current_timestamp())
