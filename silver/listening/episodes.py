"""Episodes: what is known of each one, by its newest record."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from silver import records
from silver.records import field, identifier, instant, number

E = tables.episodes.c
FIELDS = (
    "episode_id",
    "title",
    "author",
    "description",
    "audio_url",
    "transcript_url",
    "feed_id",
    "language",
    "categories",
    "duration",
    "published_at",
    "available",
)
_LINE_BITS = 32
"""Of a line's place, those that number it within its file."""

WINS = "(source.updated_at, source.updated_offset) > (target.updated_at, target.updated_offset)"
"""When a record replaces the stored one of the same episode."""
HOLDS = "(target.updated_at, target.updated_offset) >= (record.updated_at, record.updated_offset)"
"""When the stored one is this record, or one that came after it."""


def checked(parsed: DataFrame) -> DataFrame:
    """Find the first fault of each parsed episode; only its id and title are required."""
    return records.checked(
        parsed,
        records.missing("episode_id", "title"),
        records.no_id("episode_id"),
        records.too_long("episode_id"),
    )


def typed(accepted: DataFrame, *kept: str) -> DataFrame:
    """Give the fields their types; an optional field that cannot be read becomes null.

    Parameters
    ----------
    kept : str
        Columns of the record that stay.
    """
    texts = ("title", "author", "description", "audio_url", "transcript_url", "feed_id", "language")
    return accepted.select(
        *kept,
        identifier("episode_id").alias(E.episode_id),
        *(field(name).alias(name) for name in texts),
        F.from_json(field("categories"), "array<string>").alias(E.categories),
        F.abs(number("duration")).try_cast("long").alias(E.duration),
        instant("published_at").alias(E.published_at),
        F.coalesce(field("available").try_cast("boolean"), F.lit(True)).alias(E.available),
        F.coalesce("timestamp", "ingested_at").alias(E.updated_at),
        _place().alias(E.updated_offset),
    )


def _place() -> Column:
    """What comes later among records of one time: their offsets; of landing files, the later file and then the line."""
    line = F.shiftleft(-F.col("partition").cast("long"), _LINE_BITS) + F.col("offset")
    return F.when(F.col("partition") < 0, line).otherwise(F.col("offset"))


def newest(episodes: DataFrame) -> DataFrame:
    """Keep one row per episode: of its newest record."""
    values = (E.updated_at, E.updated_offset, *(c for c in episodes.columns if not c.startswith("updated_")))
    latest = episodes.groupBy(E.episode_id).agg(F.max_by(F.struct(*values), F.struct(*values[:2])).alias("latest"))
    return latest.select("latest.*")


def primary_language(tag: Column) -> Column:
    """The language of a tag such as `en-GB`, in lower case; null where it is none."""
    found = F.lower(F.regexp_extract(F.trim(tag), "^([A-Za-z]{2,3})(?:[-_].*)?$", 1))
    return F.nullif(found, F.lit(""))
