"""The task that makes the final recommendations, of all sources and for all listeners."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.engines.diversity import Diverse
from gold.engines.ids import with_ids
from gold.engines.stamps import replace_stamped
from gold.listening.audience import askers, lists_by, queries, unavailable
from gold.listening.champion import ChampionFactors, champion_factors
from gold.listening.engaged import engaged
from gold.listening.hybrid.explaining import REASONS, with_explanations
from gold.listening.hybrid.sources import gathered
from gold.listening.hybrid.training import numbered_embeddings
from gold.listening.hybrid.weights import ALS_ALONE, SOURCES, Weights
from gold.listening.trending import by_language
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.scratch import Scratch, scratch_folder
from lakehouse.task import task

NEWS = (
    # What somebody has heard is not recommended any longer, also while the model stays.
    tables.daily_engagement,
    tables.als_user_factors,
    tables.als_item_factors,
    tables.blend_weights,
    tables.episode_embeddings,
    tables.episodes,
    tables.item_ids,
)


@task
def recommend(lake: Lakehouse) -> None:
    """Recommend to every user, and to strangers of each language, by listening, text and popularity together."""
    if news := lake.news("recommend", *NEWS, into=[tables.final_recommendations], by=lists_by(lake.settings)):
        with scratch_folder(lake) as scratch:
            served = champion_factors(lake)
            made = _personal(lake, served, scratch).unionByName(_trending(lake, served), allowMissingColumns=True)
            titles = lake.read(tables.episodes).selectExpr("episode_id AS recommended_episode_id", "title")
            replace_stamped(
                lake, tables.final_recommendations, made.join(titles, "recommended_episode_id", "left"), served.version
            )
        news.commit()


def _personal(lake: Lakehouse, served: ChampionFactors, scratch: Scratch) -> DataFrame:
    liked = scratch("liked", engaged(lake, served.configuration).where("engagement > 0"))
    popular = served.items.select("idx", "popularity")
    sources = gathered(served.factors, popular, numbered_embeddings(lake), liked, scratch).without(unavailable(lake))
    weighed = sources.weighed(_weights(lake))
    best = scratch("best", Diverse(weighed, lake.settings.diversity).recommend(queries(lake), lake.settings.top_n))
    items = lake.read(tables.item_ids)
    return (
        with_explanations(best, liked, weighed, sources)
        .transform(with_ids, askers(lake), "idx", "user_id")
        .transform(with_ids, items, "item_idx", "recommended_episode_id")
        .transform(with_ids, items, "because_idx", "because_episode_id", "left")
    )


def _trending(lake: Lakehouse, served: ChampionFactors) -> DataFrame:
    popular = served.without(unavailable(lake)).items.transform(
        with_ids, lake.read(tables.item_ids), "idx", "episode_id"
    )
    return (
        by_language(popular, lake.read(tables.episodes), lake.settings.top_n)
        .withColumnRenamed("episode_id", "recommended_episode_id")
        .withColumn("reason", F.lit(REASONS["popularity"]))
    )


def _weights(lake: Lakehouse) -> Weights:
    rows = lake.read(tables.blend_weights).collect()  # a row per group
    return {row["likes_from"]: tuple(row[source] for source in SOURCES) for row in rows} or ALS_ALONE
