"""Models behind one shape: `fit` any configuration to interactions and get a `Model`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gold.engines import popularity, spark_als

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from gold.engines.configuration import Configuration
    from gold.engines.factors import Factors
    from gold.engines.model import Model

__all__ = ["fit", "fit_factors"]


def fit(interactions: DataFrame, configuration: Configuration) -> Model:
    """Fit what a configuration asks for.

    Parameters
    ----------
    interactions : DataFrame
        `user_idx` int, `item_idx` int, `engagement` double, `last_ts`; one row per pair.
    """
    if configuration.popularity_share == 1:
        return popularity.fit(interactions, configuration)
    # The libraries of one node take a second to import, and Databricks needs them for these engines only.
    match configuration.engine:
        case "popularity":
            return popularity.fit(interactions, configuration)
        case "item_knn":
            from gold.engines import item_knn

            return item_knn.fit(interactions, configuration)
        case "ease":
            from gold.engines import ease

            return ease.fit(interactions, configuration)
        case "spark_als" | "implicit_als":
            factors = fit_factors(interactions, configuration)
            popular = popularity.popularity(interactions, configuration.popularity_half_life_days)
            return popularity.blended(factors, popular, configuration.popularity_share, configuration.rank)


def fit_factors(interactions: DataFrame, configuration: Configuration) -> Factors:
    """Factorise interactions by the configuration's ALS engine, without popularity.

    Raises
    ------
    ValueError
        The configuration's engine has no factors.
    """
    match configuration.engine:
        case "implicit_als":
            from gold.engines import implicit_als

            return implicit_als.fit(interactions, configuration)
        case "spark_als":
            return spark_als.fit(interactions, configuration)
        case engine:
            raise ValueError(f"{engine} has no factors: take implicit_als or spark_als.")
