"""Cold items on MovieLens: what a film's text is worth for ranking it, before anybody has rated it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pandas as pd
import typer
from implicit.cpu.als import AlternatingLeastSquares
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from rich.console import Console
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from benchmarks.lakes import benchmark_home
from benchmarks.ranking import engagement_of
from gold.listening.interactions import interactions
from gold.text.cold_items import fit
from gold.text.embeddings import embedded, with_content_hash
from gold.text.encoder import encoder_files
from lakehouse.lake import Lakehouse
from reclake.report import table_of

K = 10
COLD_SHARE = 0.2
RANK, ITERATIONS = 64, 15
ALPHA_AND_REGULARIZATION = ((1.0, 10.0), (1.0, 20.0), (3.0, 20.0), (3.0, 50.0))
RIDGE = (0.5, 1.0, 2.0, 4.0)

RELEVANCE = ("all that is rated", "all that is liked")

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.signedinteger]


def main(
    folder: Annotated[Path, typer.Argument(help="A MovieLens folder: ratings.csv, movies.csv, tags.csv.", exists=True)],
    seeds: Annotated[int, typer.Option(min=2, help="Random choices of the cold items.")] = 5,
) -> None:
    """Hold out a fifth of the films with all their ratings and rank them among themselves for every user."""
    console = Console()
    with benchmark_home() as lake, console.status("Embedding titles, genres and tags"):
        data = _data(lake, folder)
    by_seed = []
    for seed in range(seeds):
        with console.status(f"Seed {seed + 1} of {seeds}"):
            by_seed.append(_measured(data, np.random.default_rng(seed)))
    title = f"Cold items ranked among themselves, {seeds} seeds, mean ± standard error over seeds"
    rows = [
        (name, *(_told([scores[name][relevance] for scores in by_seed]) for relevance in RELEVANCE))
        for name in by_seed[0]
    ]
    gained = (
        _told([scores["ridge"][relevance] - scores["content cosine, centred"][relevance] for scores in by_seed])
        for relevance in RELEVANCE
    )
    columns = tuple(f"nDCG@{K}, {relevance}" for relevance in RELEVANCE)
    console.print(table_of(title, ("", *columns), [*rows, ("ridge - centred cosine", *gained)], columns))


@dataclass(frozen=True)
class _Data:
    """Engagement (users, items), where there is a rating at all, and an embedding of each item."""

    engagement: csr_matrix
    rated: csr_matrix
    embeddings: Floats

    def ndcg(self, scores: Floats, items: Ints) -> Mapping[str, float]:
        """Score a ranking of some items by either notion of what is relevant."""
        of_each = (self.rated[:, items], self.engagement[:, items])
        return {name: _ndcg(scores, held_out) for name, held_out in zip(RELEVANCE, of_each, strict=True)}


def _data(lake: Lakehouse, folder: Path) -> _Data:
    movies, tags, ratings = (
        lake.spark.read.csv(str(folder / f"{name}.csv"), header=True, inferSchema=True, escape='"')
        for name in ("movies", "tags", "ratings")
    )
    engaged = interactions(engagement_of(ratings)).select("user_id", "item_id", "engagement").toPandas()
    # Ratings of exactly neutral value are no engagement, but somebody has seen the film.
    rated = ratings.selectExpr("CAST(userId AS string) AS user_id", "CAST(movieId AS string) AS item_id").toPandas()
    users, items = (pd.Index(sorted(rated[column].unique())) for column in ("user_id", "item_id"))

    def matrix(pairs: pd.DataFrame, values: Floats) -> csr_matrix:
        places = users.get_indexer(pairs["user_id"]), items.get_indexer(pairs["item_id"])
        return csr_matrix((values.astype(np.float32), places), shape=(len(users), len(items)))

    vectors = _embeddings(lake, movies, tags).set_index("episode_id")["embedding"]
    return _Data(
        matrix(engaged, engaged["engagement"].to_numpy()),
        matrix(rated, np.ones(len(rated))),
        np.stack(vectors.loc[items].to_list()),
    )


def _embeddings(lake: Lakehouse, movies: DataFrame, tags: DataFrame) -> pd.DataFrame:
    tagged = tags.groupBy("movieId").agg(F.array_join(F.array_sort(F.collect_set("tag")), ", ").alias("tags"))
    genres = F.replace("genres", F.lit("|"), F.lit(", "))
    texts = movies.join(tagged, "movieId", "left").select(
        F.col("movieId").cast("string").alias("episode_id"),
        F.lit(None).cast("string").alias("language"),
        F.concat_ws("\n", "title", genres, "tags").alias("text"),
    )
    files = encoder_files(lake.settings)
    return embedded(with_content_hash(texts, files.id), files, 10_000).select("episode_id", "embedding").toPandas()


def _measured(data: _Data, random: np.random.Generator) -> Mapping[str, Mapping[str, float]]:
    """Score every way to rank the cold items, with parameters chosen on items that are warm."""
    warm, cold = _divided(np.arange(data.engagement.shape[1]), random)
    chosen = _tuned(data, warm, random)
    train = _only(data.engagement, warm)
    chance = random.random((train.shape[0], cold.size))
    centred = data.embeddings - data.embeddings[warm].mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    users, items = _als(train, *chosen[:2])
    ways = {
        "random": chance,
        "content cosine": _cosines(train, data.embeddings, cold),
        "content cosine, centred": _cosines(train, centred, cold),
        "ridge": _ridge(data, train, cold, users, items, chosen[2]),
    }
    return {name: data.ndcg(scores, cold) for name, scores in ways.items()}


def _tuned(data: _Data, warm: Ints, random: np.random.Generator) -> tuple[float, float, float]:
    """Choose alpha and regularization of ALS and of ridge, on warm items that are held out in turn."""
    inner, held_out = _divided(warm, random)
    scores = {}
    for alpha, regularization in ALPHA_AND_REGULARIZATION:
        train = _only(data.engagement, inner)
        users, items = _als(train, alpha, regularization)
        for ridge in RIDGE:
            ranked = _ridge(data, train, held_out, users, items, ridge)
            scores[alpha, regularization, ridge] = data.ndcg(ranked, held_out)[RELEVANCE[0]]
    return max(scores, key=scores.__getitem__)


def _divided(items: Ints, random: np.random.Generator) -> tuple[Ints, Ints]:
    cold = random.choice(items, round(items.size * COLD_SHARE), replace=False)
    return np.setdiff1d(items, cold), np.sort(cold)


def _only(engagement: csr_matrix, items: Ints) -> csr_matrix:
    """Engagement with these items; the columns of the others stay, empty."""
    kept = np.zeros(engagement.shape[1], dtype=np.float32)
    kept[items] = 1
    found = engagement.multiply(kept).tocsr()
    found.eliminate_zeros()
    return found


def _als(train: csr_matrix, alpha: float, regularization: float) -> tuple[Floats, Floats]:
    with threadpool_limits(1, "blas"):
        als = AlternatingLeastSquares(
            factors=RANK, regularization=regularization, iterations=ITERATIONS, random_state=42
        )
        als.fit((train.sign() + alpha * train).tocsr(), show_progress=False)
    return als.user_factors, als.item_factors


def _ridge(data: _Data, train: csr_matrix, cold: Ints, users: Floats, items: Floats, regularization: float) -> Floats:
    learned = train.getnnz(axis=0) > 0
    guessed = fit(data.embeddings[learned], items[learned], regularization).predict(data.embeddings[cold])
    scores: Floats = users @ guessed.T
    return scores


def _cosines(train: csr_matrix, embeddings: Floats, cold: Ints) -> Floats:
    """How near each cold item is to all that a user likes, taken together."""
    scores: Floats = (train.maximum(0) @ embeddings) @ embeddings[cold].T
    return scores


def _ndcg(scores: Floats, held_out: csr_matrix) -> float:
    """Binary nDCG@k, what is positive being relevant, averaged over the users for whom anything is."""
    relevant = held_out.toarray() > 0
    number = relevant.sum(axis=1)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    discounts = 1 / np.log2(np.arange(2, K + 2))
    gains = np.take_along_axis(relevant, best, axis=1) @ discounts
    ideal = np.cumsum(discounts)[np.minimum(number, K) - 1]
    return float((gains / ideal)[number > 0].mean())


def _told(scores: list[float]) -> str:
    return f"{mean(scores):.3f} ± {stdev(scores) / len(scores) ** 0.5:.3f}"


if __name__ == "__main__":
    typer.run(main)
