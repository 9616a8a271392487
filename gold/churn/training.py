"""Training: which candidate predicts churn is decided on the newest days, then fitted to all and registered."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import sklearn
import skops

from gold.churn.candidates import CANDIDATES, RECENCY, fit
from gold.churn.classifier import ChurnModel
from gold.churn.features import INPUTS, OPTIONAL
from gold.churn.judging import Costs, Judged, Rows, difference, judge, judged, on, time_split
from gold.churn.registered import FOLDER, ChurnConfiguration, churn_models, load
from gold.judging.metrics import Scores
from gold.judging.records import log_scores
from gold.judging.registry import CHAMPION, Version
from gold.judging.rules import FEWEST_USERS
from lakehouse.errors import NothingToServeError
from lakehouse.settings import Settings
from lakehouse.tracking import tracked_run

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

log = logging.getLogger(__name__)

SPLIT = "newest days"
_ROOT = Path(__file__).parents[2]
"""What packages are imported from."""
_EXAMPLE = {"num_views": 5, "num_add_to_cart": 2, "num_purchases": 0}


@dataclass(frozen=True)
class Trained:
    """How a training ended.

    Attributes
    ----------
    version : str
        The version that was registered; it serves if `serves`, else it is the challenger.
    verdict : str
        Why, in one sentence.
    scores : mapping of str to Scores
        What was measured of each candidate, see `gold.churn.judging.Judged.scores`.
    """

    version: str
    serves: bool
    verdict: str
    scores: Mapping[str, Scores]
    run_id: str


def train(settings: Settings, frame: pd.DataFrame, versions: Mapping[object, int] | None = None) -> Trained:
    """Judge the candidates, fit the one that wins to all rows, register it, and let it serve unless it got worse.

    Parameters
    ----------
    frame : DataFrame
        A row per shopper and day: `user_id` string, `as_of` date, `churned` bool (no event in the
        `churn_horizon_days` days from `as_of` on) and the inputs, see `gold.churn.features`.
    versions : mapping, optional
        Delta version of each table that the rows come from, logged with the run.

    Raises
    ------
    TooLittleDataError
        There are too few days, or everybody or nobody churned.
    """
    rows = Rows.of(frame)
    horizon = settings.churn_horizon_days
    costs = Costs(settings.churn_cost_missed, settings.churn_cost_alarm)
    split = time_split(rows, horizon)
    with tracked_run(settings, "train_churn") as run:
        import mlflow

        mlflow.set_tags({f"version.{table}": version for table, version in (versions or {}).items()})
        mlflow.log_params({"horizon_days": horizon, "cost_missed": costs.missed, "cost_alarm": costs.alarm})
        registry = churn_models(settings)
        champion = registry.holder(CHAMPION)
        measured = {kind: judge(kind, split, horizon, costs) for kind in CANDIDATES}
        scores = {kind: one.scores for kind, one in measured.items()}
        for kind, found in scores.items():
            log_scores(kind, found, SPLIT, {"engine": kind}, {})
        winner, sentence = decided(measured, champion.configuration.kind if champion else RECENCY)
        keeps = _reason_to_keep(settings, winner, champion)
        sentence = keeps or sentence
        _log_figures(measured)
        model = fit(winner.kind, rows.inputs, rows.churned, winner.model.threshold)
        version = log_and_register(settings, model)
        configuration = ChurnConfiguration(kind=model.kind, horizon_days=horizon, threshold=model.threshold)
        score = scores[winner.kind]["auc_pr"][0]
        registry.describe(version, configuration, rows.as_of.max().item(), score, sentence)
        if keeps:
            registry.challenge(version)
        else:
            registry.promote(version)
        mlflow.set_tags({"split": SPLIT, "verdict": sentence})
        mlflow.log_metrics({name: value for name, (value, _) in scores[winner.kind].items()})
        log.info("churn version %s: %s", version, sentence)
        return Trained(version, not keeps, sentence, scores, str(run.info.run_id))


def decided(measured: Mapping[str, Judged], serving: str) -> tuple[Judged, str]:
    """Choose who serves: the kind that does, unless another beats it by more than chance, or it the rule of thumb.

    Returns
    -------
    Judged
        The winner.
    str
        Why, in one sentence.
    """
    rule = measured[RECENCY]
    leader, sentences = rule, []
    # Who serves comes first, so that an equal one does not replace it.
    others = sorted((kind for kind in measured if kind != RECENCY), key=lambda kind: kind != serving)
    for kind in others:
        found = difference(measured[kind], leader)
        won = found.num_users >= FEWEST_USERS and found.is_gain
        sentences.append(f"{kind} {'beats' if won else 'does not beat'} {leader.kind}: AUC-PR {found}")
        leader = measured[kind] if won else leader
    return leader, f"{leader.kind} serves. {'; '.join(sentences)}."


def _reason_to_keep(settings: Settings, winner: Judged, champion: Version[ChurnConfiguration] | None) -> str:
    """Why the version that serves must stay, on what neither it nor the winner has seen; empty if it need not."""
    if champion is None or champion.configuration.horizon_days != settings.churn_horizon_days:
        return ""
    unseen = winner.test.as_of > np.datetime64(champion.trained_until, "D")
    later = on(winner, unseen)
    if len(np.unique(later.test.churned)) < 2:
        return ""
    try:
        serving = load(settings, champion).model
    except NothingToServeError as error:
        log.warning("what serves is not compared with: %s", error)
        return ""
    found = difference(later, judged(serving, later.test, winner.costs))
    if found.num_users < FEWEST_USERS or not found.is_loss:
        return ""
    return f"Version {champion.number} stays: on days that neither saw, {winner.kind}'s AUC-PR differs by {found}."


def _log_figures(measured: Mapping[str, Judged]) -> None:
    import mlflow

    from gold.judging.plots import precision_recall_figure, reliability_figure

    predicted = [(kind, one.probability, one.test.churned) for kind, one in measured.items()]
    mlflow.log_figure(reliability_figure(predicted), "reliability.png")
    mlflow.log_figure(precision_recall_figure(predicted), "precision_recall.png")


def log_and_register(settings: Settings, model: ChurnModel) -> str:
    """Log a model, register it, and return its version."""
    import mlflow

    with TemporaryDirectory() as folder, redirect_stderr(StringIO()):
        files = Path(folder) / FOLDER
        model.save(files)
        logged = mlflow.pyfunc.log_model(
            name="churn",
            python_model=str(Path(__file__).with_name("logged_model.py")),
            artifacts={FOLDER: files.as_uri()},
            # The definition of the features travels with the model that was trained with it.
            code_paths=[str(_ROOT / package) for package in ("gold", "lakehouse")],
            signature=_signature(),
            input_example=pd.DataFrame([_EXAMPLE]),
            pip_requirements=[
                "numpy",
                "pandas<3",
                "pydantic>=2.8,<3",
                f"scikit-learn=={sklearn.__version__}",
                f"skops=={skops.__version__}",
            ],
            registered_model_name=settings.churn_model,
        )
    return str(logged.registered_model_version)


def _signature() -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec

    asked: list[ColSpec | TensorSpec] = [
        # What may be null cannot be an integer in pandas.
        ColSpec(DataType.double if name in OPTIONAL else DataType.long, name, required=name not in OPTIONAL)
        for name in INPUTS
    ]
    answered: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.double, "churn_probability"),
        ColSpec(DataType.boolean, "churned"),
        ColSpec(DataType.double, "threshold"),
        ColSpec(DataType.string, "imputed"),
    ]
    return ModelSignature(Schema(asked), Schema(answered))
