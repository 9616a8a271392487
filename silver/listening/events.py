"""Listening events: valid, each identity once, and what each one says of liking."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.events import HIGHEST_RATING, LISTENING_EVENTS, LONGEST_PAUSE_SECONDS, LOWEST_RATING
from lakehouse.settings import EventWeights
from silver import records
from silver.identity import Identity
from silver.records import Reason, broken, excerpt, field, identifier, instant, number

E = tables.user_events.c
FIELDS = ("event_id", "ts", "user_id", "new_episode_id", "event", "device", "listened_seconds", "rating")

WEIGHT = "weight"

IDENTITY = Identity(
    key=(E.event_id, E.day),
    payload=(E.ts, E.user_id, E.new_episode_id, E.event, E.device, E.listened_seconds, E.rating),
)


def checked(parsed: DataFrame) -> DataFrame:
    """Find the first fault of each parsed listening event.

    Parameters
    ----------
    parsed : DataFrame
        `record` with `FIELDS` as text, `fault`, Kafka's `timestamp`, `ingested_at`.
    """
    is_pause, is_rate = field("event") == "pause", field("event") == "rate"
    pause, rating = number("listened_seconds"), number("rating")
    return records.checked(
        parsed,
        records.missing("event_id", "ts", "user_id", "new_episode_id", "event"),
        records.no_id("event_id", "user_id", "new_episode_id"),
        records.too_long("event_id", "user_id", "new_episode_id", "device"),
        broken(instant("ts").isNull(), Reason.BAD_TIMESTAMP, excerpt("ts")),
        records.ahead("ts"),
        broken(~field("event").isin(*LISTENING_EVENTS), Reason.UNKNOWN_EVENT, excerpt("event")),
        broken(is_pause & field("listened_seconds").isNull(), Reason.MISSING_FIELD, F.lit("listened_seconds")),
        broken(is_pause & pause.isNull(), Reason.BAD_NUMBER, excerpt("listened_seconds")),
        broken(is_pause & (pause < 0), Reason.NEGATIVE_SECONDS, excerpt("listened_seconds")),
        broken(is_pause & (pause > LONGEST_PAUSE_SECONDS), Reason.ABSURD_SECONDS, excerpt("listened_seconds")),
        broken(is_rate & field("rating").isNull(), Reason.MISSING_FIELD, F.lit("rating")),
        broken(is_rate & rating.isNull(), Reason.BAD_NUMBER, excerpt("rating")),
        broken(is_rate & ~rating.between(LOWEST_RATING, HIGHEST_RATING), Reason.RATING_OUT_OF_RANGE, excerpt("rating")),
    )


def typed(accepted: DataFrame, *kept: str) -> DataFrame:
    """Give the fields of valid records their types; measures that an event does not carry become null.

    Parameters
    ----------
    kept : str
        Columns of the record that stay.
    """
    return accepted.select(
        *kept,
        identifier("event_id").alias(E.event_id),
        instant("ts").cast("date").alias(E.day),
        instant("ts").alias(E.ts),
        identifier("user_id").alias(E.user_id),
        identifier("new_episode_id").alias(E.new_episode_id),
        field("event").alias(E.event),
        field("device").alias(E.device),
        F.when(field("event") == "pause", number("listened_seconds")).alias(E.listened_seconds),
        F.when(field("event") == "rate", number("rating")).alias(E.rating),
    )


def with_weight(events: DataFrame, weights: EventWeights) -> DataFrame:
    """Add `weight`, the evidence of liking that one event carries.

    Parameters
    ----------
    events : DataFrame
        Valid user events: `event` string, `listened_seconds` double or null, `rating` double or null.

    Returns
    -------
    DataFrame
        The same rows and `weight` decimal(18,6), in engagement units (a `like` is 2), negative for dislike.
    """
    return events.withColumn(WEIGHT, _weight(weights).cast(tables.ENGAGEMENT))


def _weight(weights: EventWeights) -> Column:
    event = F.col(E.event)
    return (
        F.when(event == "like", F.lit(weights.like))
        .when(event == "complete", F.lit(weights.complete))
        .when(event == "skip", F.lit(weights.skip))
        .when(event == "pause", F.least(F.col(E.listened_seconds) / weights.pause_full_seconds, F.lit(1.0)))
        .when(event == "rate", F.col(E.rating) - weights.neutral_rating)
    )
