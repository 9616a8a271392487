"""Item activity: how often each product was viewed, clicked, carted and bought on a day."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from silver.shop.clicks import EVENTS

C, A = tables.clickstream_events.c, tables.daily_item_activity.c
GROUP = tables.daily_item_activity.key
NUMBERS = (A.num_views, A.num_clicks, A.num_add_to_cart, A.num_purchases)


def counts() -> list[Column]:
    """One aggregate per event type: `num_views`, `num_clicks`, `num_add_to_cart`, `num_purchases`."""
    return [F.count_if(F.col(C.event_type) == event).alias(name) for event, name in zip(EVENTS, NUMBERS, strict=True)]


def daily(events: DataFrame) -> DataFrame:
    """Count the events of each (item_id, day)."""
    return events.groupBy(*GROUP).agg(*counts())
