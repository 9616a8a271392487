"""Matrix factorisation of implicit feedback by alternating least squares, on Spark.

The model of Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets" (ICDM 2008), in Spark's
form: preference is 1 where engagement is positive and 0 elsewhere, confidence is 1 + alpha * |engagement|. Negative
engagement is thereby kept on purpose: a skipped or badly rated item is a *confident* zero, not merely an unknown one.
"""

from __future__ import annotations

from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.configuration import Configuration
from gold.models.factors import Factors

_BLOCKS = 4


def fit(interactions: DataFrame, configuration: Configuration) -> Factors:
    """Factorise interactions.

    Parameters
    ----------
    interactions : DataFrame
        `user_idx` int, `item_idx` int, `engagement` double; one row per pair.
    """
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
