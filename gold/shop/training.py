"""Training: which model of sessions serves is decided on newer sessions than it was trained on, then trained on all."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from pyspark.sql import DataFrame

from gold.judging.metrics import Scores
from gold.judging.records import evaluation_rows, log_scores
from gold.judging.rules import FEWEST_USERS
from gold.shop import factors
from gold.shop.champion import install
from gold.shop.factors import CONFIGURATION
from gold.shop.item_item import ItemItem, neighbours
from gold.shop.judging import METRIC, Fit, best_of, time_split
from gold.shop.popular import Filled, Popular, by_sessions
from gold.shop.recent import recent_sessions
from lakehouse import tables
from lakehouse.errors import DataTooLargeError, NothingToServeError
from lakehouse.lake import Lakehouse
from lakehouse.scratch import Scratch, scratch_folder
from lakehouse.settings import Settings
from lakehouse.tables import Table
from lakehouse.tracking import tracked_run

log = logging.getLogger(__name__)

ITEM_ITEM, ALS, POPULARITY = "item-item", "ALS fold-in", "popularity"
SPLIT = "newest sessions"


def candidates(settings: Settings) -> Mapping[str, Fit]:
    """What competes, by name; of equal ones the first serves."""
    weights, most = settings.click_weights, settings.session_similar_n
    return {
        ITEM_ITEM: lambda sessions: ItemItem(neighbours(sessions, most)),
        ALS: lambda sessions: factors.fit(sessions, weights),
        POPULARITY: by_sessions,
    }


def train(lake: Lakehouse, versions: Mapping[Table, int]) -> None:
    """Decide which model serves, train it on all recent sessions and write it.

    Parameters
    ----------
    versions : mapping
        Delta version of each input, logged with the run.

    Raises
    ------
    NothingToServeError
        There is no session of a person.
    """
    with tracked_run(lake.settings, "train_sessions") as run, scratch_folder(lake) as scratch:
        import mlflow

        mlflow.set_tags({f"version.{table}": version for table, version in versions.items()})
        recent = recent_sessions(lake, lake.settings.session_train_days)
        sessions = scratch("sessions", recent.select("session_key", "started_at", "items"))
        if sessions.isEmpty():
            raise NothingToServeError(
                f"There are no sessions to learn from: {tables.sessions} has none of a person. Run the jobs bronze and "
                "silver on clicks first; what is served stays."
            )
        scores = _judged(lake, sessions, scratch)
        winner = best_of(scores) if scores else ITEM_ITEM
        version = f"{winner} {run.info.run_id[:8]}"
        install(lake, candidates(lake.settings)[winner](sessions), version)
        sentence = f"{winner} serves: " + (
            ", ".join(f"{name} has {METRIC} {found[METRIC][0]:.4f}" for name, found in scores.items())
            or f"fewer than {FEWEST_USERS} new sessions decide nothing"
        )
        mlflow.set_tags({"split": SPLIT, "verdict": sentence})
        log.info("version %s: %s", version, sentence)
        if scores:
            lake.upsert(tables.model_evaluations, evaluation_rows(lake, scores, SPLIT, run.info.run_id, version))


def _judged(lake: Lakehouse, sessions: DataFrame, scratch: Scratch) -> Mapping[str, Scores]:
    """Measure every candidate as it would serve; none where too few sessions are newer than the others."""
    trial = time_split(sessions).written_to(scratch)
    if trial.wanted.count() < FEWEST_USERS or trial.train.isEmpty():
        return {}
    fits = candidates(lake.settings)
    filling = Popular(scratch("popular", by_sessions(trial.train).items))
    found: dict[str, Scores] = {}
    for name, fit in fits.items():
        try:
            model = fit(trial.train)
            found[name] = trial.measure(model if isinstance(model, Popular) else Filled(model, filling))
        except DataTooLargeError as error:
            log.warning("%s is left out: %s", name, error)
        else:
            parameters = CONFIGURATION.model_dump() if name == ALS else {}
            log_scores(name, found[name], SPLIT, {"engine": name}, parameters)
    return found
