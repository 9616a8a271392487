"""Is one recommender better than another for the same users? A paired bootstrap over users, in one pass over rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

REPLICATES = 1_000
_SCHEMA = "replicate int, total double, users double"


@dataclass(frozen=True)
class Difference:
    """A mean difference over users, and the interval that holds 95 % of the bootstrap's means."""

    mean: float
    low: float
    high: float
    num_users: int

    @property
    def is_gain(self) -> bool:
        """Whether chance does not explain the gain."""
        return self.low > 0

    @property
    def is_loss(self) -> bool:
        """Whether chance does not explain the loss."""
        return self.high < 0

    def __str__(self) -> str:
        return f"{self.mean:+.4f} (95 % interval {self.low:+.4f} to {self.high:+.4f}, {self.num_users:,} users)"


def paired_difference(ours: DataFrame, theirs: DataFrame, metric: str, seed: int = 42) -> Difference:
    """Compare two recommenders on the users that both were measured on.

    Each replicate weighs every user by an independent Poisson(1) number, which is the bootstrap without a sample to
    draw at one place (Hanley and MacGibbon 2006). The numbers follow from `seed` and the user, so they do not depend
    on how rows are spread over workers.

    Parameters
    ----------
    ours, theirs : DataFrame
        Rows of `gold.judging.metrics.per_user`.
    metric : str
        The column to compare; a positive difference says that `ours` is better.
    """
    pairs = ours.select("user_idx", F.col(metric).alias("ours")).join(
        theirs.select("user_idx", F.col(metric).alias("theirs")), "user_idx"
    )
    differences = pairs.select("user_idx", (F.col("ours") - F.col("theirs")).alias("difference"))

    def weighed(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        total, users = np.zeros(REPLICATES + 1), np.zeros(REPLICATES + 1)
        for batch in batches:
            for user, difference in zip(batch["user_idx"], batch["difference"], strict=True):
                # The first replicate is the sample itself.
                weights = np.append(1, np.random.Generator(np.random.Philox(key=[seed, user])).poisson(1, REPLICATES))
                total += weights * difference
                users += weights
        yield pd.DataFrame({"replicate": range(REPLICATES + 1), "total": total, "users": users})

    sums = differences.mapInPandas(weighed, _SCHEMA).groupBy("replicate").agg(F.sum("total"), F.sum("users"))
    rows = sorted(tuple(row) for row in sums.collect())  # a row per replicate
    if not rows or not rows[0][2]:
        return Difference(0.0, 0.0, 0.0, 0)
    means = [total / users for _, total, users in rows if users]
    return Difference(means[0], *interval(means[1:]), int(rows[0][2]))


def interval(replicates: Sequence[float]) -> tuple[float, float]:
    """The low and the high end of what holds 95 % of a bootstrap's replicates."""
    low, high = np.percentile(replicates, [2.5, 97.5])
    return float(low), float(high)
