"""The factors that serve: what the champion learned, from which recommendations are made."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.configuration import Configuration
from gold.models.factors import Factors
from gold.models.popularity import blended
from reclake import tables
from reclake.lake import Lakehouse


def serve(lake: Lakehouse, users: DataFrame, items: DataFrame, configuration: Configuration, version: str) -> None:
    """Write the factors that recommendations are made from.

    Parameters
    ----------
    users, items : DataFrame
        As in `Fitted`.
    """
    user_ids = lake.read(tables.user_ids).withColumnRenamed("id", "user_id")
    item_ids = lake.read(tables.item_ids).withColumnRenamed("id", "item_id")
    stamped = F.lit(version).alias("model_version")
    share = F.lit(configuration.popularity_share).alias("popularity_share")
    lake.replace(tables.als_user_factors, users.join(user_ids, "user_id").select("idx", stamped, "factors"))
    lake.replace(
        tables.als_item_factors,
        items.join(item_ids, "item_id").select("idx", stamped, "factors", "popularity", share),
    )


def serving_factors(lake: Lakehouse) -> Factors:
    """The factors that serve, popularity's share included."""
    users, items = lake.read(tables.als_user_factors), lake.read(tables.als_item_factors)
    row = items.select("popularity_share", F.size("factors").alias("rank")).first()
    if row is None:
        return Factors(users, items)
    raw = Factors(users.select("idx", "factors"), items.select("idx", "factors"))
    return blended(raw, items.select("idx", "popularity"), row["popularity_share"], row["rank"])
