"""The tasks of the gold job: ids, training, and the recommendations that follow from it."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.ids import newly_numbered
from gold.top_n import top_n, unit
from reclake import tables
from reclake.lake import Lakehouse
from reclake.task import task

D = tables.daily_engagement.c


@task
def assign_ids(lake: Lakehouse) -> None:
    """Number the users and episodes that engagement names for the first time."""
    for new in lake.changes(tables.daily_engagement, consumer="assign_ids"):
        for column, table in ((D.user_id, tables.user_ids), (D.new_episode_id, tables.item_ids)):
            lake.append_new(table, newly_numbered(new.rows.select(F.col(column).alias("id")), lake.read(table)))


@task
def train_als(lake: Lakehouse) -> None:
    """Evaluate and fit ALS when engagement has changed; see `gold.training`."""
    for versions in lake.news("train_als", tables.daily_engagement, tables.user_ids, tables.item_ids):
        from gold.training import train

        train(lake, versions)


@task
def recommend_als(lake: Lakehouse) -> None:
    """Recommend to every user the best episodes that they have not completed."""
    for _ in lake.news("recommend_als", tables.als_user_factors, tables.als_item_factors):
        items = lake.read(tables.als_item_factors)
        users = lake.read(tables.als_user_factors).join(_completed(lake), "idx", "left")
        best = top_n(users, items, lake.settings.top_n)
        lake.replace(
            tables.als_top_n,
            best.transform(_with_ids, lake.read(tables.user_ids), "idx", "user_id")
            .transform(_with_ids, lake.read(tables.item_ids), "item_idx", "new_episode_id")
            .withColumnRenamed("score", "als_score")
            .transform(_stamped, items),
        )


@task
def similar_items(lake: Lakehouse) -> None:
    """Find the episodes that listeners treat most alike, by the cosine of their factors."""
    for _ in lake.news("similar_items", tables.als_item_factors):
        items = lake.read(tables.als_item_factors)
        vectors = unit(items).withColumn("excluded", F.array("idx"))
        best = top_n(vectors, vectors, lake.settings.similar_n)
        lake.replace(
            tables.als_item_item,
            best.transform(_with_ids, lake.read(tables.item_ids), "idx", "new_episode_id")
            .transform(_with_ids, lake.read(tables.item_ids), "item_idx", "similar_episode_id")
            .withColumnRenamed("score", "similarity")
            .transform(_stamped, items),
        )


def _completed(lake: Lakehouse) -> DataFrame:
    """The item numbers that each user has completed: `idx` of the user, `excluded`."""
    done = lake.read(tables.daily_engagement).where(F.col(D.num_completed) > 0).select(D.user_id, D.new_episode_id)
    return (
        done.transform(_with_numbers, lake.read(tables.user_ids), D.user_id, "idx")
        .transform(_with_numbers, lake.read(tables.item_ids), D.new_episode_id, "item_idx")
        .groupBy("idx")
        .agg(F.collect_set("item_idx").alias("excluded"))
    )


def _with_numbers(rows: DataFrame, ids: DataFrame, id_column: str, number: str) -> DataFrame:
    return rows.join(ids.select(F.col("id").alias(id_column), F.col("idx").alias(number)), id_column)


def _with_ids(rows: DataFrame, ids: DataFrame, number: str, id_column: str) -> DataFrame:
    return rows.join(ids.select(F.col("idx").alias(number), F.col("id").alias(id_column)), number)


def _stamped(rows: DataFrame, factors: DataFrame) -> DataFrame:
    """Add the model version of the factors that made the rows, and the time."""
    version = factors.agg(F.max("model_version").alias("model_version"))
    return rows.crossJoin(F.broadcast(version)).withColumn("generated_at", F.current_timestamp())
