"""The registered versions of the churn model, and the one that serves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, ConfigDict

from gold.churn.classifier import ChurnModel
from gold.judging.registry import CHAMPION, Registry, Version
from lakehouse.errors import NothingToServeError
from lakehouse.settings import Settings

FOLDER = "model"
"""Of the files of the model, among the artifacts of a version."""


class ChurnConfiguration(BaseModel):
    """What distinguishes churn models: which candidate, what churn means, and from which probability on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    horizon_days: int
    threshold: float

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.kind}, {self.horizon_days} days ahead, from probability {self.threshold:.3f} on"


@dataclass(frozen=True)
class Champion:
    """The model that serves and the number of its version."""

    model: ChurnModel
    version: str


def churn_models(settings: Settings) -> Registry[ChurnConfiguration]:
    """The versions of the churn model."""
    return Registry(settings, settings.churn_model, ChurnConfiguration, "auc_pr")


def champion_version(settings: Settings) -> Version[ChurnConfiguration]:
    """Ask which version serves.

    Raises
    ------
    NothingToServeError
        None does, or none that this RecLake can read.
    ServiceError
        The registry does not answer.
    """
    found = churn_models(settings).holder(CHAMPION)
    if found is None:
        raise NothingToServeError(
            f"There is no churn model {settings.churn_model} that this RecLake can read. "
            "Train one: `reclake train churn`."
        )
    return found


def load(settings: Settings, version: Version[ChurnConfiguration]) -> Champion:
    """Download a version and read it.

    Raises
    ------
    NothingToServeError
        Its files are missing, or another version of RecLake made them.
    """
    from mlflow.exceptions import MlflowException

    with TemporaryDirectory() as folder:
        try:
            files = churn_models(settings).artifacts(version, Path(folder))
        except (MlflowException, OSError) as error:
            raise NothingToServeError(
                f"The files of version {version.number} of {settings.churn_model} are missing "
                f"({type(error).__name__}). Train it again: `reclake train churn`."
            ) from error
        return Champion(ChurnModel.load(files / FOLDER), version.number)
