"""Tables of what is typed, deduplicated and correct, and of what was refused."""

from __future__ import annotations

from lakehouse.tables.table import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    ENGAGEMENT_SUM,
    INT,
    LONG,
    MONEY,
    MONEY_SUM,
    STRING,
    TIMESTAMP,
    array,
    struct,
    table,
)

__all__ = [
    "user_events",
    "daily_engagement",
    "episodes",
    "transcripts",
    "clickstream_events",
    "purchases",
    "sessions",
    "daily_item_activity",
    "daily_user_activity",
    "funnel_summary",
    "quarantine",
]

user_events = table(
    "silver",
    "user_events",
    "What listeners did, each event once; what cannot be used is in quarantine.",
    [("event_id", STRING, "identity of the event, with day"), ("day", DATE, "UTC day of ts")],
    [
        ("ts", TIMESTAMP, "when it happened, by the producer's clock, UTC"),
        ("user_id", STRING, "the listener"),
        ("new_episode_id", STRING, "the episode listened to"),
        ("event", STRING, "like, pause, skip, rate or complete"),
        ("device", STRING, "where it was played"),
        ("listened_seconds", DOUBLE, "pause only: seconds listened so far"),
        ("rating", DOUBLE, "rate only: 0.5 to 5"),
    ],
    cluster_by=("day",),
)

daily_engagement = table(
    "silver",
    "daily_engagement",
    "How strongly a listener took to an episode on one day: what recommendations are learned from.",
    [
        ("user_id", STRING, "the listener"),
        ("new_episode_id", STRING, "the episode"),
        ("day", DATE, "UTC day"),
    ],
    [
        (
            "engagement",
            ENGAGEMENT_SUM,
            "sum of the day's event weights; 0 where a machine made more events than a person can",
        ),
        ("num_events", LONG, "events of the day"),
        ("num_completed", LONG, "complete events of the day"),
        ("last_ts", TIMESTAMP, "newest event of the day, UTC"),
    ],
    cluster_by=("day",),
)

episodes = table(
    "silver",
    "episodes",
    "The newest description of each episode.",
    [("episode_id", STRING, "the episode")],
    [
        ("title", STRING, "title"),
        ("author", STRING, "who publishes it"),
        ("description", STRING, "what it is about"),
        ("audio_url", STRING, "address of the audio file"),
        ("transcript_url", STRING, "address of the publisher's transcript"),
        ("feed_id", STRING, "the podcast that it belongs to"),
        ("language", STRING, "language tag, such as en"),
        ("categories", array(STRING), "categories of the feed or the episode"),
        ("duration", LONG, "seconds"),
        ("published_at", TIMESTAMP, "when it was published, UTC"),
        ("available", BOOLEAN, "false: not to be recommended"),
        ("updated_at", TIMESTAMP, "Kafka's timestamp of the record that won, or when its landing file was read, UTC"),
        ("updated_offset", LONG, "offset of the record that won, or its file and line; breaks ties of updated_at"),
    ],
    cluster_by=("episode_id",),
)

transcripts = table(
    "silver",
    "transcripts",
    "What is said in each episode, and how the last attempt to find it out ended.",
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

clickstream_events = table(
    "silver",
    "clickstream_events",
    "What shoppers did, each event once, with what they had bought before.",
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

purchases = table(
    "silver",
    "purchases",
    "The history of purchases, each once, however often its file was delivered.",
    [("purchase_id", STRING, "hash of the fields, and of which one of equal rows of a file it is")],
    [
        ("user_id", STRING, "who bought"),
        ("item_id", STRING, "what was bought"),
        ("purchase_amount", MONEY, "what it cost"),
        ("purchase_date", DATE, "when"),
    ],
    cluster_by=("purchase_date",),
)

COUNTS = [
    ("num_views", LONG, "events of type view"),
    ("num_clicks", LONG, "events of type click"),
    ("num_add_to_cart", LONG, "events of type add_to_cart"),
    ("num_purchases", LONG, "events of type purchase"),
]

_SESSION_ITEM = struct(
    ("item_id", STRING),
    *((name, kind) for name, kind, _ in COUNTS),
    ("last_at", TIMESTAMP),
)

sessions = table(
    "silver",
    "sessions",
    "Visits to the shop: what was done in them, how long they took and what they brought.",
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
        *COUNTS,
        ("num_events", LONG, "events of all types"),
        ("session_length", DOUBLE, "seconds from the first event to the last"),
        ("avg_time_gap", DOUBLE, "mean seconds between one event and the next; null with one event"),
        ("last_event", STRING, "type of the last event"),
        ("revenue", MONEY_SUM, "sum of the prices of purchase events"),
        *((name, kind, f"{comment}, as of the first event") for name, kind, comment in _HISTORY),
        ("is_bot", BOOLEAN, "too many events for a person: left out of all that is counted and learned"),
        ("items", array(_SESSION_ITEM), "its items, last touched first, at most 100"),
    ],
    cluster_by=("day",),
    personal=("owner",),
)

daily_item_activity = table(
    "silver",
    "daily_item_activity",
    "How often people viewed, clicked, carted and bought each product on one day; bots are left out.",
    [("item_id", STRING, "the product"), ("day", DATE, "UTC day")],
    COUNTS,
    cluster_by=("day",),
)

daily_user_activity = table(
    "silver",
    "daily_user_activity",
    "How active each shopper was on one day; sessions of bots are left out.",
    [("user_id", STRING, "the shopper"), ("day", DATE, "UTC day")],
    [
        *COUNTS,
        ("num_sessions", LONG, "sessions with an event on that day"),
        (
            "session_seconds",
            DOUBLE,
            "sum over these sessions of the seconds from the first event of the day to the last",
        ),
    ],
    cluster_by=("day",),
)

funnel_summary = table(
    "silver",
    "funnel_summary",
    "What each shopper viewed, carted and bought, by ten minutes of event time; sessions of bots are left out.",
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

quarantine = table(
    "silver",
    "quarantine",
    "Records that cannot be used, as they came, with the reason.",
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
    personal=("value",),
)
