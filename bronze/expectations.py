"""What is expected of records of Kafka and of purchase files as they were received."""

from __future__ import annotations

from collections.abc import Sequence

from bronze.purchases import GONE, IGNORED, TAKEN
from lakehouse import tables
from lakehouse.kafka import CLICKSTREAM, EPISODE_METADATA, USER_EVENTS, Topic
from lakehouse.quality.expectation import Suite, between, in_set, matching, not_null, warning
from lakehouse.quality.keys import KEY_ONCE, NOT_ONLY_DELETED, counted
from lakehouse.settings import Settings
from lakehouse.tables import Table


def listening(_: Settings) -> Sequence[Suite]:
    """What is expected of listening events and of episodes."""
    return [
        _received(USER_EVENTS, tables.raw_user_events),
        _received(EPISODE_METADATA, tables.raw_episode_metadata),
    ]


def shop(_: Settings) -> Sequence[Suite]:
    """What is expected of clicks, purchases and their files."""
    return [_received(CLICKSTREAM, tables.raw_clickstream), _purchases(), _files()]


def _received(topic: Topic, table: Table) -> Suite:
    """What is expected of a topic's records, whatever they say."""
    c = tables.raw_user_events.c
    return Suite(
        table,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            # With the number of its generation where it was made anew, see `bronze.generations`.
            matching(c.topic, f"^{topic.name}(#[0-9]+)?$"),
            between(c.offset, 0),
            # Silver measures a producer's clock against Kafka's; merges and quarantine look for the batch's time.
            not_null(c.timestamp),
            not_null(c.ingested_at),
            warning(not_null(c.value, mostly=0.95)),
            warning(in_set("sent_before_read", True)),
        ),
        scope="inserted",
        derived=counted(table) | {"sent_before_read": "timestamp <= ingested_at + INTERVAL 1 MINUTE"},
    )


def _purchases() -> Suite:
    c = tables.raw_purchases.c
    return Suite(
        tables.raw_purchases,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            matching(c.file_hash, "^[0-9a-f]{64}$"),
            between(c.row, 0),
            *(not_null(column) for column in (c.value, c.file, c.ingested_at)),
        ),
        scope="inserted",
        derived=counted(tables.raw_purchases),
    )


def _files() -> Suite:
    """What is expected of purchase files: that each could be taken, or nobody expects it to be."""
    c = tables.files.c
    return Suite(tables.files, (warning(in_set(c.state, TAKEN, IGNORED, GONE)),), scope="whole")
