"""Trending: what is popular now, for listeners of whom no more is known than their language."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.recommendations import ANYONE
from silver.listening.episodes import primary_language

E = tables.episodes.c


def by_language(popular: DataFrame, episodes: DataFrame, n: int) -> DataFrame:
    """Find the `n` most popular episodes of each language.

    Parameters
    ----------
    popular : DataFrame
        `episode_id`, `popularity`.
    episodes : DataFrame
        Rows of `silver.episodes`; one without a language is in no list.

    Returns
    -------
    DataFrame
        `user_id` (`ANYONE` with the language, such as `*:en`), `episode_id`, `score`, `rank` from 1; ties by episode.
    """
    spoken = episodes.select(E.episode_id, primary_language(F.col(E.language)).alias("language")).where(
        "language IS NOT NULL"
    )
    best = F.row_number().over(Window.partitionBy("user_id").orderBy(F.desc("popularity"), E.episode_id))
    return (
        popular.join(spoken, E.episode_id)
        .select(F.concat(F.lit(f"{ANYONE}:"), "language").alias("user_id"), E.episode_id, "popularity")
        .withColumn("rank", best)
        .where(F.col("rank") <= n)
        .select("user_id", E.episode_id, F.col("popularity").alias("score"), "rank")
    )
