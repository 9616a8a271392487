"""The champion's factors and popularity, from which recommendations are made."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.engines.configuration import Configuration
from gold.engines.factors import Factors
from gold.engines.popularity import blended
from gold.engines.stamps import configuration_in
from lakehouse import tables
from lakehouse.errors import NothingToServeError
from lakehouse.lake import Lakehouse


@dataclass(frozen=True)
class ChampionFactors:
    """What the champion learned.

    Attributes
    ----------
    users : DataFrame
        `idx`, `factors`.
    items : DataFrame
        `idx`, `factors`, `popularity`.
    """

    configuration: Configuration
    version: str
    users: DataFrame
    items: DataFrame

    @property
    def factors(self) -> Factors:
        """What scores are made from, popularity's share included."""
        share, rank = self.configuration.popularity_share, self.configuration.rank
        raw = Factors(self.users, self.items.select("idx", "factors"))
        return blended(raw, self.items.select("idx", "popularity"), share, rank)

    def without(self, items: DataFrame) -> ChampionFactors:
        """Leave items (`idx`) out."""
        return replace(self, items=self.items.join(items, "idx", "left_anti"))


def install(lake: Lakehouse, users: DataFrame, items: DataFrame, configuration: Configuration, version: str) -> None:
    """Write what recommendations are made from.

    Parameters
    ----------
    users, items : DataFrame
        As in `gold.listening.training.Fitted`.
    """
    user_ids = lake.read(tables.user_ids).withColumnRenamed("id", "user_id")
    item_ids = lake.read(tables.item_ids).withColumnRenamed("id", "item_id")
    stamped = F.lit(version).alias("model_version")
    told = F.lit(configuration.model_dump_json()).alias("configuration")
    known = users.where(F.col("factors").isNotNull()).join(user_ids, "user_id")
    lake.replace(tables.als_user_factors, known.select("idx", stamped, "factors"))
    lake.replace(
        tables.als_item_factors,
        items.join(item_ids, "item_id").select("idx", stamped, "factors", "popularity", told),
    )


def champion_factors(lake: Lakehouse) -> ChampionFactors:
    """Read what the champion learned.

    Raises
    ------
    NothingToServeError
        Nothing was trained yet, or by a version of RecLake that knew other configurations.
    """
    users, items = lake.read(tables.als_user_factors), lake.read(tables.als_item_factors)
    row = items.select("configuration", "model_version").first()
    if row is None:
        raise NothingToServeError("There are no item factors to recommend from: run the training first.")
    return ChampionFactors(
        configuration_in(row, tables.als_item_factors, "gold"),
        row["model_version"],
        users.select("idx", "factors"),
        items.select("idx", "factors", "popularity"),
    )
