"""The table catalogue: every table's layer, name, columns, key and clustering, named once.

Everything else refers to these objects; `lake.py` turns them into Delta tables of the target.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

Layer = Literal["bronze", "silver", "gold", "ops"]

STRING, INT, LONG, DOUBLE = StringType(), IntegerType(), LongType(), DoubleType()
DATE, TIMESTAMP, BINARY, BOOLEAN = DateType(), TimestampType(), BinaryType(), BooleanType()
ENGAGEMENT = DecimalType(18, 6)
"""Weights are decimals, so that their sums do not depend on the order of addition."""
ENGAGEMENT_SUM = DecimalType(28, 6)
VECTOR = ArrayType(FloatType())


class Columns:
    """A table's column names as attributes, so that a misspelt one fails at once.

    Examples
    --------
    >>> user_events.c.user_id
    'user_id'
    """

    def __init__(self, schema: StructType) -> None:
        self._names = frozenset(schema.names)

    def __getattr__(self, name: str) -> str:
        if name.startswith("_") or name not in self._names:
            raise AttributeError(name)
        return name


@dataclass(frozen=True)
class Table:
    """A Delta table of the lakehouse.

    Attributes
    ----------
    key : tuple of str
        Columns that identify a row; writes are idempotent on them.
    cluster_by : tuple of str
        Liquid clustering columns; the first one also prunes merges: its values, or its range, in the written rows
        become a literal predicate, so that a merge reads what it touches and not the table.
    """

    layer: Layer
    name: str
    schema: StructType
    key: tuple[str, ...]
    cluster_by: tuple[str, ...] = ()

    @property
    def c(self) -> Columns:
        """The column names."""
        return Columns(self.schema)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns beyond the key."""
        return tuple(name for name in self.schema.names if name not in self.key)

    def __str__(self) -> str:
        return f"{self.layer}.{self.name}"


def _table(
    layer: Layer,
    name: str,
    key: Sequence[tuple[str, DataType, str]],
    values: Sequence[tuple[str, DataType, str]],
    cluster_by: tuple[str, ...] = (),
) -> Table:
    required = [StructField(column, kind, False, {"comment": comment}) for column, kind, comment in key]
    optional = [StructField(column, kind, True, {"comment": comment}) for column, kind, comment in values]
    return Table(layer, name, StructType(required + optional), tuple(column for column, _, _ in key), cluster_by)


def _raw(name: str, what: str) -> Table:
    headers = ArrayType(StructType([StructField("key", STRING), StructField("value", BINARY)]))
    return _table(
        "bronze",
        name,
        [
            ("topic", STRING, f"Kafka topic of {what}"),
            ("partition", INT, "partition of the topic"),
            ("offset", LONG, "offset in the partition"),
        ],
        [
            ("record_key", BINARY, "record key as received"),
            ("value", BINARY, "record value as received"),
            ("headers", headers, "record headers as received"),
            ("timestamp", TIMESTAMP, "Kafka's timestamp of the record, UTC"),
            ("ingested_at", TIMESTAMP, "when the batch that brought it was read, UTC"),
        ],
        cluster_by=("ingested_at",),
    )


_SERVED = [
    ("model_version", STRING, "version of the registered model that made the row"),
    ("generated_at", TIMESTAMP, "when the row was made, UTC"),
]

raw_user_events = _raw("user_events", "podcast listening events")
raw_episode_metadata = _raw("episode_metadata", "episodes and their descriptions")

user_events = _table(
    "silver",
    "user_events",
    [("event_id", STRING, "identity of the event, with day"), ("day", DATE, "UTC day of ts")],
    [
        ("ts", TIMESTAMP, "when it happened, by the producer's clock, UTC"),
        ("user_id", STRING, "the listener"),
        ("new_episode_id", STRING, "the episode listened to"),
        ("event", STRING, "like, pause, skip, rate or complete"),
        ("device", STRING, "where it was played"),
        ("listened_seconds", DOUBLE, "pause only: seconds listened so far"),
        ("rating", DOUBLE, "rate only: 0.5 to 5"),
        ("weight", ENGAGEMENT, "evidence of liking, engagement units (a like is 2)"),
    ],
    cluster_by=("day",),
)

daily_engagement = _table(
    "silver",
    "daily_engagement",
    [
        ("user_id", STRING, "the listener"),
        ("new_episode_id", STRING, "the episode"),
        ("day", DATE, "UTC day"),
    ],
    [
        ("engagement", ENGAGEMENT_SUM, "sum of the day's event weights"),
        ("num_events", LONG, "events of the day"),
        ("num_completed", LONG, "complete events of the day"),
        ("last_ts", TIMESTAMP, "newest event of the day, UTC"),
    ],
    cluster_by=("day",),
)

episodes = _table(
    "silver",
    "episodes",
    [("episode_id", STRING, "the episode")],
    [
        ("title", STRING, "title"),
        ("author", STRING, "who publishes it"),
        ("description", STRING, "what it is about"),
        ("audio_url", STRING, "address of the audio file"),
        ("transcript_url", STRING, "address of the publisher's transcript"),
        ("feed_id", STRING, "the podcast that it belongs to"),
        ("language", STRING, "language tag, such as en"),
        ("categories", ArrayType(STRING), "categories of the feed or the episode"),
        ("duration", LONG, "seconds"),
        ("published_at", TIMESTAMP, "when it was published, UTC"),
        ("available", BOOLEAN, "false: not to be recommended"),
        ("updated_at", TIMESTAMP, "Kafka's timestamp of the record that won, UTC"),
        ("updated_offset", LONG, "Kafka's offset of the record that won; breaks ties of updated_at"),
    ],
    cluster_by=("episode_id",),
)

transcripts = _table(
    "silver",
    "transcripts",
    [("episode_id", STRING, "the episode")],
    [
        ("text", STRING, "what is said, without times, names of cues or markup; the last good one, null before that"),
        ("language", STRING, "language tag: the feed's for a publisher's transcript, else the one that was heard"),
        ("source", STRING, "where the text is from: publisher or speech"),
        ("status", STRING, "of the last attempt: done, failed, given_up, no_speech_model or no_source"),
        ("retry_count", INT, "failed attempts on these addresses, at most 3"),
        ("next_retry_at", TIMESTAMP, "failed only: not tried again before that, UTC"),
        ("error", STRING, "why the last attempt failed"),
        ("transcript_url", STRING, "the episode's transcript_url at the last attempt"),
        ("audio_url", STRING, "the episode's audio_url at the last attempt"),
        ("updated_at", TIMESTAMP, "when the last attempt ended, UTC"),
    ],
    cluster_by=("episode_id",),
)

quarantine = _table(
    "silver",
    "quarantine",
    [("source", STRING, "bronze table it came from"), ("position", STRING, "topic/partition/offset")],
    [
        ("value", BINARY, "record value as received"),
        ("reason", STRING, "machine-readable reason"),
        ("detail", STRING, "what exactly was wrong"),
        ("quarantined_at", TIMESTAMP, "when the record reached bronze, UTC (the same however often it is read)"),
    ],
    cluster_by=("quarantined_at",),
)


def _ids(name: str, what: str) -> Table:
    return _table("gold", name, [("id", STRING, what)], [("idx", INT, "dense number, never reused")])


user_ids = _ids("user_ids", "user_id")
item_ids = _ids("item_ids", "new_episode_id")


def _factors(name: str, what: str, *more: tuple[str, DataType, str]) -> Table:
    return _table(
        "gold",
        name,
        [("idx", INT, f"{what} number"), ("model_version", STRING, "version of the registered model")],
        [("factors", VECTOR, "latent factors"), *more],
    )


als_user_factors = _factors("als_user_factors", "user")
als_item_factors = _factors(
    "als_item_factors",
    "item",
    ("popularity", DOUBLE, "0 to 1, by the users who like it; recent ones count more"),
    ("configuration", STRING, "what the factors were fitted with (JSON), the same in all rows"),
)

als_top_n = _table(
    "gold",
    "als_top_n",
    [("user_id", STRING, "the listener"), ("new_episode_id", STRING, "the recommended episode")],
    [
        ("als_score", DOUBLE, "predicted preference, about 0 to 1; a share of popularity may be in it"),
        ("rank", INT, "1 is the best"),
        ("reason", STRING, "what speaks most for it: liked (something that the listener likes) or popular"),
        ("because_episode_id", STRING, "the episode that the listener likes, where that is the reason"),
        *_SERVED,
    ],
)

als_item_item = _table(
    "gold",
    "als_item_item",
    [("new_episode_id", STRING, "the episode"), ("similar_episode_id", STRING, "an episode that is like it")],
    [
        ("similarity", DOUBLE, "cosine of the item factors"),
        ("rank", INT, "1 is the most similar"),
        *_SERVED,
    ],
)

episode_embeddings = _table(
    "gold",
    "episode_embeddings",
    [("episode_id", STRING, "the episode")],
    [
        ("embedding", VECTOR, "its text as a vector of length 1; null where there is no word in it"),
        ("encoder", STRING, "name and SHA-256 of the model and tokenizer"),
        ("content_hash", STRING, "SHA-256 of encoder, language and text: while it is the same, so is the row"),
        ("language", STRING, "primary language, such as en; null: not known"),
    ],
    cluster_by=("episode_id",),
)

text_similarities = _table(
    "gold",
    "text_similarities",
    [("episode_id", STRING, "the episode"), ("similar_episode_id", STRING, "an episode whose text is like its")],
    [
        ("similarity", DOUBLE, "cosine of the embeddings, the same in both directions"),
        ("rank", INT, "1 is the most similar"),
        ("encoder", STRING, "name and SHA-256 of the model and tokenizer"),
        ("generated_at", TIMESTAMP, "when the row was made, UTC"),
    ],
)

blend_weights = _table(
    "gold",
    "blend_weights",
    [("likes_from", INT, "the group: listeners who like so many episodes or more, up to the next group")],
    [
        ("als", DOUBLE, "weight of what listening says, the champion's score"),
        ("text", DOUBLE, "weight of what text says"),
        ("popularity", DOUBLE, "weight of what is popular now"),
    ],
)

final_recommendations = _table(
    "gold",
    "final_recommendations",
    [("user_id", STRING, "the listener"), ("recommended_episode_id", STRING, "the recommended episode")],
    [
        ("score", DOUBLE, "weighted sum of what the sources say, in standard deviations over the catalogue"),
        ("rank", INT, "1 is the best"),
        ("reason", STRING, "by what adds most: liked (by listening), similar (by text) or popular"),
        ("because_episode_id", STRING, "the episode that the listener likes, where that is the reason"),
        ("sources", MapType(STRING, DOUBLE), "what als, text and popularity add to the score"),
        ("title", STRING, "title of the recommended episode"),
        *_SERVED,
    ],
)

progress = _table(
    "ops",
    "progress",
    [("consumer", STRING, "what reads"), ("source", STRING, "table that is read")],
    [("version", LONG, "newest Delta version of the source that was worked off")],
)

quality_results = _table(
    "ops",
    "quality_results",
    [
        ("run_id", STRING, "one check of one table"),
        ("table_name", STRING, "table that was checked"),
        ("expectation", STRING, "what was expected, with its columns"),
    ],
    [
        ("severity", STRING, "critical or warning"),
        ("passed", BOOLEAN, "whether it held"),
        ("observed", STRING, "what was seen instead"),
        ("num_rows", LONG, "rows that were checked"),
        ("table_version", LONG, "Delta version that was checked"),
        ("checked_at", TIMESTAMP, "when, UTC"),
    ],
    cluster_by=("run_id",),
)

model_evaluations = _table(
    "ops",
    "model_evaluations",
    [
        ("run_id", STRING, "MLflow run"),
        ("model", STRING, "what was evaluated, such as als or popularity"),
        ("metric", STRING, "such as ndcg_at_10"),
    ],
    [
        ("value", DOUBLE, "mean over users"),
        ("standard_error", DOUBLE, "standard error of that mean"),
        ("num_users", LONG, "users measured"),
        ("split", STRING, "how train and test were divided"),
        ("model_version", STRING, "version of the registered model"),
        ("evaluated_at", TIMESTAMP, "when, UTC"),
    ],
)

ALL: tuple[Table, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Table))

RAW_BY_TOPIC = {"user-events": raw_user_events, "episode-metadata": raw_episode_metadata}
"""The bronze table of each Kafka topic."""
