"""Training the hybrid: its weights, learned and judged on the window that decided which configuration serves."""

from __future__ import annotations

import logging

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.engines.factors import Factors
from gold.engines.popularity import popularity
from gold.listening.evaluation import Measured, Trial
from gold.listening.hybrid.learning import Learned, learned
from gold.listening.hybrid.sources import gathered
from gold.listening.hybrid.weights import LIKES_FROM, SOURCES
from gold.listening.interactions import numbered
from gold.text.cold_items import REGULARIZATION
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.rows import few_rows
from lakehouse.scratch import Scratch

log = logging.getLogger(__name__)


def numbered_embeddings(lake: Lakehouse) -> DataFrame:
    """All episodes that have both a number and an embedding: `idx`, `embedding`."""
    ids = lake.read(tables.item_ids).select("idx", F.col("id").alias("episode_id"))
    return (
        lake.read(tables.episode_embeddings)
        .where("embedding IS NOT NULL")
        .join(ids, "episode_id")
        .select("idx", "embedding")
    )


def learn(lake: Lakehouse, trial: Trial, served: Measured, scratch: Scratch) -> Learned:
    """Learn how to weigh the sources beside a configuration, and log how every mix of them does.

    Parameters
    ----------
    served : Measured
        The configuration that serves, fitted to what came before the window.
    """
    assert isinstance(served.model, Factors)
    liked = trial.train.where("engagement > 0")
    popular = popularity(trial.train, served.configuration.popularity_half_life_days)
    sources = gathered(served.model, popular, numbered_embeddings(lake), liked, scratch)
    ids = lake.read(tables.user_ids), lake.read(tables.item_ids)
    likes = numbered(trial.split.test.where("engagement > 0"), *ids)
    strangers = likes.join(trial.train, "user_idx", "left_anti")
    found = learned(sources, trial.queries, trial.relevant, strangers)
    _log(found, trial.split.name)
    return found


def save(lake: Lakehouse, found: Learned) -> None:
    """Let weights serve."""
    rows = [(likes, *found.weights[likes]) for likes in LIKES_FROM]
    weights = few_rows(lake.spark, rows, tables.blend_weights.schema)
    lake.replace(tables.blend_weights, weights)


def _log(found: Learned, split: str) -> None:
    import mlflow

    with mlflow.start_run(run_name="hybrid", nested=True):
        mlflow.set_tags({"split": split, "engine": "hybrid"})
        mlflow.log_param("cold_items_regularization", REGULARIZATION)
        mlflow.log_params(
            {
                f"{source}_from_{likes}_likes": found.weights[likes][at]
                for likes in LIKES_FROM
                for at, source in enumerate(SOURCES)
            }
        )
        rows = found.table()
        mlflow.log_metrics({f"ndcg_at_10 {segment} {mix}".replace(" ", "_"): value for segment, mix, value, *_ in rows})
        columns = ("segment", "mix", "ndcg_at_10", "standard_error", "num_users")
        mlflow.log_table({name: [row[at] for row in rows] for at, name in enumerate(columns)}, "mixes.json")
