"""Tuning: a seeded search over configurations of the served recommender, whose best one becomes the challenger."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gold.engines.configuration import Configuration
from gold.judging.registry import CHAMPION
from gold.listening.evaluation import Trial
from gold.listening.registered import recommenders
from gold.listening.search_space import distributions_of, parameters_of, suggested_configuration
from gold.listening.splits import time_split
from gold.listening.training import fit_to_all, register
from gold.listening.trials import open_trial
from gold.listening.tried import FIRST, METRIC, Tried, log_tried, tried_before
from lakehouse import tables
from lakehouse.errors import DataTooLargeError, TooLittleDataError
from lakehouse.lake import Lakehouse
from lakehouse.scratch import scratch_folder
from lakehouse.tracking import tracked_run, tracking_client

if TYPE_CHECKING:
    import optuna

log = logging.getLogger(__name__)

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
    decides about a promotion is never seen. The search goes on where earlier ones on the same data ended, see
    `gold.listening.tried`.

    Parameters
    ----------
    trials : int
        Trials to add.
    seconds : float, optional
        No trial begins after that time.
    on_progress : callable
        Told the number of finished trials and the best score.

    Raises
    ------
    TooLittleDataError
        No configuration could be tried.
    """
    settings = lake.settings
    version = lake.version(tables.daily_engagement)
    with tracked_run(settings, "tune") as run, scratch_folder(lake) as scratch:
        import mlflow

        mlflow.set_tag(f"version.{tables.daily_engagement}", version)
        registry = recommenders(settings)
        champion = registry.holder(CHAMPION)
        known = [Configuration.of(settings), *([champion.configuration] if champion else [])]
        trial = open_trial(lake, scratch, lambda daily: time_split(time_split(daily).train))
        name = f"{tables.daily_engagement} {version}"
        tried = tried_before(tracking_client(settings), run.info.experiment_id, name)
        study = study_of(tried, known, settings.als_seed)

        def objective(suggested: optuna.Trial) -> float:
            done = _try(trial, suggested, suggested_configuration(suggested, known[0]))
            log_tried(done, name, trial.split.name)
            tried.append(done)
            on_progress(len(tried), max((one.score or 0.0 for one in tried), default=0.0))
            return _score_or_pruned(done)

        study.optimize(objective, n_trials=trials, timeout=seconds)
        scores = [(one.configuration, one.score) for one in tried if one.score is not None]
        if not scores:
            raise TooLittleDataError(
                f"None of {len(tried)} configurations could be tried, each for its own reason (in the log). Search on "
                "with more trials (TUNING_TRIALS)."
            )
        best, score = max(scores, key=lambda found: found[1])
        mlflow.log_metric(METRIC, score)
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
        return Tuned(best, registered, scores, len(tried) - len(scores))


def study_of(tried: Sequence[Tried], known: Sequence[Configuration], seed: int) -> optuna.Study:
    """A search in memory that knows what was tried, and tries first what of `known` was not.

    A configuration outside of the space that is searched, such as a champion of another time, teaches it nothing.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        # With the same seed, a search that goes on would draw again what it has drawn.
        sampler=optuna.samplers.TPESampler(seed=seed + len(tried)),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4),
        direction="maximize",
    )
    for one in tried:
        with suppress(ValueError):
            study.add_trial(_finished(one))
    done = [parameters_of(one.configuration) for one in tried]
    for configuration in dict.fromkeys(known):
        if (parameters := parameters_of(configuration)) not in done:
            study.enqueue_trial(parameters)
    return study


def _finished(tried: Tried) -> optuna.trial.FrozenTrial:
    """A trial as the search remembers it.

    Raises
    ------
    ValueError
        The configuration is outside of the space.
    """
    import optuna

    parameters = parameters_of(tried.configuration)
    return optuna.create_trial(
        state=optuna.trial.TrialState.PRUNED if tried.score is None else optuna.trial.TrialState.COMPLETE,
        value=tried.score,
        params=parameters,
        distributions=distributions_of(parameters),
        intermediate_values={} if tried.first is None else {_first(tried.configuration).iterations: tried.first},
    )


def _try(trial: Trial, suggested: optuna.Trial, configuration: Configuration) -> Tried:
    """Measure a configuration, after a few sweeps first, and give it up if it is then worse than most."""
    first = _first(configuration)
    try:
        measured = trial.measure(trial.fit(first), first)
        begun = {FIRST: (measured.score, 0.0)}
        suggested.report(measured.score, step=first.iterations)
        if suggested.should_prune():
            return Tried(configuration, begun)
        if first != configuration:
            measured = trial.measure(trial.fit(configuration), configuration)
    except (DataTooLargeError, TooLittleDataError) as error:
        # An engine of one node, or weights that leave nothing to learn from; the others go on.
        log.info("%s: %s", configuration, error)
        return Tried(configuration, {})
    return Tried(configuration, {**measured.scores, **begun})


def _score_or_pruned(tried: Tried) -> float:
    """What Optuna is told of a trial.

    Raises
    ------
    optuna.TrialPruned
        It was given up.
    """
    import optuna

    if tried.score is None:
        raise optuna.TrialPruned
    return tried.score


def _first(configuration: Configuration) -> Configuration:
    return configuration.model_copy(update={"iterations": min(_FIRST_ITERATIONS, configuration.iterations)})
