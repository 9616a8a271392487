"""Clicks: valid events of the shop, each identity once."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.events import CLICK_EVENTS, HIGHEST_AMOUNT
from silver import records
from silver.identity import Identity
from silver.records import Reason, broken, excerpt, field, identifier, instant, number

C = tables.clickstream_events.c
FIELDS = ("event_id", "timestamp", "session_id", "user_id", "item_id", "event_type", "price")

_PAYLOAD = (C.timestamp, C.session_id, C.user_id, C.item_id, C.event_type, C.price)
IDENTITY = Identity(key=(C.event_id, C.day), payload=_PAYLOAD)


def checked(parsed: DataFrame) -> DataFrame:
    """Find the first fault of each parsed click; a click needs a session or a user, not both.

    A session or user that is no id, such as `undefined`, is none: the click is of the other, or in quarantine.

    Parameters
    ----------
    parsed : DataFrame
        `record` with `FIELDS` as text, `fault`, Kafka's `timestamp`, `ingested_at`.
    """
    nobody = identifier("session_id").isNull() & identifier("user_id").isNull()
    said = F.concat_ws(", ", *(F.when(F.trim(field(name)) != "", excerpt(name)) for name in ("session_id", "user_id")))
    price = number("price")
    return records.checked(
        parsed,
        records.missing("timestamp", "item_id", "event_type"),
        records.no_id("item_id"),
        broken(nobody & (said == ""), Reason.MISSING_FIELD, F.lit("session_id or user_id")),
        broken(nobody, Reason.NO_ID, said),
        records.too_long("event_id", "session_id", "user_id", "item_id"),
        broken(instant("timestamp").isNull(), Reason.BAD_TIMESTAMP, excerpt("timestamp")),
        records.ahead("timestamp"),
        broken(~field("event_type").isin(*CLICK_EVENTS), Reason.UNKNOWN_EVENT, excerpt("event_type")),
        broken(field("price").isNotNull() & price.isNull(), Reason.BAD_NUMBER, excerpt("price")),
        broken(price < 0, Reason.NEGATIVE_AMOUNT, excerpt("price")),
        broken(price > HIGHEST_AMOUNT, Reason.ABSURD_AMOUNT, excerpt("price")),
    )


def typed(accepted: DataFrame, *kept: str) -> DataFrame:
    """Give the fields of valid records their types; a record without an id gets the hash of what it says.

    Parameters
    ----------
    kept : str
        Columns of the record that stay.
    """
    facts = accepted.select(
        *kept,
        identifier("event_id").alias(C.event_id),
        instant("timestamp").cast("date").alias(C.day),
        instant("timestamp").alias(C.timestamp),
        identifier("session_id").alias(C.session_id),
        identifier("user_id").alias(C.user_id),
        identifier("item_id").alias(C.item_id),
        field("event_type").alias(C.event_type),
        number("price").alias(C.price),
    )
    said = F.sha2(F.to_json(F.struct(*_PAYLOAD)), 256)
    return facts.withColumn(C.event_id, F.coalesce(C.event_id, said))
