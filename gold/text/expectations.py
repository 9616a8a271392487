"""What is expected of embeddings and of what is similar by text."""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse import tables
from lakehouse.quality.expectation import Suite, between, in_set, not_null, single_valued, warning
from lakehouse.quality.keys import KEY_ONCE, NOT_ONLY_DELETED, RANK_ONCE, counted, ranked
from lakehouse.settings import Settings


def suites(settings: Settings) -> Sequence[Suite]:
    """What is expected of the layer's tables."""
    return [_embeddings(), _text_similarities(settings.text_similar_n)]


def _embeddings() -> Suite:
    c = tables.episode_embeddings.c
    return Suite(
        tables.episode_embeddings,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            not_null(c.encoder),
            not_null(c.content_hash),
            between("dimensions", 1),
            warning(not_null(c.embedding, mostly=0.9)),
        ),
        scope="touched",
        derived=counted(tables.episode_embeddings) | {"dimensions": "size(embedding)"},
    )


def _text_similarities(similar_n: int) -> Suite:
    c = tables.text_similarities.c
    return Suite(
        tables.text_similarities,
        (
            KEY_ONCE,
            RANK_ONCE,
            in_set("is_itself", False),
            between(c.rank, 1, similar_n),
            not_null(c.similarity),
            between(c.similarity, -1, 1),
            single_valued(c.encoder),
        ),
        scope="whole",
        derived=ranked(tables.text_similarities, c.episode_id) | {"is_itself": "episode_id = similar_episode_id"},
    )
