"""Ranking metrics on DataFrames: one value per user, means with their standard error, and what the catalogue gets."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

METRICS = ("ndcg", "map", "recall", "precision", "mrr")

Scores = Mapping[str, tuple[float, float]]
"""Metric name such as `ndcg_at_10` to (mean over users, standard error)."""


def per_user(recommended: DataFrame, relevant: DataFrame, k: int) -> DataFrame:
    """Measure each user's recommendations against what turned out to be relevant, all relevance being binary.

    nDCG@k has gain 1 and discount log2(rank + 1) (Jarvelin and Kekalainen 2002). Average precision is divided by the
    number of relevant items, recall as well, precision by k; MRR is 1 over the rank of the first hit within k.

    Parameters
    ----------
    recommended : DataFrame
        `user_idx`, `item_idx`, `rank` from 1.
    relevant : DataFrame
        `user_idx`, `item_idx`; a user without recommendations scores 0, one without relevant items does not count.

    Returns
    -------
    DataFrame
        `user_idx` and the columns of `METRICS`, each from 0 to 1.
    """
    wanted = relevant.select("user_idx", "item_idx").distinct()
    hits = (
        recommended.where(F.col("rank") <= k)
        .join(wanted, ["user_idx", "item_idx"])
        .groupBy("user_idx")
        .agg(F.array_sort(F.collect_list("rank")).alias("hits"))
    )
    values = {
        "ndcg": _sum(F.transform("hits", lambda rank: 1 / F.log2(rank + 1))) / _ideal_gain(k),
        "map": _sum(F.transform("hits", lambda rank, before: (before + 1) / rank)) / F.col("relevant"),
        "recall": F.size("hits") / F.col("relevant"),
        "precision": F.size("hits") / k,
        "mrr": F.coalesce(1 / F.get("hits", F.lit(0)), F.lit(0.0)),
    }
    return (
        wanted.groupBy("user_idx")
        .agg(F.count("*").cast("int").alias("relevant"))
        .join(hits, "user_idx", "left")
        .withColumn("hits", F.coalesce("hits", F.array().cast("array<int>")))
        .select("user_idx", *(values[metric].alias(metric) for metric in METRICS))
    )


def summary(measured: DataFrame, k: int) -> Scores:
    """Average the metrics of `per_user`, and count `num_users`."""
    aggregates: list[Column] = [F.count("*").alias("users")]
    for metric in METRICS:
        error = F.stddev(metric) / F.sqrt(F.count("*"))
        aggregates += [F.avg(metric).alias(metric), F.coalesce(error, F.lit(0.0)).alias(f"{metric}_error")]
    row = measured.agg(*aggregates).first()
    assert row is not None
    means = {f"{metric}_at_{k}": (row[metric] or 0.0, row[f"{metric}_error"]) for metric in METRICS}
    return {**means, "num_users": (float(row["users"]), 0.0)}


def of_catalogue(recommended: DataFrame, interactions: DataFrame, k: int) -> Scores:
    """Measure how recommendations spread over the catalogue, which is every item in `interactions`.

    Coverage is the share of items recommended to anybody. Novelty is the mean self-information of a recommendation in
    bits, -log2 of the share of users who know the item (Zhou et al. 2010). The Gini coefficient of how often each item
    is recommended is 0 where all are recommended alike and near 1 where everybody gets the same.

    Parameters
    ----------
    recommended : DataFrame
        `user_idx`, `item_idx`, `rank` from 1.
    interactions : DataFrame
        `user_idx`, `item_idx` of the train side, one row per pair.
    """
    num_users = interactions.select("user_idx").distinct().count()
    shown = recommended.where(F.col("rank") <= k).groupBy("item_idx").agg(F.count("*").alias("shown"))
    items = (
        interactions.groupBy("item_idx")
        .agg((F.count("*") / num_users).alias("known"))
        .join(shown, "item_idx", "left")
        .select("known", F.coalesce("shown", F.lit(0)).alias("shown"))
    )
    row = items.agg(
        F.avg((F.col("shown") > 0).cast("double")).alias("coverage"),
        F.try_divide(F.sum(-F.log2("known") * F.col("shown")), F.sum("shown")).alias("novelty"),
    ).first()
    assert row is not None
    values = {"coverage": row["coverage"], "novelty": row["novelty"], "gini": _gini(items.groupBy("shown").count())}
    return {f"{name}_at_{k}": (value or 0.0, 0.0) for name, value in values.items()}


def _gini(counts: DataFrame) -> float:
    """The Gini coefficient of `shown`, each value of which `count` items have."""
    smallest_first = sorted((row["shown"], row["count"]) for row in counts.collect())  # a row per distinct value
    items = sum(count for _, count in smallest_first)
    total = sum(shown * count for shown, count in smallest_first)
    if not total:
        return 0.0
    below, ranked = 0, 0.0
    for shown, count in smallest_first:
        ranked += shown * count * (below + (count + 1) / 2)
        below += count
    return float(2 * ranked / (items * total) - (items + 1) / items)


def _sum(values: Column) -> Column:
    return F.aggregate(values, F.lit(0.0), lambda total, value: total + value)


def _ideal_gain(k: int) -> Column:
    ideal = [0.0]
    for rank in range(1, k + 1):
        ideal.append(ideal[-1] + 1 / math.log2(rank + 1))
    return F.get(F.lit(ideal), F.least("relevant", F.lit(k)))
