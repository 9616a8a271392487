"""Ranking quality on MovieLens: every kind of recommender with the same budget to tune, and what serves over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated

import optuna
import typer
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table

from benchmarks.lakes import benchmark_home
from gold.engines.configuration import Configuration, Engine
from gold.engines.diversity import Diverse
from gold.engines.factors import Factors
from gold.judging.bootstrap import paired_difference
from gold.listening.competition import measure
from gold.listening.evaluation import Measured, Trial
from gold.listening.splits import Split, random_split, time_split
from lakehouse.scratch import Scratch, scratch_folder
from lakehouse.settings import EventWeights
from reclake.report import table_of
from silver.listening.engagement import daily
from silver.listening.events import with_weight

METRICS = ("ndcg", "map", "recall", "coverage")
Suggest = Callable[[optuna.Trial], dict[str, float]]
SEARCHED: Mapping[Engine, Suggest] = {
    "item_knn": lambda t: {"neighbours": t.suggest_int("neighbours", 20, 500, log=True)},
    "ease": lambda t: {"regularization": t.suggest_float("regularization", 10, 3000, log=True)},
    "implicit_als": lambda t: {
        "rank": t.suggest_int("rank", 16, 160, log=True),
        "alpha": t.suggest_float("alpha", 0.3, 30, log=True),
        "regularization": t.suggest_float("regularization", 1, 300, log=True),
    },
    "spark_als": lambda t: {
        "rank": t.suggest_int("rank", 16, 160, log=True),
        "alpha": t.suggest_float("alpha", 0.1, 10, log=True),
        "regularization": t.suggest_float("regularization", 0.02, 1, log=True),
    },
}
"""What is searched; every engine gets as many trials as any other, whatever the number of its parameters."""
FIRST: Mapping[Engine, dict[str, float]] = {
    "item_knn": {"neighbours": 100},
    "ease": {"regularization": 1000},
    "implicit_als": {"rank": 128, "alpha": 3, "regularization": 30},
    "spark_als": {"rank": 64, "alpha": 1, "regularization": 0.3},
}
"""What did best on another set of ratings, MovieLens 100k: every search begins there."""
DIVERSITIES = (0.0, 0.1, 0.2, 0.3, 0.5)
HALF_LIVES = (1.0, 3.0, 7.0, 30.0)
SHARES = (0.1, 0.2, 0.3, 0.5, 0.7)
POPULARITY = Configuration(engine="popularity", popularity_half_life_days=None)
GOOD_RATING = 4.5
"""From here on a rating is also a complete, as `reclake replay` has it."""


def main(
    folder: Annotated[Path, typer.Argument(help="A MovieLens folder with ratings.csv.", exists=True)],
    seeds: Annotated[int, typer.Option(min=2, help="Random splits.")] = 5,
    trials: Annotated[int, typer.Option(min=1, help="Configurations that each engine may try on each split.")] = 10,
) -> None:
    """Tune each engine on the train side of each random split, measure it on the test side, then split by time."""
    console = Console(width=160)
    with benchmark_home() as lake, scratch_folder(lake) as scratch:
        ratings = lake.spark.read.csv(str(folder / "ratings.csv"), header=True, inferSchema=True)
        engagement = scratch("daily", engagement_of(ratings))
        bench = Bench(console, scratch, engagement)
        console.print(bench.over_seeds(seeds, trials))
        console.print(bench.over_time())


class Bench:
    """Engagement of the ratings, numbered, and what is measured on it."""

    def __init__(self, console: Console, scratch: Scratch, engagement: DataFrame) -> None:
        self._console, self._scratch, self._engagement = console, scratch, engagement
        self._users = scratch("users", _numbers(engagement, "user_id"))
        self._items = scratch("items", _numbers(engagement, "new_episode_id"))

    def over_seeds(self, seeds: int, trials: int) -> Table:
        """Every engine, tuned on train only, and popularity: mean over random splits, and the difference from EASE."""
        found: dict[str, list[Measured]] = {}
        for seed in range(seeds):
            split = random_split(self._engagement, seed)
            outer = self._trial(split, f"seed-{seed}")
            inner = self._trial(random_split(split.train, seed), f"tune-{seed}")
            chosen = {engine: self._tuned(inner, engine, trials, seed) for engine in SEARCHED}
            for engine, configuration in {"popularity": POPULARITY, **chosen}.items():
                measured = self._measured(outer, configuration)
                self._console.print(f"seed {seed}: {measured.score:.4f} {configuration}")
                found.setdefault(engine, []).append(measured)
        return _seeds_table(found)

    def over_time(self) -> Table:
        """What serves against decayed popularity, with shares and half-lives chosen before the window that judges."""
        split = time_split(self._engagement)
        inner, outer = self._trial(time_split(split.train), "before"), self._trial(split, "time")
        popular = [POPULARITY, *(_popular(days) for days in HALF_LIVES)]
        decayed = max((self._measured(inner, one) for one in popular), key=lambda one: one.score).configuration
        models = [Configuration.suitable(engine) for engine in ("ease", "spark_als", "implicit_als")]
        blends = [_blend(decayed, one, share) for one in models[1:] for share in SHARES]
        best = max((self._measured(inner, one) for one in blends), key=lambda one: one.score).configuration
        measured = [self._measured(outer, one) for one in (POPULARITY, decayed, *models, best)]
        diverse = [self._diverse(outer, measured[-1], share) for share in DIVERSITIES[1:]]
        return _users_table(split.name, measured, diverse, measured[1])

    def _trial(self, split: Split, name: str) -> Trial:
        return Trial(split, self._users, self._items, lambda _: self._engagement, self._scratch.part(name))

    def _measured(self, trial: Trial, configuration: Configuration) -> Measured:
        with self._console.status(f"{trial.split.name}: {configuration}"):
            return measure(trial, configuration)

    def _diverse(self, trial: Trial, served: Measured, share: float) -> Measured:
        assert isinstance(served.model, Factors)
        return trial.measure(Diverse(served.model, share), served.configuration)

    def _tuned(self, trial: Trial, engine: Engine, trials: int, seed: int) -> Configuration:
        study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=5)
        )
        study.enqueue_trial(FIRST[engine])

        def objective(suggested: optuna.Trial) -> float:
            return self._measured(trial, Configuration(engine=engine, **SEARCHED[engine](suggested))).score

        study.optimize(objective, n_trials=trials)
        return Configuration(engine=engine, **study.best_params)


def engagement_of(ratings: DataFrame) -> DataFrame:
    """Read MovieLens ratings as listening events and sum them, as the jobs would."""
    events = ratings.select(
        F.col("userId").cast("string").alias("user_id"),
        F.col("movieId").cast("string").alias("new_episode_id"),
        F.timestamp_seconds("timestamp").alias("ts"),
        F.lit("rate").alias("event"),
        F.lit(None).cast("double").alias("listened_seconds"),
        F.col("rating").cast("double").alias("rating"),
    )
    completes = events.where(F.col("rating") >= GOOD_RATING).withColumn("event", F.lit("complete"))
    both = events.union(completes).withColumn("day", F.to_date("ts"))
    return daily(with_weight(both, EventWeights()))


def _numbers(engagement: DataFrame, column: str) -> DataFrame:
    ids = engagement.select(F.col(column).alias("id")).distinct()
    return ids.select("id", (F.row_number().over(Window.orderBy("id")) - 1).alias("idx"))


def _popular(half_life_days: float) -> Configuration:
    return Configuration(engine="popularity", popularity_half_life_days=half_life_days)


def _blend(popular: Configuration, model: Configuration, share: float) -> Configuration:
    days = popular.popularity_half_life_days
    return model.model_copy(update={"popularity_share": share, "popularity_half_life_days": days})


def _seeds_table(found: Mapping[str, list[Measured]]) -> Table:
    rows = []
    for engine, same in found.items():
        cells = [_over_seeds([one.scores[f"{metric}_at_10"][0] for one in same]) for metric in METRICS]
        differences = [one.score - other.score for one, other in zip(same, found["ease"], strict=True)]
        rows.append((engine, *cells, _over_seeds(differences, "+")))
    title = f"Random quarter of each user's items, {len(found['ease'])} seeds, mean ± standard error over seeds, @10"
    return table_of(title, ("recommender", *METRICS, "nDCG - EASE"), rows, (*METRICS, "nDCG - EASE"))


def _over_seeds(values: list[float], sign: str = "") -> str:
    return f"{mean(values):{sign}.4f} ± {stdev(values) / len(values) ** 0.5:.4f}"


def _users_table(split: str, measured: list[Measured], diverse: list[Measured], popular: Measured) -> Table:
    named = [(str(one.configuration), one) for one in measured]
    named += [(f"the last one, diversity {share}", one) for share, one in zip(DIVERSITIES[1:], diverse, strict=True)]
    rows = [
        (
            name,
            *("{:.4f} ± {:.4f}".format(*one.scores[f"{metric}_at_10"]) for metric in METRICS),
            str(paired_difference(one.per_user, popular.per_user, "ndcg")),
        )
        for name, one in named
    ]
    columns = ("recommender", *METRICS, "nDCG - decayed popularity")
    return table_of(f"Split {split}, mean ± standard error over users, @10", columns, rows, columns[1:])


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    typer.run(main)
