"""The tasks of the text job: embeddings of what is new or reads differently, and which episodes are alike by them."""

from __future__ import annotations

import logging

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.text.embeddings import embedded, outdated, texts_of, with_content_hash
from gold.text.encoder import EncoderFiles, encoder_files, loaded, no_encoder
from gold.text.similarities import similar
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.scratch import scratch_folder
from lakehouse.task import task

log = logging.getLogger(__name__)

CONSUMER = "embed_episodes"
KEY = tables.episode_embeddings.key


@task
def embed_episodes(lake: Lakehouse) -> None:
    """Embed the episodes whose text is new or reads differently, and all of them for another encoder.

    Without an encoder no text is embedded, and what comes after this does without; nothing is committed, so that all
    of it is done once there is one.
    """
    if lacking := no_encoder(lake.settings):
        log.warning("%s", lacking)
        return
    encoder = encoder_files(lake.settings)
    _embed_for_new_encoder(lake, encoder)
    for source in (tables.episodes, tables.transcripts):
        if new := lake.changes(source, CONSUMER, [tables.episode_embeddings], lake.settings.text_max_characters):
            _embed(lake, encoder, new.touched(*KEY))
            new.commit()


@task
def similar_texts(lake: Lakehouse) -> None:
    """Find the episodes whose texts are most alike, when an embedding has changed."""
    most = lake.settings.text_similar_n
    if news := lake.news("similar_texts", tables.episode_embeddings, into=[tables.text_similarities], by=most):
        embeddings = lake.read(tables.episode_embeddings)
        encoders = embeddings.select("episode_id", "encoder")
        found = similar(embeddings, most).join(encoders, "episode_id")
        lake.replace(tables.text_similarities, found.withColumn("generated_at", F.current_timestamp()))
        news.commit()


def _embed_for_new_encoder(lake: Lakehouse, encoder: EncoderFiles) -> None:
    other = lake.read(tables.episode_embeddings).where(F.col("encoder") != encoder.id)
    counts = other.groupBy("encoder").count().collect()  # one, since all are written at once
    for row in counts:
        log.warning(
            "the text encoder changed from %s to %s: %d episodes are embedded again",
            *(row["encoder"], encoder.id, row["count"]),
        )
    if counts:
        _embed(lake, encoder, other.select(*KEY))


def _embed(lake: Lakehouse, encoder: EncoderFiles, touched: DataFrame) -> None:
    """Make the embeddings of the touched episodes those of their text as it is now."""
    with scratch_folder(lake) as scratch:
        touched = scratch("touched", touched)
        stored = lake.read(tables.episode_embeddings, among=touched)
        texts = texts_of(
            lake.read(tables.episodes, among=touched),
            lake.read(tables.transcripts, among=touched).where("text IS NOT NULL"),
            lake.settings.text_max_characters,
        )
        due = scratch("due", outdated(with_content_hash(texts, encoder.id), stored))
        if due.isEmpty():
            return
        new = due.where("text IS NOT NULL")
        num_new = new.count()
        if num_new:
            # Here first, where what is wrong with an encoder can be said in a sentence.
            loaded(encoder)
            log.info("%d texts are embedded with %s", num_new, encoder.id)
        vectors = scratch("vectors", embedded(new, encoder, num_new))
        lake.refresh(tables.episode_embeddings, vectors, scope=due.select(*KEY))
