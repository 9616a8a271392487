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
MONEY, MONEY_SUM = DecimalType(18, 2), DecimalType(28, 2)
"""Amounts are decimals for the same reason; they are in the currency of the shop."""
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
raw_clickstream = _raw("clickstream", "shop clicks")

raw_purchases = _table(
    "bronze",
    "purchases",
    [("file_hash", STRING, "SHA-256 of the file"), ("row", LONG, "ascends in the order of the file")],
    [
        ("value", BINARY, "the row as a JSON object of the file's columns"),
        ("path", STRING, "where the file lay"),
        ("ingested_at", TIMESTAMP, "when the file was read, UTC"),
    ],
    cluster_by=("file_hash",),
)

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

_HISTORY = [
    ("avg_purchase_amount", DOUBLE, "mean amount of the user's purchases of earlier days; null without any"),
    ("past_purchases", LONG, "number of the user's purchases of earlier days"),
]

clickstream_events = _table(
    "silver",
    "clickstream_events",
    [
        ("event_id", STRING, "identity of the event, with day; a hash of the fields where none was given"),
        ("day", DATE, "UTC day of timestamp"),
    ],
    [
        ("timestamp", TIMESTAMP, "when it happened, by the producer's clock, UTC"),
        ("session_id", STRING, "the producer's session; null where it has none"),
        ("user_id", STRING, "the shopper; null: anonymous"),
        ("item_id", STRING, "the product"),
        ("event_type", STRING, "view, click, add_to_cart or purchase"),
        ("price", DOUBLE, "price of the product at that time"),
        *_HISTORY,
    ],
    cluster_by=("day",),
)

purchases = _table(
    "silver",
    "purchases",
    [("purchase_id", STRING, "hash of the fields, and of which one of equal rows of a file it is")],
    [
        ("user_id", STRING, "who bought"),
        ("item_id", STRING, "what was bought"),
        ("purchase_amount", MONEY, "what it cost"),
        ("purchase_date", DATE, "when"),
    ],
    cluster_by=("purchase_date",),
)

_COUNTS = [
    ("num_views", LONG, "events of type view"),
    ("num_clicks", LONG, "events of type click"),
    ("num_add_to_cart", LONG, "events of type add_to_cart"),
    ("num_purchases", LONG, "events of type purchase"),
]

_SESSION_ITEM = StructType(
    [
        StructField("item_id", STRING),
        *(StructField(name, kind) for name, kind, _ in _COUNTS),
        StructField("last_at", TIMESTAMP),
    ]
)

sessions = _table(
    "silver",
    "sessions",
    [
        ("session_key", STRING, "hash of whose session it is and of when it began"),
        ("day", DATE, "UTC day on which it began"),
    ],
    [
        ("owner", STRING, "whose session: s: and the producer's session, or u: and the user where there is none"),
        ("session_id", STRING, "the producer's session; session_key where it has none"),
        ("user_id", STRING, "the shopper, of the newest event that names one; null: anonymous"),
        ("started_at", TIMESTAMP, "first event, UTC"),
        ("ended_at", TIMESTAMP, "last event, UTC"),
        *_COUNTS,
        ("num_events", LONG, "events of all types"),
        ("session_length", DOUBLE, "seconds from the first event to the last"),
        ("avg_time_gap", DOUBLE, "mean seconds between one event and the next; null with one event"),
        ("last_event", STRING, "type of the last event"),
        ("revenue", MONEY_SUM, "sum of the prices of purchase events"),
        *((name, kind, f"{comment}, as of the first event") for name, kind, comment in _HISTORY),
        ("is_bot", BOOLEAN, "too many events for a person: kept out of training and of metrics"),
        ("items", ArrayType(_SESSION_ITEM), "its items, last touched first, at most 100"),
    ],
    cluster_by=("day",),
)

daily_item_activity = _table(
    "silver",
    "daily_item_activity",
    [("item_id", STRING, "the product"), ("day", DATE, "UTC day")],
    _COUNTS,
    cluster_by=("day",),
)

daily_user_activity = _table(
    "silver",
    "daily_user_activity",
    [("user_id", STRING, "the shopper"), ("day", DATE, "UTC day")],
    [
        *_COUNTS,
        ("num_sessions", LONG, "sessions with an event on that day"),
        (
            "session_seconds",
            DOUBLE,
            "sum over these sessions of the seconds from the first event of the day to the last",
        ),
    ],
    cluster_by=("day",),
)

funnel_summary = _table(
    "silver",
    "funnel_summary",
    [("user_id", STRING, "the shopper"), ("window_start", TIMESTAMP, "begin of ten minutes, UTC")],
    [
        ("window_end", TIMESTAMP, "their end, UTC"),
        ("num_views", LONG, "events of type view"),
        ("num_add_to_cart", LONG, "events of type add_to_cart"),
        ("num_purchases", LONG, "events of type purchase"),
        ("is_final", BOOLEAN, "the watermark has passed the end: nothing more is waited for"),
        ("is_corrected", BOOLEAN, "an event came after it was final, and was counted"),
    ],
    cluster_by=("window_start",),
)

quarantine = _table(
    "silver",
    "quarantine",
    [
        ("source", STRING, "bronze table it came from"),
        ("position", STRING, "topic/partition/offset, or hash and row of a file"),
    ],
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

session_item_item = _table(
    "gold",
    "session_item_item",
    [("item_id", STRING, "the product"), ("similar_item_id", STRING, "a product of the same sessions")],
    [
        ("similarity", DOUBLE, "how often they follow each other in sessions, near ones more, divided by how common"),
        ("rank", INT, "1 is the most similar"),
        *_SERVED,
    ],
    cluster_by=("item_id",),
)

session_item_factors = _table(
    "gold",
    "session_item_factors",
    [("item_id", STRING, "the product"), ("model_version", STRING, "version of the model")],
    [
        ("factors", VECTOR, "latent factors of ALS on sessions and items"),
        ("configuration", STRING, "what the factors were fitted with (JSON), the same in all rows"),
    ],
)

session_recommendations = _table(
    "gold",
    "session_recommendations",
    [("session_id", STRING, "the session"), ("item_id", STRING, "the recommended product")],
    [
        ("score", DOUBLE, "higher is better; comparable within a session only"),
        ("rank", INT, "1 is the best"),
        ("reason", STRING, "what speaks most for it: session (something in the session) or popular"),
        ("because_item_id", STRING, "the product of the session, where that is the reason"),
        ("user_id", STRING, "the shopper; null: anonymous"),
        ("session_ended_at", TIMESTAMP, "last event of the session that was known, UTC"),
        *_SERVED,
    ],
    cluster_by=("session_id",),
)

item_popularity = _table(
    "gold",
    "item_popularity",
    [("item_id", STRING, "the product")],
    [
        ("num_views", LONG, "view events of the last 28 days, counted back from the newest event"),
        ("num_clicks", LONG, "click events of that time"),
        ("num_add_to_cart", LONG, "add_to_cart events of that time"),
        ("num_purchases", LONG, "purchase events of that time"),
        ("conversion", DOUBLE, "purchases per view, null without views"),
        ("trend", DOUBLE, "weighted events per day of the last 7 days, divided by those of all 28; 1 is steady"),
        ("popularity", DOUBLE, "0 to 1, by weighted events; recent ones count more"),
        ("rank", INT, "1 is the most popular"),
    ],
)

session_metrics = _table(
    "gold",
    "session_metrics",
    [("day", DATE, "UTC day on which the sessions began")],
    [
        ("num_sessions", LONG, "sessions without bots"),
        ("num_users", LONG, "shoppers that are known"),
        ("num_bots", LONG, "sessions of bots"),
        ("num_events", LONG, "events without bots"),
        ("mean_length", DOUBLE, "seconds"),
        ("mean_events", DOUBLE, "events per session"),
        ("cart_rate", DOUBLE, "share of sessions with an add_to_cart"),
        ("conversion", DOUBLE, "share of sessions with a purchase"),
        ("abandonment", DOUBLE, "share of sessions with an add_to_cart that have no purchase; null without any"),
        ("revenue", MONEY_SUM, "sum of the prices of purchase events"),
    ],
    cluster_by=("day",),
)

top_sessions = _table(
    "gold",
    "top_sessions",
    [("day", DATE, "UTC day on which the sessions began"), ("rank", INT, "1 is the most active")],
    [
        ("session_id", STRING, "the session"),
        ("user_id", STRING, "the shopper; null: anonymous"),
        ("num_events", LONG, "events of all types"),
        ("num_purchases", LONG, "events of type purchase"),
        ("session_length", DOUBLE, "seconds from the first event to the last"),
    ],
    cluster_by=("day",),
)

_FAVOURITE = StructType([StructField("item_id", STRING), StructField("weight", DOUBLE)])

user_profiles = _table(
    "gold",
    "user_profiles",
    [("user_id", STRING, "the shopper")],
    [
        ("first_seen_at", TIMESTAMP, "first event, UTC"),
        ("last_seen_at", TIMESTAMP, "last event, UTC; recency is counted from it"),
        ("num_sessions", LONG, "sessions without bots"),
        *_COUNTS,
        ("spend", MONEY_SUM, "sum of the prices of purchase events"),
        ("conversion", DOUBLE, "share of sessions with a purchase"),
        ("sessions_per_week", DOUBLE, "sessions per week between the first event and the last, at least one week"),
        ("mean_session_length", DOUBLE, "seconds"),
        ("median_days_between", DOUBLE, "median days from the start of a session to that of the next; null with one"),
        ("favourite_items", ArrayType(_FAVOURITE), "items by weighted events, at most 10, the best first"),
        (
            "favourite_hours",
            ArrayType(INT),
            "UTC hours at which most sessions begin, at most 3, the most frequent first",
        ),
    ],
    cluster_by=("user_id",),
)

churn_features = _table(
    "gold",
    "churn_features",
    [("user_id", STRING, "the shopper"), ("as_of", DATE, "UTC day before which activity counts")],
    [
        *((name, kind, f"{comment}, of the 28 days before as_of") for name, kind, comment in _COUNTS),
        ("recent_events", LONG, "events of all types of the last 7 of these days"),
        ("recency_days", LONG, "days from the last active day to as_of"),
        ("active_days", LONG, "days with an event"),
        ("num_sessions", LONG, "sessions, counted by day"),
        ("mean_session_seconds", DOUBLE, "seconds from the first event of a session and day to the last"),
        ("tenure_days", LONG, "days from the first event ever to as_of, at most 365"),
    ],
    cluster_by=("user_id",),
)

churn_predictions = _table(
    "gold",
    "churn_predictions",
    [("user_id", STRING, "the shopper"), ("as_of", DATE, "UTC day from which inactivity is predicted")],
    [
        ("churn_probability", DOUBLE, "of no activity in the days from as_of on that the model was trained for"),
        ("churned", BOOLEAN, "the probability reaches the threshold"),
        ("threshold", DOUBLE, "where the stated costs of a missed churner and of a false alarm balance"),
        *_SERVED,
    ],
    cluster_by=("as_of",),
)

runs = _table(
    "ops",
    "runs",
    [
        ("run_id", STRING, "one run of a job on a laptop"),
        ("task", STRING, "task of the run; silver / update_events is one of the job silver, which the job ran"),
    ],
    [
        ("job", STRING, "the job"),
        ("job_state", STRING, "how the run ended: SUCCESS, SUCCESS_WITH_FAILURES or FAILED; the same in all its rows"),
        ("job_started_at", TIMESTAMP, "when the run started, UTC; the same in all its rows"),
        ("job_seconds", DOUBLE, "how long the run took; the same in all its rows"),
        ("state", STRING, "how the task ended: SUCCESS, FAILED, UPSTREAM_FAILED or EXCLUDED"),
        ("attempts", INT, "how often it was tried; 0: it was skipped"),
        ("started_at", TIMESTAMP, "when its first attempt started, UTC; null: it was skipped"),
        ("seconds", DOUBLE, "over all attempts, with the waits between them"),
        ("error", STRING, "why its last attempt failed, in one line; null: it did not"),
    ],
    cluster_by=("job_started_at",),
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

daily_mix = _table(
    "ops",
    "daily_mix",
    [
        ("stream", STRING, "listening or shop"),
        ("feature", STRING, "what events are counted by, such as type, device or hour (UTC)"),
        ("value", STRING, "value of the feature; of rare ones there is one sum"),
        ("day", DATE, "UTC day"),
    ],
    [("num_events", LONG, "events of the day with that value")],
    cluster_by=("day",),
)

drift = _table(
    "ops",
    "drift",
    [
        ("stream", STRING, "listening or shop"),
        ("feature", STRING, "what was compared, such as type, device or hour (UTC)"),
        ("day", DATE, "UTC day of the events"),
    ],
    [
        ("psi", DOUBLE, "population stability index of the day against the 28 days before it"),
        ("psi_by_chance", DOUBLE, "what it is on average where nothing has shifted, with so few events"),
        ("level", STRING, "stable (psi below .1), moderate (below .25) or major"),
        ("num_events", LONG, "events of the day"),
        ("num_reference", LONG, "events of the 28 days before it"),
        ("num_values", LONG, "values of the feature on these days"),
    ],
    cluster_by=("day",),
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

RAW_BY_TOPIC = {
    "user-events": raw_user_events,
    "episode-metadata": raw_episode_metadata,
    "clickstream": raw_clickstream,
}
"""The bronze table of each Kafka topic."""

RAW = (*RAW_BY_TOPIC.values(), raw_purchases)
"""The tables of what came in, as it came."""
