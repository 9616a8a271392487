"""Tuning: a seeded search over configurations of the served recommender, whose best one becomes the challenger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gold.engines.configuration import Configuration
from gold.judging.registry import CHAMPION
from gold.listening.evaluation import Measured, Trial
from gold.listening.registered import recommenders
from gold.listening.splits import time_split
from gold.listening.training import fit_to_all, register
from gold.listening.trials import log_measured, open_trial
from lakehouse import tables
from lakehouse.errors import DataTooLargeError
from lakehouse.lake import Lakehouse
from lakehouse.scratch import scratch_folder
from lakehouse.settings import EventWeights
from lakehouse.tracking import tracked_run

if TYPE_CHECKING:
    import optuna

_FIRST_ITERATIONS = 3
"""Sweeps after which a trial that is worse than most is given up."""


@dataclass(frozen=True)
class Tuned:
    """The best configuration, its registered version (none where the champion is no worse), and all trials' scores."""

    best: Configuration
    version: str | None
    scores: list[tuple[Configuration, float]]
    given_up: int


def search(
    lake: Lakehouse,
    trials: int,
    seconds: float | None = None,
    on_progress: Callable[[int, float], None] = lambda *_: None,
) -> Tuned:
    """Search for a better configuration and register it as `challenger`; the next training judges it.

    Searched is the older side of the time split that training judges on, divided by time once more: the window that
    decides about a promotion is never seen. The search goes on where an earlier one on the same data ended.

    Parameters
    ----------
    trials : int
        Trials to add.
    seconds : float, optional
        No trial begins after that time.
    on_progress : callable
        Told the number of finished trials and the best score.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    settings = lake.settings
    version = lake.version(tables.daily_engagement)
    with tracked_run(settings, "tune") as run, scratch_folder(lake) as scratch:
        import mlflow

        mlflow.set_tag(f"version.{tables.daily_engagement}", version)
        registry = recommenders(settings)
        champion = registry.holder(CHAMPION)
        known = [Configuration.of(settings), *([champion.configuration] if champion else [])]
        trial = open_trial(lake, scratch, lambda daily: time_split(time_split(daily).train))
        study = _study(lake, f"engagement {version}", known)

        def objective(suggested: optuna.Trial) -> float:
            try:
                measured = _tried(trial, suggested, _suggested(suggested, known[0]))
            except DataTooLargeError as error:
                # An engine of one node; the others go on.
                raise optuna.TrialPruned(str(error)) from None
            log_measured(measured, trial.split.name)
            suggested.set_user_attr("configuration", measured.configuration.model_dump_json())
            return measured.score

        study.optimize(
            objective,
            n_trials=trials,
            timeout=seconds,
            callbacks=[lambda done, _: on_progress(len(done.trials), _best(done))],
        )
        finished = [one for one in study.trials if "configuration" in one.user_attrs and one.value is not None]
        scores = [
            (Configuration.model_validate_json(one.user_attrs["configuration"]), float(one.value or 0.0))
            for one in finished
        ]
        best, score = max(scores, key=lambda found: found[1])
        mlflow.log_metric("ndcg_at_10", score)
        # Only here, because the library takes a second to import.
        from gold.judging.plots import search_figure

        mlflow.log_figure(search_figure([value for _, value in scores]), "search.png")
        registered = None
        if champion is None or best != champion.configuration:
            sentence = (
                f"Best of {len(scores)} tuning trials (nDCG@10 {score:.4f}, run {run.info.run_id}); not judged yet."
            )
            registered = register(lake, registry, fit_to_all(lake, best, scratch.part("best")), score, sentence)
            registry.challenge(registered)
        given_up = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.PRUNED])
        return Tuned(best, registered, scores, len(given_up))


def _study(lake: Lakehouse, name: str, known: list[Configuration]) -> optuna.Study:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    folder = lake.settings.files / "tuning"
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name=name,
        storage=JournalStorage(JournalFileBackend(str(folder / "journal.log"))),
        sampler=optuna.samplers.TPESampler(seed=lake.settings.als_seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4),
        direction="maximize",
        load_if_exists=True,
    )
    if not study.trials:
        for configuration in dict.fromkeys(known):
            study.enqueue_trial(_parameters(configuration))
    return study


def _suggested(trial: optuna.Trial, base: Configuration) -> Configuration:
    engine = trial.suggest_categorical("engine", ["spark_als", "implicit_als"])
    forgets = trial.suggest_categorical("forgets", [False, True])
    half_life = trial.suggest_float("half_life_days", 3, 365, log=True) if forgets else None
    weighs = trial.suggest_categorical("weighs", [False, True])
    weights = None
    if weighs:
        weights = EventWeights(
            like=trial.suggest_float("like", 0.5, 4),
            complete=trial.suggest_float("complete", 0.5, 4),
            skip=trial.suggest_float("skip", -2, 0),
        )
    return base.model_copy(
        update={
            "engine": engine,
            "rank": trial.suggest_int("rank", 4, 128, log=True),
            "alpha": trial.suggest_float("alpha", 0.1, 40, log=True),
            "regularization": trial.suggest_float("regularization", 0.01, 100, log=True),
            "half_life_days": half_life,
            "popularity_share": trial.suggest_float("popularity_share", 0, 0.6),
            "popularity_half_life_days": trial.suggest_float("popularity_half_life_days", 1, 365, log=True),
            "weights": weights,
        }
    )


def _parameters(configuration: Configuration) -> dict[str, object]:
    """The search's parameters that suggest this configuration again."""
    forgets = configuration.half_life_days is not None
    parameters: dict[str, object] = {
        "engine": configuration.engine,
        "forgets": forgets,
        "weighs": False,
        "rank": configuration.rank,
        "alpha": configuration.alpha,
        "regularization": configuration.regularization,
        "popularity_share": configuration.popularity_share,
        "popularity_half_life_days": configuration.popularity_half_life_days or 365.0,
    }
    return parameters | ({"half_life_days": configuration.half_life_days} if forgets else {})


def _tried(trial: Trial, suggested: optuna.Trial, configuration: Configuration) -> Measured:
    """Measure a configuration, after a few sweeps first, and give up what is then worse than most.

    Raises
    ------
    optuna.TrialPruned
    """
    import optuna

    first = configuration.model_copy(update={"iterations": min(_FIRST_ITERATIONS, configuration.iterations)})
    measured = trial.measure(trial.fit(first), first)
    suggested.report(measured.score, step=first.iterations)
    if suggested.should_prune():
        raise optuna.TrialPruned
    return measured if first == configuration else trial.measure(trial.fit(configuration), configuration)


def _best(study: optuna.Study) -> float:
    done = [one.value for one in study.trials if one.value is not None]
    return max(done, default=0.0)
