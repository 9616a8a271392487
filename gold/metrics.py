"""Ranking metrics on DataFrames: one value per user, then means with their standard error."""

from __future__ import annotations

import math

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

METRICS = ("ndcg", "map", "recall")


def per_user(recommended: DataFrame, relevant: DataFrame, k: int) -> DataFrame:
    """Measure each user's recommendations against what turned out to be relevant, all relevance being binary.

    nDCG@k has gain 1 and discount log2(rank + 1) (Jarvelin and Kekalainen 2002); average precision and recall at k
    are divided by min(k, number of relevant items) and by the number of relevant items.

    Parameters
    ----------
    recommended : DataFrame
        `user_idx`, `item_idx`, `rank` from 1.
    relevant : DataFrame
        `user_idx`, `item_idx`; a user without recommendations scores 0, one without relevant items does not count.

    Returns
    -------
    DataFrame
        `user_idx`, `ndcg`, `map`, `recall`, each from 0 to 1.
    """
    lists = (
        recommended.where(F.col("rank") <= k)
        .groupBy("user_idx")
        .agg(
            F.transform(F.array_sort(F.collect_list(F.struct("rank", "item_idx"))), lambda x: x["item_idx"]).alias(
                "items"
            )
        )
    )
    wanted = relevant.groupBy("user_idx").agg(F.collect_set("item_idx").alias("wanted"))
    hit = F.transform(
        F.coalesce("items", F.array().cast("array<int>")),
        lambda item: F.array_contains("wanted", item).cast("double"),
    )
    return (
        wanted.join(lists, "user_idx", "left")
        .withColumn("hits", hit)
        .select("user_idx", _ndcg(k).alias("ndcg"), _average_precision(k).alias("map"), _recall().alias("recall"))
    )


def summary(measured: DataFrame, k: int) -> dict[str, tuple[float, float]]:
    """Average the metrics of `per_user`: name such as `ndcg_at_10` to (mean, standard error), and `num_users`."""
    aggregates: list[Column] = [F.count("*").alias("users")]
    for metric in METRICS:
        error = F.stddev(metric) / F.sqrt(F.count("*"))
        aggregates += [F.avg(metric).alias(metric), F.coalesce(error, F.lit(0.0)).alias(f"{metric}_error")]
    row = measured.agg(*aggregates).first()
    assert row is not None
    means = {f"{metric}_at_{k}": (row[metric] or 0.0, row[f"{metric}_error"]) for metric in METRICS}
    return {**means, "num_users": (float(row["users"]), 0.0)}


def coverage(recommended: DataFrame, catalogue_size: int, k: int) -> float:
    """Share of the catalogue that is recommended to anybody within the first `k`."""
    shown = recommended.where(F.col("rank") <= k).select("item_idx").distinct().count()
    return shown / catalogue_size if catalogue_size else 0.0


def _sum(values: Column) -> Column:
    return F.aggregate(values, F.lit(0.0), lambda total, value: total + value)


def _ndcg(k: int) -> Column:
    ideal = [0.0]
    for rank in range(1, k + 1):
        ideal.append(ideal[-1] + 1 / math.log2(rank + 1))
    best = F.get(F.lit(ideal), F.least(F.size("wanted"), F.lit(k)))
    return _sum(F.transform("hits", lambda hit, position: hit / F.log2(position + 2))) / best


def _average_precision(k: int) -> Column:
    def precision_at_hit(hit: Column, position: Column) -> Column:
        return hit * _sum(F.slice("hits", F.lit(1), position + 1)) / (position + 1)

    return _sum(F.transform("hits", precision_at_hit)) / F.least(F.size("wanted"), F.lit(k))


def _recall() -> Column:
    return _sum(F.col("hits")) / F.size("wanted")
