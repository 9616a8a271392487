"""What is expected of records of Kafka as they were received."""

from __future__ import annotations

from collections.abc import Sequence

from reclake import tables
from reclake.quality.expectation import Suite, between, in_set, not_null, warning
from reclake.quality.suites.keys import KEY_ONCE, NOT_ONLY_DELETED, counted
from reclake.settings import Settings
from reclake.tables import Table


def suites(_: Settings) -> Sequence[Suite]:
    """What is expected of the layer's tables."""
    return [
        received("user-events", tables.raw_user_events),
        received("episode-metadata", tables.raw_episode_metadata),
    ]


def received(topic: str, table: Table) -> Suite:
    """What is expected of a topic's records, whatever they say."""
    c = tables.raw_user_events.c
    return Suite(
        table,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            in_set(c.topic, topic),
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
