"""What is expected of records as they were received."""

from __future__ import annotations

from collections.abc import Sequence

from reclake import tables
from reclake.quality.expectation import Suite, between, in_set, not_null, warning
from reclake.quality.suites.keys import KEY_ONCE, NOT_ONLY_DELETED, counted
from reclake.settings import Settings
from reclake.tables import RAW_BY_TOPIC, Table


def suites(_: Settings) -> Sequence[Suite]:
    """What is expected of the layer's tables."""
    return [_received(topic, table) for topic, table in RAW_BY_TOPIC.items()]


def _received(topic: str, table: Table) -> Suite:
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
