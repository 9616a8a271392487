"""Models: what each training measured, which version serves, and why the last challenger does or does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

import pandas as pd

from gold.judging.rules import CONFIDENCE_95
from lakehouse import tables
from lakehouse.errors import NothingToServeError, ServiceError, said
from lakehouse.settings import Settings
from lakehouse.tracking import tracking_client, tracking_uri
from serving.reading.figure import Figure
from serving.reading.stores import Stores

Result = TypeVar("Result")
MOST_RUNS = 50
MODELS = ("recommender", "churn")


def evaluations(stores: Stores) -> Figure:
    """What the newest training of each split measured.

    Returns
    -------
    Figure
        `split`, `model`, `metric`, `value`, `low`, `high` (95 % interval, or the value itself), `users`,
        `evaluated_at`.
    """
    rows = stores.lake.rows(
        f"""
        SELECT split, model, metric, value, standard_error, num_users AS users, evaluated_at
        FROM {tables.model_evaluations} AS e
        WHERE evaluated_at = (
            SELECT max(evaluated_at) FROM {tables.model_evaluations} AS newest
            WHERE newest.split = e.split AND newest.model = e.model
        )
        ORDER BY split, metric, value DESC
        """  # noqa: S608
    )
    half = CONFIDENCE_95 * rows.pop("standard_error").fillna(0)
    rows["low"], rows["high"] = rows["value"] - half, rows["value"] + half
    return Figure(rows, stores.lake.written_at(tables.model_evaluations))


def measured(stores: Stores, since: dt.datetime) -> Figure:
    """What the runs since a time measured, trainings and comparisons; if there were none, the newest one before.

    Returns
    -------
    Figure
        `run_id`, `model`, `metric`, `value`, `standard_error`, `users`, `split`, `model_version` (missing where nothing
        was registered), `evaluated_at`.
    """
    rows = stores.lake.rows(
        f"""
        SELECT run_id, model, metric, value, standard_error, num_users AS users, split, model_version, evaluated_at
        FROM {tables.model_evaluations}
        WHERE evaluated_at >= least($since, (SELECT max(evaluated_at) FROM {tables.model_evaluations}))
        ORDER BY evaluated_at, run_id, metric, model
        """,  # noqa: S608
        since=since,
    )
    return Figure(rows, stores.lake.written_at(tables.model_evaluations))


def runs(stores: Stores) -> Figure:
    """The newest MLflow runs: `run_id`, `name`, `started_at`, `seconds`, `status`, `under` (name of the parent)."""

    def read(settings: Settings) -> pd.DataFrame:
        client = tracking_client(settings)
        experiment = client.get_experiment_by_name(settings.mlflow_experiment)
        if experiment is None:
            raise NothingToServeError(f"There is no experiment {settings.mlflow_experiment} yet: run `reclake demo`.")
        found = client.search_runs([experiment.experiment_id], max_results=MOST_RUNS, order_by=["start_time DESC"])
        names = {run.info.run_id: run.info.run_name for run in found}
        return pd.DataFrame(
            [
                {
                    "run_id": run.info.run_id,
                    "name": run.info.run_name,
                    "under": names.get(run.data.tags.get("mlflow.parentRunId", ""), ""),
                    "started_at": pd.Timestamp(run.info.start_time, unit="ms", tz="UTC"),
                    "seconds": (run.info.end_time - run.info.start_time) / 1_000 if run.info.end_time else None,
                    "status": run.info.status,
                    "parameters": dict(run.data.params),
                    "metrics": dict(run.data.metrics),
                }
                for run in found
            ]
        )

    rows = _asked(stores, read)
    return Figure(rows, None if rows.empty else rows["started_at"].max().to_pydatetime())


def versions(stores: Stores, model: str) -> Figure:
    """The registered versions of a model, newest first.

    Parameters
    ----------
    model : str
        One of `MODELS`.

    Returns
    -------
    Figure
        `version`, `role` (champion, challenger or nothing), `configuration`, `score`, `trained_until`,
        `served_since`, `verdict`.
    """

    def read(settings: Settings) -> pd.DataFrame:
        from gold.churn.registered import churn_models
        from gold.listening.registered import recommenders

        registry = recommenders(settings) if model == "recommender" else churn_models(settings)
        return pd.DataFrame(
            [
                {
                    "version": one.number,
                    "role": ", ".join(one.aliases),
                    "configuration": str(one.configuration),
                    "score": one.score,
                    "trained_until": one.trained_until,
                    "served_since": pd.to_datetime(one.served_since, utc=True) if one.served_since else pd.NaT,
                    "verdict": one.verdict,
                }
                for one in registry.versions()
            ]
        )

    return Figure(_asked(stores, read))


def _asked(stores: Stores, read: Callable[[Settings], Result]) -> Result:
    """Ask MLflow, but not a file that does not exist, which MLflow would make."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    uri = tracking_uri(stores.settings)
    if uri.startswith("sqlite:///") and not (stores.settings.home / "mlflow.db").exists():
        raise NothingToServeError("No model was trained yet: run `reclake demo`, for churn `reclake train churn`.")
    try:
        return read(stores.settings)
    except (MlflowException, SQLAlchemyError) as error:
        raise ServiceError(f"MLflow does not answer: {said(error)}.") from None
