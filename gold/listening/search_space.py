"""The space that a search looks in: which configurations there are, as Optuna's parameters, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gold.engines.configuration import Configuration
from lakehouse.settings import EventWeights

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

_CHOICES: dict[str, tuple[str | bool, ...]] = {
    "engine": ("spark_als", "implicit_als"),
    "forgets": (False, True),
    "weighs": (False, True),
}
_RANK = (4, 128)
# Lowest, highest, and whether orders of magnitude count alike.
_NUMBERS: dict[str, tuple[float, float, bool]] = {
    "half_life_days": (3, 365, True),
    "like": (0.5, 4, False),
    "complete": (0.5, 4, False),
    "skip": (-2, 0, False),
    "alpha": (0.1, 40, True),
    "regularization": (0.01, 100, True),
    "popularity_share": (0, 0.6, False),
    "popularity_half_life_days": (1, 365, True),
}


def suggested_configuration(trial: optuna.Trial, base: Configuration) -> Configuration:
    """Let a trial choose a configuration; what is not searched is as in `base`."""
    engine = _choice(trial, "engine")
    half_life = _number(trial, "half_life_days") if _choice(trial, "forgets") else None
    weights = None
    if _choice(trial, "weighs"):
        weights = EventWeights(**{name: _number(trial, name) for name in ("like", "complete", "skip")})
    return base.model_copy(
        update={
            "engine": engine,
            "rank": trial.suggest_int("rank", *_RANK, log=True),
            "alpha": _number(trial, "alpha"),
            "regularization": _number(trial, "regularization"),
            "half_life_days": half_life,
            "popularity_share": _number(trial, "popularity_share"),
            "popularity_half_life_days": _number(trial, "popularity_half_life_days"),
            "weights": weights,
        }
    )


def parameters_of(configuration: Configuration) -> dict[str, Any]:
    """The parameters that suggest a configuration again."""
    forgets, weights = configuration.half_life_days is not None, configuration.weights
    found: dict[str, Any] = {
        "engine": configuration.engine,
        "forgets": forgets,
        "weighs": weights is not None,
        "rank": configuration.rank,
        "alpha": configuration.alpha,
        "regularization": configuration.regularization,
        "popularity_share": configuration.popularity_share,
        "popularity_half_life_days": configuration.popularity_half_life_days or 365.0,
    }
    if forgets:
        found["half_life_days"] = configuration.half_life_days
    if weights:
        found |= {"like": weights.like, "complete": weights.complete, "skip": weights.skip}
    return found


def distributions_of(parameters: Mapping[str, Any]) -> dict[str, BaseDistribution]:
    """What each of the parameters is drawn from."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    space: dict[str, BaseDistribution] = {
        **{name: CategoricalDistribution(choices) for name, choices in _CHOICES.items()},
        **{name: FloatDistribution(low, high, log=log) for name, (low, high, log) in _NUMBERS.items()},
        "rank": IntDistribution(*_RANK, log=True),
    }
    return {name: space[name] for name in parameters}


def _choice(trial: optuna.Trial, name: str) -> Any:
    return trial.suggest_categorical(name, _CHOICES[name])


def _number(trial: optuna.Trial, name: str) -> float:
    low, high, log = _NUMBERS[name]
    return trial.suggest_float(name, low, high, log=log)
