"""Which episodes are due: those that have no good transcript of their present addresses and may be tried now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse import tables

E = tables.episodes.c
T = tables.transcripts.c

DONE, FAILED, GIVEN_UP = "done", "failed", "given_up"
NO_SPEECH_MODEL, NO_SOURCE = "no_speech_model", "no_source"
PUBLISHER, SPEECH = "publisher", "speech"

_NEEDED = (T.status, T.source, T.retry_count, T.next_retry_at, T.transcript_url, T.audio_url, T.updated_at)


def due(episodes: DataFrame, transcripts: DataFrame, now: dt.datetime, again: Collection[str] = ()) -> DataFrame:
    """Choose the episodes to work on, those first that were never tried, the newest of them first.

    Due is an episode that was never tried, one whose addresses changed since, a failed one whose `next_retry_at` has
    come, and one whose status is among `again`. A transcript by the publisher does not depend on `audio_url`.

    Parameters
    ----------
    episodes, transcripts : DataFrame
        `silver.episodes` and `silver.transcripts`.
    now : datetime
        With time zone.
    again : collection of str
        Statuses of which the reason is gone, such as `no_speech_model` when there is a model now.

    Returns
    -------
    DataFrame
        `episode_id, title, language, transcript_url, audio_url`, `retry_count` int: failed attempts so far on these
        addresses, and `has_text` boolean: whether there is a text of an earlier attempt. In the order of work.
    """
    tried = transcripts.select(
        E.episode_id,
        *(F.col(name).alias(f"tried_{name}") for name in _NEEDED),
        F.col(T.text).isNotNull().alias("tried_has_text"),
    )
    both = episodes.join(tried, E.episode_id, "left")
    status = _tried(T.status)
    waited = (status == FAILED) & (_tried(T.next_retry_at) <= F.lit(now))
    return (
        both.where(status.isNull() | _moved() | waited | status.isin(*again))
        .orderBy(_tried(T.updated_at).asc_nulls_first(), F.col(E.published_at).desc_nulls_last(), E.episode_id)
        .select(
            *(E.episode_id, E.title, E.language, E.transcript_url, E.audio_url),
            F.when((status == FAILED) & ~_moved(), _tried(T.retry_count)).otherwise(0).alias(T.retry_count),
            F.coalesce(_tried("has_text"), F.lit(False)).alias("has_text"),
        )
    )


def _tried(column: str) -> Column:
    return F.col(f"tried_{column}")


def _moved() -> Column:
    """Whether an address that mattered for the last attempt is another one now."""
    by_publisher = (_tried(T.status) == DONE) & _tried(T.source).eqNullSafe(PUBLISHER)
    transcript_moved = ~F.col(E.transcript_url).eqNullSafe(_tried(T.transcript_url))
    audio_moved = ~F.col(E.audio_url).eqNullSafe(_tried(T.audio_url))
    return transcript_moved | (~by_publisher & audio_moved)
