"""Ranking quality on MovieLens: every kind of recommender on the same random quarters, and on a split by time."""

from __future__ import annotations

from pathlib import Path
from statistics import mean, stdev
from typing import Annotated

import typer
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table

from benchmarks.lakes import benchmark_home
from gold.comparison import candidates
from gold.competition import measure
from gold.configuration import Configuration
from gold.evaluation import Measured, Trial
from gold.splits import Split, random_split, time_split
from reclake.cli.report import table_of
from reclake.settings import EventWeights
from reclake.staging import staging
from silver.engagement import daily
from silver.events import with_weight

METRICS = ("ndcg", "map", "recall", "coverage")
GOOD_RATING = 4.5
"""From here on a rating is also a complete, as `reclake replay` has it."""


def main(
    folder: Annotated[Path, typer.Argument(help="A MovieLens folder with ratings.csv.", exists=True)],
    seeds: Annotated[int, typer.Option(min=2, help="Random splits.")] = 5,
) -> None:
    """Measure with the parameters that suit each engine (`SUITABLE`), the same for all seeds."""
    console = Console()
    with benchmark_home() as lake, staging(lake) as stage:
        ratings = lake.spark.read.csv(str(folder / "ratings.csv"), header=True, inferSchema=True)
        engagement = stage("daily", engagement_of(ratings))
        users = stage("users", _numbers(engagement, "user_id"))
        items = stage("items", _numbers(engagement, "new_episode_id"))

        def measured(split: Split, name: str) -> list[Measured]:
            trial = Trial(split, users, items, lambda _: engagement, stage.part(name))
            return [_told(console, trial, one) for one in dict.fromkeys(candidates(lake.settings))]

        by_seed = [measured(random_split(engagement, seed), f"random-{seed}") for seed in range(seeds)]
        console.print(_over_seeds(by_seed))
        by_time = measured(time_split(engagement), "time")
        console.print(_over_users(by_time))


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


def _told(console: Console, trial: Trial, configuration: Configuration) -> Measured:
    with console.status(f"{trial.split.name}: {configuration}"):
        return measure(trial, configuration)


def _over_seeds(by_seed: list[list[Measured]]) -> Table:
    rows = []
    for same in zip(*by_seed, strict=True):
        values = {m: [one.scores[f"{m}_at_10"][0] for one in same] for m in METRICS}
        error = len(same) ** 0.5
        cells = (f"{mean(found):.3f} ± {stdev(found) / error:.3f}" for found in values.values())
        rows.append((str(same[0].configuration), *cells))
    title = f"Random quarter of each user's items, {len(by_seed)} seeds, mean ± standard error over seeds, @10"
    return table_of(title, ("recommender", *METRICS), rows, METRICS)


def _over_users(measured: list[Measured]) -> Table:
    rows = [
        (str(one.configuration), *("{:.3f} ± {:.3f}".format(*one.scores[f"{m}_at_10"]) for m in METRICS))
        for one in measured
    ]
    return table_of("Split by time, mean ± standard error over users, @10", ("recommender", *METRICS), rows, METRICS)


if __name__ == "__main__":
    typer.run(main)
