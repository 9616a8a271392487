"""What a search has tried, in nested MLflow runs: from these a later search on the same data goes on.

They are the one memory of a search that a laptop and Databricks both have: files in a volume cannot be appended to.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from gold.engines.configuration import Configuration
from gold.judging.metrics import Scores
from gold.judging.records import log_scores
from gold.listening.evaluation import K
from lakehouse.tracking import all_found

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

log = logging.getLogger(__name__)

METRIC = f"ndcg_at_{K}"
FIRST = f"first_{METRIC}"
"""The metric after the few sweeps that come first."""
_SEARCH, _CONFIGURATION = "search", "configuration"


@dataclass(frozen=True)
class Tried:
    """A configuration and its scores: of all its sweeps, and as `FIRST` of the first few.

    One that was given up early has that one alone, one that the data was too large for has none.
    """

    configuration: Configuration
    scores: Scores

    @property
    def first(self) -> float | None:
        """What it was at after the first few sweeps."""
        return self.scores[FIRST][0] if FIRST in self.scores else None

    @property
    def score(self) -> float | None:
        """What it is chosen by; none if it was given up."""
        return self.scores[METRIC][0] if METRIC in self.scores else None


def log_tried(tried: Tried, search: str, split: str) -> None:
    """Log what was tried as a nested run of a search."""
    configuration = tried.configuration
    tags = {
        "engine": configuration.engine,
        "given_up": str(tried.score is None).lower(),
        _SEARCH: search,
        _CONFIGURATION: configuration.model_dump_json(),
    }
    log_scores(str(configuration), tried.scores, split, tags, configuration.model_dump())


def tried_before(client: MlflowClient, experiment_id: str, search: str) -> list[Tried]:
    """All that searches of one name have tried, oldest first; a trial that was interrupted is not among them."""
    runs = all_found(
        client.search_runs,
        experiment_ids=[experiment_id],
        filter_string=f"tags.{_SEARCH} = '{search}' AND attributes.status = 'FINISHED'",
        order_by=["attributes.start_time ASC"],
    )
    return [tried for run in runs if (tried := _tried(run))]


def _tried(run: Run) -> Tried | None:
    try:
        configuration = Configuration.model_validate_json(run.data.tags[_CONFIGURATION])
    except (KeyError, ValidationError):
        log.warning("trial %s cannot be read by this RecLake and is left aside", run.info.run_id)
        return None
    return Tried(configuration, {name: (value, 0.0) for name, value in run.data.metrics.items()})
