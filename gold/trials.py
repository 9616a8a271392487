"""Trials on the lakehouse: its engagement split and ready, and scores kept where people look for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.engaged import reweighed
from gold.evaluation import Measured, Trial
from gold.splits import Split, time_split
from reclake import tables
from reclake.lake import Lakehouse
from reclake.staging import Stage


def open_trial(lake: Lakehouse, stage: Stage, split: Callable[[DataFrame], Split] = time_split) -> Trial:
    """Split the lakehouse's engagement, ready to measure configurations."""
    daily, users, items = (lake.read(t) for t in (tables.daily_engagement, tables.user_ids, tables.item_ids))
    return Trial(split(daily), users, items, lambda weights: reweighed(lake, weights), stage)


def log_measured(measured: Measured, split: str) -> str:
    """Log a configuration and its scores as a nested run, and return its id; all have the same names of metrics."""
    import mlflow

    with mlflow.start_run(run_name=str(measured.configuration), nested=True) as run:
        mlflow.set_tags({"split": split, "engine": measured.configuration.engine})
        mlflow.log_params(measured.configuration.model_dump())
        errors = {f"{metric}_standard_error": error for metric, (_, error) in measured.scores.items() if error}
        mlflow.log_metrics({metric: value for metric, (value, _) in measured.scores.items()} | errors)
    return str(run.info.run_id)


def evaluation_rows(
    lake: Lakehouse, measured: Iterable[Measured], split: str, run_id: str, version: str | None = None
) -> DataFrame:
    """Scores as rows of `ops.model_evaluations`."""
    rows = [
        (run_id, str(one.configuration), metric, value, error, int(one.scores["num_users"][0]), split, version)
        for one in measured
        for metric, (value, error) in one.scores.items()
        if metric != "num_users"
    ]
    schema = tables.model_evaluations.schema
    return lake.spark.createDataFrame([(*row, None) for row in rows], schema).withColumn(
        "evaluated_at", F.current_timestamp()
    )
