"""The tasks of the gold job: ids, training, and the recommendations that follow from it."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.diversity import Diverse
from gold.engaged import engaged
from gold.ids import newly_numbered
from gold.reasons import POPULAR, with_reasons
from gold.serving import serving
from gold.trending import by_language
from reclake import tables
from reclake.lake import Lakehouse
from reclake.recommendations import ANYONE
from reclake.tables import Table
from reclake.task import task

D, E = tables.daily_engagement.c, tables.episodes.c


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
    """Recommend to every user, and to `ANYONE`, the best episodes that are available and that they have not seen."""
    for _ in lake.news("recommend_als", tables.als_user_factors, tables.als_item_factors, tables.episodes):
        served = serving(lake).without(_unavailable(lake))
        model, settings = Diverse(served.factors, lake.settings.diversity), lake.settings
        best = model.recommend(_queries(lake), settings.top_n)
        explained = with_reasons(best, engaged(lake, served.configuration), served.items, served.configuration)
        item_ids = lake.read(tables.item_ids)
        because = item_ids.select(F.col("idx").alias("because_idx"), F.col("id").alias("because_episode_id"))
        personal = (
            explained.transform(_with_ids, _askers(lake), "idx", "user_id")
            .transform(_with_ids, item_ids, "item_idx", "new_episode_id")
            .join(because, "because_idx", "left")
            .withColumnRenamed("score", "als_score")
        )
        popular = served.items.transform(_with_ids, item_ids, "idx", "episode_id")
        trending = (
            by_language(popular, lake.read(tables.episodes), settings.top_n)
            .withColumnsRenamed({"episode_id": "new_episode_id", "score": "als_score"})
            .withColumn("reason", F.lit(POPULAR))
        )
        made = personal.unionByName(trending, allowMissingColumns=True)
        _replace(lake, tables.als_top_n, made, served.version)


@task
def similar_items(lake: Lakehouse) -> None:
    """Find the available episodes that listeners treat most alike, by the cosine of their factors."""
    for _ in lake.news("similar_items", tables.als_item_factors, tables.episodes):
        served = serving(lake).without(_unavailable(lake))
        similar = (
            served.factors.similar_items(lake.settings.similar_n)
            .transform(_with_ids, lake.read(tables.item_ids), "idx", "new_episode_id")
            .transform(_with_ids, lake.read(tables.item_ids), "item_idx", "similar_episode_id")
            .withColumnRenamed("score", "similarity")
        )
        _replace(lake, tables.als_item_item, similar, served.version)


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
    return lake.read(tables.user_ids).where(~F.col("id").startswith(ANYONE)).union(anyone)


def _with_numbers(rows: DataFrame, ids: DataFrame, id_column: str, number: str) -> DataFrame:
    return rows.join(ids.select(F.col("id").alias(id_column), F.col("idx").alias(number)), id_column)


def _with_ids(rows: DataFrame, ids: DataFrame, number: str, id_column: str) -> DataFrame:
    return rows.join(ids.select(F.col("idx").alias(number), F.col("id").alias(id_column)), number)


def _unavailable(lake: Lakehouse) -> DataFrame:
    """The numbers of episodes that must not be recommended."""
    gone = lake.read(tables.episodes).where(~F.col(E.available)).select(F.col(E.episode_id).alias("id"))
    return lake.read(tables.item_ids).join(gone, "id").select("idx")


def _replace(lake: Lakehouse, table: Table, rows: DataFrame, version: str) -> None:
    """Overwrite a table of recommendations, stamped with the version that made them and the time."""
    stamped = rows.withColumns({"model_version": F.lit(version), "generated_at": F.current_timestamp()})
    lake.replace(table, stamped)
