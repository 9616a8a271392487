"""Matrix factorisation of implicit feedback by alternating least squares, on Spark.

The model of Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (ICDM 2008), in Spark's
form: preference is 1 where engagement is positive and 0 elsewhere, confidence is 1 + alpha * |engagement|. Negative
engagement is thereby kept on purpose: a skipped or badly rated item is a *confident* zero, not merely an unknown one.

Spark multiplies regularization by the number of positive interactions. Where a user or an item has none, nothing keeps
its equations solvable; their solution would be zero, which changes no other, so such rows are left out.
"""

from __future__ import annotations

from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.engines.configuration import Configuration
from gold.engines.factors import Factors

_BLOCKS = 4


def fit(interactions: DataFrame, configuration: Configuration) -> Factors:
    """Factorise interactions; who likes nothing and what nobody likes get no factors.

    Parameters
    ----------
    interactions : DataFrame
        `user_idx` int, `item_idx` int, `engagement` double; one row per pair.
    """
    liked = interactions.where("engagement > 0")
    for column in ("user_idx", "item_idx"):
        interactions = interactions.join(liked.select(column).distinct(), column, "left_semi")
    als = ALS(
        userCol="user_idx",
        itemCol="item_idx",
        ratingCol="engagement",
        implicitPrefs=True,
        rank=configuration.rank,
        maxIter=configuration.iterations,
        regParam=configuration.regularization,
        alpha=configuration.alpha,
        seed=configuration.seed,
        numUserBlocks=_BLOCKS,
        numItemBlocks=_BLOCKS,
    )
    model = als.fit(interactions.select("user_idx", "item_idx", "engagement"))
    return Factors(_named(model.userFactors), _named(model.itemFactors))


def _named(factors: DataFrame) -> DataFrame:
    return factors.select(F.col("id").cast("int").alias("idx"), F.col("features").alias("factors"))
