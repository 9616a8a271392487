"""Tracking: MLflow on the workspace's server, or on a sqlite file of the local home."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lakehouse.errors import ServiceError
from lakehouse.settings import Settings

if TYPE_CHECKING:
    from types import ModuleType

    from mlflow import ActiveRun, MlflowClient
    from mlflow.store.entities import PagedList

Found = TypeVar("Found")

_ANSWER_SECONDS = 10
_PAGE = 200
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}


def tracking_uri(settings: Settings) -> str:
    """Where runs are recorded."""
    if settings.mlflow_tracking_uri:
        return settings.mlflow_tracking_uri
    return "databricks" if settings.on_databricks else _sqlite(settings.home / "mlflow.db")


def artifact_location(settings: Settings) -> str | None:
    """Where files of runs go; none: a server says so itself, and whoever serves a model reaches that place as well."""
    is_local = tracking_uri(settings).startswith(("sqlite:", "sqlite+"))
    return (settings.home / "mlartifacts").as_uri() if is_local else None


def _sqlite(file: Path) -> str:
    """The URL of a file; SQLAlchemy unescapes it, and of one without its driver MLflow makes the folder beforehand.

    Examples
    --------
    >>> _sqlite(Path("/home/my lake/mlflow.db")), _sqlite(Path("/home/a%20b/mlflow.db"))
    ('sqlite:////home/my lake/mlflow.db', 'sqlite+pysqlite:////home/a%2520b/mlflow.db')
    """
    path = str(file).replace("%", "%25").replace("?", "%3F")
    return f"sqlite:///{path}" if path == str(file) else f"sqlite+pysqlite:///{path}"


@contextmanager
def tracked_run(settings: Settings, name: str) -> Iterator[ActiveRun]:
    """Start an MLflow run in the settings' experiment; an exception inside marks it as failed.

    MLflow is imported here and not before: it takes seconds, and a task without news does not need it.

    Raises
    ------
    ServiceError
        The tracking server does not answer.
    """
    mlflow = _mlflow(settings)
    if mlflow.get_experiment_by_name(settings.mlflow_experiment) is None:
        mlflow.create_experiment(settings.mlflow_experiment, artifact_location=artifact_location(settings))
    mlflow.set_experiment(settings.mlflow_experiment)
    with mlflow.start_run(run_name=name) as run:
        yield run


def tracking_client(settings: Settings) -> MlflowClient:
    """Connect to where runs and models are registered."""
    client: MlflowClient = _mlflow(settings).MlflowClient()
    return client


def all_found(search: Callable[..., PagedList[Found]], **query: Any) -> Iterator[Found]:
    """Everything that a search of MLflow's client finds, page by page: a server decides how many it answers with."""
    page = search(**query, max_results=_PAGE)
    yield from page
    while page.token:
        page = search(**query, max_results=_PAGE, page_token=page.token)
        yield from page


def _expect_answer(uri: str) -> None:
    """Ask a server whether it is there: MLflow itself would try for minutes, and then say so in a traceback."""
    import httpx

    shown = httpx.URL(uri).copy_with(username=None, password=None)
    try:
        httpx.get(uri, timeout=_ANSWER_SECONDS)
    except httpx.HTTPError as error:
        raise ServiceError(
            f"The MLflow server {shown} does not answer ({type(error).__name__}). Start it, correct "
            "MLFLOW_TRACKING_URI, or leave that out to use a file of this machine; what is served stays."
        ) from None


def _mlflow(settings: Settings) -> ModuleType:
    os.environ |= _QUIET
    import mlflow

    uri = tracking_uri(settings)
    if uri.startswith(("http:", "https:")):
        _expect_answer(uri)
    mlflow.set_tracking_uri(uri)
    # Said for both, because the registry would otherwise stay where the process has used one before.
    mlflow.set_registry_uri("databricks-uc" if settings.catalog else uri)
    return mlflow
