"""Offline evaluation: ALS beside popularity, on interactions that neither of them has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold import als, metrics
from gold.splits import Split
from gold.top_n import top_n
from reclake.settings import AlsSettings
from reclake.staging import Stage

K = 10

Scores = Mapping[str, tuple[float, float]]
"""Metric name to (mean over users, standard error)."""


@dataclass(frozen=True)
class Evaluation:
    """What each model scored on a split."""

    split: str
    scores: Mapping[str, Scores]


def evaluate(split: Split, settings: AlsSettings, stage: Stage) -> Evaluation:
    """Fit ALS and popularity on the train side and measure both on the test side.

    Measured are users with something in train, on held-out items with positive engagement; every item that a user
    has in train is excluded, completed or not.

    Parameters
    ----------
    split : Split
        With `user_idx`, `item_idx` and `engagement` on both sides.
    stage : callable
        Where intermediate rows are kept, see `reclake.staging`.
    """
    factors = als.fit(split.train, settings)
    models = {"als": factors, "popularity": popularity(split.train)}
    seen = split.train.groupBy("user_idx").agg(F.collect_set("item_idx").alias("excluded"))
    relevant = (
        split.test.where("engagement > 0").join(seen.select("user_idx"), "user_idx").select("user_idx", "item_idx")
    )
    tested = stage(
        "tested", seen.join(relevant.select("user_idx").distinct(), "user_idx").withColumnRenamed("user_idx", "idx")
    )
    catalogue = split.train.select("item_idx").distinct().count()
    scores = {}
    for name, model in models.items():
        best = stage(f"best {name}", top_n(model.users.join(tested, "idx"), model.items, K))
        scores[name] = _measured(best.withColumnRenamed("idx", "user_idx"), relevant, catalogue)
    return Evaluation(split.name, scores)


def popularity(interactions: DataFrame) -> als.Factors:
    """Recommend what most users liked, as a factorisation of one factor: every user alike, items by popularity."""
    liked = F.count_if(F.col("engagement") > 0).cast("float")
    return als.Factors(
        interactions.select(F.col("user_idx").alias("idx"))
        .distinct()
        .withColumn("factors", F.array(F.lit(1.0).cast("float"))),
        interactions.groupBy(F.col("item_idx").alias("idx")).agg(F.array(liked).alias("factors")),
    )


def _measured(best: DataFrame, relevant: DataFrame, catalogue: int) -> Scores:
    found = metrics.summary(metrics.per_user(best, relevant, K), K)
    return {**found, f"coverage_at_{K}": (metrics.coverage(best, catalogue, K), 0.0)}
