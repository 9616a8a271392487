"""Tables of what came in, as it came."""

from __future__ import annotations

from lakehouse.tables.table import BINARY, INT, LONG, STRING, TIMESTAMP, Table, array, struct, table

__all__ = [
    "raw_user_events",
    "raw_episode_metadata",
    "raw_clickstream",
    "raw_purchases",
]


def _raw(name: str, what: str, personal: tuple[str, ...] = ()) -> Table:
    headers = array(struct(("key", STRING), ("value", BINARY)))
    return table(
        "bronze",
        name,
        f"Records of {what}, as Kafka or landing files delivered them, each once.",
        [
            ("topic", STRING, f"Kafka topic of {what}; #2 and so on behind the name of one that was made anew"),
            ("partition", INT, "partition of the topic; of a landing file minus its number in ops.landed"),
            ("offset", LONG, "offset in the partition; of a landing file the line, from 1"),
        ],
        [
            ("record_key", BINARY, "record key as received; null: of a landing file"),
            ("value", BINARY, "record value as received"),
            ("headers", headers, "record headers as received"),
            ("timestamp", TIMESTAMP, "Kafka's timestamp of the record, UTC; null: of a landing file"),
            ("ingested_at", TIMESTAMP, "when the batch that brought it was read, UTC"),
        ],
        cluster_by=("ingested_at",),
        personal=personal,
    )


raw_user_events = _raw("user_events", "podcast listening events", personal=("record_key", "value"))
raw_episode_metadata = _raw("episode_metadata", "episodes and their descriptions")
raw_clickstream = _raw("clickstream", "shop clicks", personal=("record_key", "value"))

raw_purchases = table(
    "bronze",
    "purchases",
    "Rows of purchase files, as received.",
    [("file_hash", STRING, "SHA-256 of the file"), ("row", LONG, "ascends in the order of the file")],
    [
        ("value", BINARY, "the row as a JSON object of the file's columns"),
        ("file", STRING, "where the file lay, see ops.files"),
        ("ingested_at", TIMESTAMP, "when the file was read, UTC"),
        ("superseded_at", TIMESTAMP, "when the last file that said so said something else, UTC; null: one still does"),
    ],
    cluster_by=("file_hash",),
    personal=("value",),
)

RAW_BY_TOPIC = {
    "user-events": raw_user_events,
    "episode-metadata": raw_episode_metadata,
    "clickstream": raw_clickstream,
}
"""The bronze table of each Kafka topic."""

RAW = (*RAW_BY_TOPIC.values(), raw_purchases)
"""The tables of what came in, as it came."""
