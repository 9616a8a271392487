"""The tasks of the gold job: ids, training, and the recommendations that follow from it."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.engines.configuration import Configuration
from gold.engines.diversity import Diverse
from gold.engines.ids import newly_numbered, with_ids
from gold.engines.reasons import with_reasons
from gold.engines.stamps import replace_stamped
from gold.listening.audience import askers, lists_by, queries, unavailable
from gold.listening.champion import champion_factors
from gold.listening.engaged import engaged
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.tables import Table
from lakehouse.task import task

D, E = tables.daily_engagement.c, tables.episodes.c


@task
def assign_ids(lake: Lakehouse) -> None:
    """Number the users and episodes that engagement or the catalogue names for the first time."""
    if new := lake.changes(tables.daily_engagement, "assign_ids", into=[tables.user_ids, tables.item_ids]):
        _number(lake, tables.user_ids, new.rows.select(F.col(D.user_id).alias("id")))
        _number(lake, tables.item_ids, new.rows.select(F.col(D.new_episode_id).alias("id")))
        new.commit()
    if new := lake.changes(tables.episodes, "assign_ids", into=[tables.item_ids]):
        _number(lake, tables.item_ids, new.rows.select(F.col(E.episode_id).alias("id")))
        new.commit()


@task
def train_als(lake: Lakehouse) -> None:
    """Decide which configuration serves and fit it when engagement has changed; see `gold.listening.training`."""
    sources, serving = (tables.daily_engagement, tables.user_ids), (tables.als_user_factors, tables.als_item_factors)
    # Factors know episodes by their numbers: other numbers are another training, new ones are not.
    by = Configuration.of(lake.settings), lake.about(tables.item_ids)
    if news := lake.news("train_als", *sources, into=serving, by=by):
        from gold.listening.training import train

        train(lake, news.of)
        news.commit()


@task
def recommend_als(lake: Lakehouse) -> None:
    """Recommend to every user, and to `ANYONE`, the best episodes that are available and that they have not seen."""
    # What somebody has heard is not recommended any longer, also while the model stays.
    sources = (tables.daily_engagement, tables.als_user_factors, tables.als_item_factors, tables.episodes)
    if news := lake.news("recommend_als", *sources, into=[tables.als_top_n], by=lists_by(lake.settings)):
        served = champion_factors(lake).without(unavailable(lake))
        best = Diverse(served.factors, lake.settings.diversity).recommend(queries(lake), lake.settings.top_n)
        explained = with_reasons(best, engaged(lake, served.configuration), served.items, served.configuration)
        item_ids = lake.read(tables.item_ids)
        made = (
            explained.transform(with_ids, askers(lake), "idx", "user_id")
            .transform(with_ids, item_ids, "item_idx", "new_episode_id")
            .transform(with_ids, item_ids, "because_idx", "because_episode_id", "left")
            .withColumnRenamed("score", "als_score")
        )
        replace_stamped(lake, tables.als_top_n, made, served.version)
        news.commit()


@task
def similar_items(lake: Lakehouse) -> None:
    """Find the available episodes that listeners treat most alike, by the cosine of their factors."""
    sources, most = (tables.als_item_factors, tables.episodes), lake.settings.similar_n
    if news := lake.news("similar_items", *sources, into=[tables.als_item_item], by=most):
        served = champion_factors(lake).without(unavailable(lake))
        similar = (
            served.factors.similar_items(most)
            .transform(with_ids, lake.read(tables.item_ids), "idx", "new_episode_id")
            .transform(with_ids, lake.read(tables.item_ids), "item_idx", "similar_episode_id")
            .withColumnRenamed("score", "similarity")
        )
        replace_stamped(lake, tables.als_item_item, similar, served.version)
        news.commit()


@task
def evaluate(lake: Lakehouse, split: str) -> None:
    """Measure every kind of recommender when engagement has changed; see `gold.listening.comparison`."""
    if news := lake.news("evaluate", tables.daily_engagement, by=Configuration.of(lake.settings)):
        from gold.listening.comparison import candidates, compare

        compare(lake, candidates(lake.settings), split)
        news.commit()


@task
def tune(lake: Lakehouse) -> None:
    """Search for a challenger when engagement has changed; see `gold.listening.tuning`."""
    if news := lake.news("tune", tables.daily_engagement):
        from gold.listening.tuning import search

        search(lake, lake.settings.tuning_trials)
        news.commit()


def _number(lake: Lakehouse, table: Table, ids: DataFrame) -> None:
    lake.append_new(table, newly_numbered(ids, lake.read(table)))
