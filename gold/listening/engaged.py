"""What everybody did, as a configuration weighs it."""

from __future__ import annotations

from pyspark.sql import DataFrame

from gold.engines.configuration import Configuration
from gold.listening.interactions import interactions, numbered
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.settings import EventWeights
from silver.listening.engagement import daily as daily_engagement
from silver.listening.events import with_weight


def engaged(lake: Lakehouse, configuration: Configuration) -> DataFrame:
    """All interactions, numbered; see `gold.listening.interactions`."""
    daily, users, items = (lake.read(t) for t in (tables.daily_engagement, tables.user_ids, tables.item_ids))
    weighed = reweighed(lake, configuration.weights) if configuration.weights else daily
    return numbered(interactions(weighed, configuration.half_life_days), users, items)


def reweighed(lake: Lakehouse, weights: EventWeights) -> DataFrame:
    """All daily engagement as other event weights would make it."""
    return daily_engagement(with_weight(lake.read(tables.user_events), weights))
