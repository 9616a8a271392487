"""Embeddings of episodes: which text an episode has, which of them need a new vector, and the vectors, on Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.text.encoder import EncoderFiles, loaded
from lakehouse import tables
from silver.listening.episodes import primary_language

if TYPE_CHECKING:
    import numpy.typing as npt

    Batches = Iterable[pa.RecordBatch]

E = tables.episode_embeddings.c
TEXTS_PER_TASK = 64
"""Seconds of work for short texts, a minute for transcripts: little is lost when a task fails."""
FEWEST_TASKS = 8
"""Of however few texts, so that the cores of a laptop share them."""


def texts_of(episodes: DataFrame, transcripts: DataFrame, most_characters: int) -> DataFrame:
    """Put together what is known of each episode in words: title, description and transcript, a paragraph each.

    Parameters
    ----------
    episodes : DataFrame
        Rows of `silver.episodes`.
    transcripts : DataFrame
        `episode_id`, `text`: good ones only, at most one per episode.
    most_characters : int
        What follows is left out.

    Returns
    -------
    DataFrame
        `episode_id`, `language` (primary, such as `en`; null: not known), `text`, empty where there is none.
    """
    text = F.concat_ws("\n\n", "title", "description", "text")
    return episodes.join(transcripts.select("episode_id", "text"), "episode_id", "left").select(
        "episode_id",
        primary_language(F.col("language")).alias("language"),
        F.left(text, F.lit(most_characters)).alias("text"),
    )


def with_content_hash(texts: DataFrame, encoder_id: str) -> DataFrame:
    """Add `content_hash`, which is another one as soon as encoder, language or text is another."""
    content = F.concat_ws("\0", F.lit(encoder_id), F.coalesce("language", F.lit("")), "text")
    return texts.withColumn(E.content_hash, F.sha2(content, 256))


def outdated(texts: DataFrame, embeddings: DataFrame) -> DataFrame:
    """Keep the texts that have no embedding or that of another content, and name the episodes that are gone.

    Parameters
    ----------
    texts : DataFrame
        `episode_id`, `language`, `text`, `content_hash`.
    embeddings : DataFrame
        Rows of `gold.episode_embeddings` of the same episodes.

    Returns
    -------
    DataFrame
        The columns of `texts`; `text` is null where there is an embedding and no longer an episode.
    """
    stored = embeddings.select(E.episode_id, F.col(E.content_hash).alias("stored_hash"))
    both = texts.join(stored, E.episode_id, "full")
    return both.where("NOT content_hash <=> stored_hash").drop("stored_hash")


def embedded(texts: DataFrame, encoder: EncoderFiles, num_texts: int) -> DataFrame:
    """Embed texts, with one encoder in each of Spark's workers.

    Parameters
    ----------
    texts : DataFrame
        `episode_id`, `language`, `content_hash`, `text`.
    encoder : EncoderFiles
        Where the workers find the files too: on Databricks in a volume.
    num_texts : int
        Rows of `texts`, about: it decides on the number of tasks.

    Returns
    -------
    DataFrame
        Rows of `gold.episode_embeddings`; `embedding` is null where a text has no token.
    """
    tasks = max(min(num_texts, FEWEST_TASKS), -(-num_texts // TEXTS_PER_TASK), 1)
    columns = texts.select(E.episode_id, E.language, E.content_hash, "text")
    schema = "episode_id string, language string, content_hash string, embedding array<float>"
    return columns.repartition(tasks).mapInArrow(_embedder(encoder), schema).withColumn(E.encoder, F.lit(encoder.id))


def _embedder(files: EncoderFiles) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    def embed(batches: Batches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                vectors = loaded(files).encode(batch["text"].to_pylist())
                others = {name: batch[name] for name in batch.schema.names if name != "text"}
                yield pa.record_batch({**others, E.embedding: _lists(vectors)})

    return embed


def _lists(vectors: npt.NDArray[np.float32]) -> pa.ListArray:
    """One list per row; null where all of it is zero."""
    found = vectors.any(axis=1)
    ends = np.cumsum([0, *np.where(found, vectors.shape[1], 0)], dtype=np.int32)
    return pa.ListArray.from_arrays(ends, vectors[found].ravel(), mask=pa.array(~found))
