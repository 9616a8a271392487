"""Item activity: how often each product was viewed, clicked, carted and bought on a day."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.events import CLICK_EVENTS

C, A = tables.clickstream_events.c, tables.daily_item_activity.c
GROUP = tables.daily_item_activity.key
COUNTS = (A.num_views, A.num_clicks, A.num_add_to_cart, A.num_purchases)
COUNTED = dict(zip(COUNTS, CLICK_EVENTS, strict=True))
"""The columns that count events, and the type of event that each counts."""


def counts() -> list[Column]:
    """One aggregate per event type: `num_views`, `num_clicks`, `num_add_to_cart`, `num_purchases`."""
    return [F.count_if(F.col(C.event_type) == event).alias(name) for name, event in COUNTED.items()]


def daily(events: DataFrame) -> DataFrame:
    """Count the events of each (item_id, day)."""
    return events.groupBy(*GROUP).agg(*counts())
