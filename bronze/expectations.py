"""What is expected of records and of purchases as they were received, and of the files that they came in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pyspark.sql import functions as F

from bronze.landing import STRAY
from bronze.ledger import GONE, IGNORED, TAKEN
from bronze.purchases import SOURCE
from lakehouse import tables
from lakehouse.kafka import CLICKSTREAM, EPISODE_METADATA, USER_EVENTS, Topic
from lakehouse.lake import Lakehouse
from lakehouse.quality.expectation import Counted, Suite, between, in_set, matching, not_null, warning
from lakehouse.quality.keys import KEY_ONCE, NOT_ONLY_DELETED, counted
from lakehouse.settings import Settings
from lakehouse.tables import Table


def listening(_: Settings) -> Sequence[Suite]:
    """What is expected of listening events and of episodes."""
    return [
        _received(USER_EVENTS, tables.raw_user_events),
        _received(EPISODE_METADATA, tables.raw_episode_metadata),
        _files("listening", USER_EVENTS.name, EPISODE_METADATA.name, STRAY),
    ]


def shop(_: Settings) -> Sequence[Suite]:
    """What is expected of clicks, purchases and their files."""
    return [
        _received(CLICKSTREAM, tables.raw_clickstream),
        _purchases(),
        _files("shop", CLICKSTREAM.name, SOURCE, STRAY),
    ]


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
            in_set("has_time", True),
            not_null(c.ingested_at),
            warning(not_null(c.value, mostly=0.95)),
            warning(in_set("sent_before_read", True)),
        ),
        scope="inserted",
        derived=counted(table)
        | {
            # Lines of files have none, and partitions below 0.
            "has_time": "timestamp IS NOT NULL OR partition < 0",
            "sent_before_read": "timestamp <= ingested_at + INTERVAL 1 MINUTE",
        },
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


def _files(product: str, *sources: str) -> Suite:
    """What is expected of a product's files: that each could be taken, or nobody expects it to be."""
    c = tables.files.c
    expected = warning(in_set(c.state, TAKEN, IGNORED, GONE))
    return Suite(tables.files, (expected,), scope="counted", part=product, counting=partial(_lying, product, sources))


def _lying(product: str, sources: Sequence[str], lake: Lakehouse) -> Counted | None:
    """The files of some sources; none when nothing became of any file since the last check of the product."""
    if not lake.exists(tables.files):
        return None
    news = lake.news(f"quality_{product}", tables.files)
    if news is None:
        return None
    files = lake.read(tables.files).where(F.col(tables.files.c.source).isin(*sources))
    if files.isEmpty():
        news.commit()
        return None
    return Counted(files, news.of[tables.files], news)
