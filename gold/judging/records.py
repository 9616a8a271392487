"""Records of what was measured, where people look for them: nested MLflow runs and `ops.model_evaluations`."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.judging.metrics import Scores
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.rows import few_rows


def log_scores(name: str, scores: Scores, split: str, tags: Mapping[str, str], parameters: Mapping[str, object]) -> str:
    """Log what was measured of a recommender as a nested run, and return its id."""
    import mlflow

    with mlflow.start_run(run_name=name, nested=True) as run:
        mlflow.set_tags({"split": split, **tags})
        mlflow.log_params(dict(parameters))
        errors = {f"{metric}_standard_error": error for metric, (_, error) in scores.items() if error}
        mlflow.log_metrics({metric: value for metric, (value, _) in scores.items()} | errors)
    return str(run.info.run_id)


def evaluation_rows(
    lake: Lakehouse, measured: Mapping[str, Scores], split: str, run_id: str, version: str | None = None
) -> DataFrame:
    """Scores of recommenders, by name, as rows of `ops.model_evaluations`."""
    rows = [
        (run_id, name, metric, value, error, int(scores["num_users"][0]), split, version)
        for name, scores in measured.items()
        for metric, (value, error) in scores.items()
        if metric != "num_users"
    ]
    schema = tables.model_evaluations.schema
    return few_rows(lake.spark, [(*row, None) for row in rows], schema).withColumn(
        "evaluated_at", F.current_timestamp()
    )
