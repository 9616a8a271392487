"""Training: which configuration serves is decided on what it has not seen, then fitted to everything and registered."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.engines import fitting
from gold.engines.configuration import Configuration
from gold.engines.popularity import popularity
from gold.judging.records import evaluation_rows
from gold.judging.registry import CHALLENGER, CHAMPION, Registry, Version
from gold.listening import competition
from gold.listening.champion import champion_factors, install
from gold.listening.competition import Verdict
from gold.listening.engaged import engaged
from gold.listening.evaluation import Measured, Trial
from gold.listening.hybrid.training import learn as learn_hybrid
from gold.listening.hybrid.training import save as save_weights
from gold.listening.registered import recommenders
from gold.listening.trials import log_measured, open_trial
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.scratch import Scratch, scratch_folder
from lakehouse.settings import Settings
from lakehouse.tables import Table
from lakehouse.tracking import tracked_run

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

log = logging.getLogger(__name__)


def train(lake: Lakehouse, versions: Mapping[Table, int]) -> None:
    """Decide on a configuration, fit it to all engagement, register it, and let it serve unless it got worse.

    Parameters
    ----------
    versions : mapping
        Delta version of each input, logged with the run.
    """
    with tracked_run(lake.settings, "train") as run, scratch_folder(lake) as scratch:
        import mlflow

        mlflow.set_tags({f"version.{table}": version for table, version in versions.items()})
        registry = recommenders(lake.settings)
        champion, challenger = registry.holder(CHAMPION), registry.holder(CHALLENGER)
        trial = open_trial(lake, scratch)
        verdict = _decided(trial, Configuration.of(lake.settings), champion, challenger)
        for measured in verdict.measured:
            log_measured(measured, trial.split.name)
        chosen = verdict.winner.configuration
        keeps = _reason_to_keep(lake, trial, verdict.winner, champion, scratch)
        sentence = keeps or verdict.sentence
        hybrid = learn_hybrid(lake, trial, verdict.winner, scratch.part("hybrid"))
        fitted = fit_to_all(lake, chosen, scratch.part("winner"))
        version = register(lake, registry, fitted, verdict.winner.score, sentence)
        if not keeps:
            install(lake, fitted.users, fitted.items, chosen, version)
            save_weights(lake, hybrid)
            registry.promote(version)
        _register_challenger(lake, registry, verdict, challenger, scratch)
        mlflow.set_tags({"split": trial.split.name, "verdict": sentence})
        mlflow.log_metrics({name: value for name, (value, _) in verdict.winner.scores.items()})
        log.info("version %s: %s", version, sentence)
        scores = {str(one.configuration): one.scores for one in verdict.measured}
        rows = evaluation_rows(lake, scores, trial.split.name, run.info.run_id, version)
        lake.upsert(tables.model_evaluations, rows)


def roll_back(lake: Lakehouse) -> Version[Configuration]:
    """Let the version that served before the champion serve again, with the factors that it was registered with.

    Raises
    ------
    NothingToServeError
        There is no such version.
    """
    registry = recommenders(lake.settings)
    earlier, champion = registry.before_champion(), registry.holder(CHAMPION)
    assert champion is not None
    files = registry.artifacts(earlier)
    # Through this process, because the workers of a serverless session do not see its files.
    users, items = (
        lake.spark.createDataFrame(pq.read_table(files / name).combine_chunks()) for name in ("users", "items")
    )
    install(lake, users, items, earlier.configuration, earlier.number)
    registry.take_back(champion.number)
    registry.promote(earlier.number)
    return earlier


def _decided(
    trial: Trial,
    wanted: Configuration,
    champion: Version[Configuration] | None,
    challenger: Version[Configuration] | None,
) -> Verdict:
    if champion is None:
        return competition.first_champion(trial, challenger.configuration if challenger else wanted)
    challengers = [wanted, *([challenger.configuration] if challenger else [])]
    new = [one for one in dict.fromkeys(challengers) if one != champion.configuration]
    return competition.compete(trial, champion.configuration, new)


def _reason_to_keep(
    lake: Lakehouse, trial: Trial, winner: Measured, champion: Version[Configuration] | None, scratch: Scratch
) -> str:
    """Compare with the version that serves on what neither has seen; see `competition.worse_than_serving`."""
    if champion is None or not lake.exists(tables.als_item_factors):
        return ""
    unseen = trial.split.test.where(F.to_date("last_ts") > F.lit(champion.trained_until))
    if unseen.isEmpty():
        return ""
    later = trial.on(replace(trial.split, test=unseen), scratch.part("unseen"))
    return competition.worse_than_serving(later, winner, champion_factors(lake).factors)


def _register_challenger(
    lake: Lakehouse,
    registry: Registry[Configuration],
    verdict: Verdict,
    challenger: Version[Configuration] | None,
    scratch: Scratch,
) -> None:
    """Keep the configuration that lost last as a version of its own, so that it can be looked at and tried again."""
    if challenger and challenger.configuration == verdict.winner.configuration:
        registry.retire_challenger()
    lost = [one for one in verdict.losers if one.configuration.popularity_share < 1]
    if lost and not (challenger and challenger.configuration == lost[-1].configuration):
        fitted = fit_to_all(lake, lost[-1].configuration, scratch.part("challenger"))
        registry.challenge(register(lake, registry, fitted, lost[-1].score, verdict.sentence))


@dataclass(frozen=True)
class Fitted:
    """A configuration fitted to all engagement, written to `folder` as the artifacts of its registered version.

    Attributes
    ----------
    users : DataFrame
        `user_id`, `factors` (null for who likes nothing), `completed` (ids of items).
    items : DataFrame
        `item_id`, `factors`, `popularity`.
    """

    configuration: Configuration
    users: DataFrame
    items: DataFrame
    folder: Path


def fit_to_all(lake: Lakehouse, configuration: Configuration, scratch: Scratch) -> Fitted:
    """Fit a configuration to all engagement."""
    pairs = scratch("pairs", engaged(lake, configuration))
    factors = fitting.fit_factors(pairs, configuration)
    popular = popularity(pairs, configuration.popularity_half_life_days)
    completed = F.collect_set(F.when(F.col("completed"), F.col("item_id"))).alias("completed")
    of_users = (
        pairs.groupBy(F.col("user_idx").alias("idx"), "user_id")
        .agg(completed)
        .join(factors.users, "idx", "left")
        .select("user_id", "factors", "completed")
    )
    of_items = (
        factors.items.join(popular, "idx")
        .join(lake.read(tables.item_ids), "idx")
        .select(F.col("id").alias("item_id"), "factors", "popularity")
    )
    fitted = Fitted(configuration, scratch("users", of_users), scratch("items", of_items), scratch.folder)
    (scratch.folder / "configuration.json").write_text(configuration.model_dump_json())
    return fitted


def register(lake: Lakehouse, registry: Registry[Configuration], fitted: Fitted, score: float, verdict: str) -> str:
    """Log a fitted configuration as a model, register and describe it, and return its version."""
    version = log_and_register(lake.settings, fitted.folder)
    newest = lake.read(tables.daily_engagement).agg(F.max("day")).first()
    assert newest is not None
    registry.describe(version, fitted.configuration, newest[0], score, verdict)
    return version


def log_and_register(settings: Settings, files: Path) -> str:
    """Log the files of a model (see `gold/listening/logged_model.py`), register it, and return its version."""
    import mlflow

    # MLflow reports registrations on stderr; the job's own table says what happened.
    with redirect_stderr(StringIO()):
        logged = mlflow.pyfunc.log_model(
            name="recommender",
            python_model=str(Path(__file__).with_name("logged_model.py")),
            # As URIs, because MLflow unescapes paths as well.
            artifacts={
                "users": (files / "users").as_uri(),
                "items": (files / "items").as_uri(),
                "configuration": (files / "configuration.json").as_uri(),
            },
            signature=_signature(),
            pip_requirements=["numpy", "pandas", "pyarrow"],
            registered_model_name=settings.registered_model,
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
