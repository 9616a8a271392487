"""The tasks of the gold job: ids, training, and the recommendations that follow from it."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.ids import newly_numbered
from gold.models.factors import Factors
from gold.serving import serving_factors
from reclake import tables
from reclake.lake import Lakehouse
from reclake.recommendations import ANYONE
from reclake.tables import Table
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
    """Decide which configuration serves and fit it when engagement has changed; see `gold.training`."""
    for versions in lake.news("train_als", tables.daily_engagement, tables.user_ids, tables.item_ids):
        from gold.training import train

        train(lake, versions)


@task
def recommend_als(lake: Lakehouse) -> None:
    """Recommend to every user, and to `ANYONE`, the best episodes that they have not seen."""
    for _ in lake.news("recommend_als", tables.als_user_factors, tables.als_item_factors):
        best = serving_factors(lake).recommend(_queries(lake), lake.settings.top_n)
        _replace(
            lake,
            tables.als_top_n,
            best.transform(_with_ids, _askers(lake), "idx", "user_id")
            .transform(_with_ids, lake.read(tables.item_ids), "item_idx", "new_episode_id")
            .withColumnRenamed("score", "als_score"),
        )


@task
def similar_items(lake: Lakehouse) -> None:
    """Find the episodes that listeners treat most alike, by the cosine of their factors."""
    for _ in lake.news("similar_items", tables.als_item_factors):
        factors = Factors(lake.read(tables.als_user_factors), lake.read(tables.als_item_factors))
        _replace(
            lake,
            tables.als_item_item,
            factors.similar_items(lake.settings.similar_n)
            .transform(_with_ids, lake.read(tables.item_ids), "idx", "new_episode_id")
            .transform(_with_ids, lake.read(tables.item_ids), "item_idx", "similar_episode_id")
            .withColumnRenamed("score", "similarity"),
        )


@task
def evaluate(lake: Lakehouse, split: str) -> None:
    """Measure every kind of recommender when engagement has changed; see `gold.comparison`."""
    for _ in lake.news("evaluate", tables.daily_engagement):
        from gold.comparison import candidates, compare

        compare(lake, candidates(lake.settings), split)


@task
def tune(lake: Lakehouse) -> None:
    """Search for a challenger when engagement has changed; see `gold.tuning`."""
    for _ in lake.news("tune", tables.daily_engagement):
        from gold.tuning import search

        search(lake, lake.settings.tuning_trials)


def _queries(lake: Lakehouse) -> DataFrame:
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
    return _askers(lake).select("idx").join(seen, "idx", "left")


def _askers(lake: Lakehouse) -> DataFrame:
    """`gold.user_ids` and `ANYONE` with a number that no user has; who calls themselves so gets what anybody gets."""
    anyone = lake.spark.createDataFrame([(ANYONE, -1)], tables.user_ids.schema)
    return lake.read(tables.user_ids).where(F.col("id") != ANYONE).union(anyone)


def _with_numbers(rows: DataFrame, ids: DataFrame, id_column: str, number: str) -> DataFrame:
    return rows.join(ids.select(F.col("id").alias(id_column), F.col("idx").alias(number)), id_column)


def _with_ids(rows: DataFrame, ids: DataFrame, number: str, id_column: str) -> DataFrame:
    return rows.join(ids.select(F.col("idx").alias(number), F.col("id").alias(id_column)), number)


def _replace(lake: Lakehouse, table: Table, rows: DataFrame) -> None:
    """Overwrite a table of recommendations, stamped with the model version of the factors and the time."""
    version = lake.read(tables.als_item_factors).agg(F.max("model_version").alias("model_version"))
    stamped = rows.crossJoin(F.broadcast(version)).withColumn("generated_at", F.current_timestamp())
    lake.replace(table, stamped)
