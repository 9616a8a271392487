"""Whom gold recommends to, and what must not be recommended to them: users, seen and unavailable items by number."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.recommendations import ANYONE
from lakehouse.rows import few_rows
from lakehouse.settings import Settings

D, E = tables.daily_engagement.c, tables.episodes.c


def queries(lake: Lakehouse) -> DataFrame:
    """Every user and `ANYONE`: `idx`, and `excluded`, the numbers of the items that they have seen."""
    engaged = lake.read(tables.daily_engagement)
    if lake.settings.exclude_seen == "completed":
        engaged = engaged.where(F.col(D.num_completed) > 0)
    seen = (
        engaged.select(D.user_id, D.new_episode_id)
        .transform(_with_numbers, lake.read(tables.user_ids), D.user_id, "idx")
        .transform(_with_numbers, lake.read(tables.item_ids), D.new_episode_id, "item_idx")
        .groupBy("idx")
        .agg(F.collect_set("item_idx").alias("excluded"))
    )
    return askers(lake).select("idx").join(seen, "idx", "left")


def lists_by(settings: Settings) -> object:
    """The settings that lists of recommendations depend on, beside the model."""
    return settings.top_n, settings.diversity, settings.exclude_seen


def askers(lake: Lakehouse) -> DataFrame:
    """`gold.user_ids` and `ANYONE` with a number that no user has; who calls themselves so gets what anybody gets."""
    anyone = few_rows(lake.spark, [(ANYONE, -1)], tables.user_ids.schema)
    return lake.read(tables.user_ids).where(~F.col("id").startswith(ANYONE)).union(anyone)


def unavailable(lake: Lakehouse) -> DataFrame:
    """The numbers of episodes that must not be recommended: `idx`."""
    gone = lake.read(tables.episodes).where(~F.col(E.available)).select(F.col(E.episode_id).alias("id"))
    return lake.read(tables.item_ids).join(gone, "id").select("idx")


def _with_numbers(rows: DataFrame, ids: DataFrame, id_column: str, number: str) -> DataFrame:
    return rows.join(ids.select(F.col("id").alias(id_column), F.col("idx").alias(number)), id_column)
