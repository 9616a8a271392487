"""How listening events and episodes come from bronze to silver."""

from __future__ import annotations

from pyspark.sql import DataFrame

from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.scratch import Scratch
from silver.listening import episodes, events
from silver.records import parsed
from silver.refinement import Refinement

E = tables.episodes.c


def _judged_events(lake: Lakehouse, rows: DataFrame) -> DataFrame:
    return events.checked(parsed(rows, events.FIELDS, lake.settings.max_value_bytes))


def _key_of_event(_: Lakehouse, rows: DataFrame) -> DataFrame:
    of = tables.raw_user_events.key
    return events.typed(parsed(rows, events.FIELDS), *of).select(*of, *tables.user_events.key)


def _keep_events(lake: Lakehouse, valid: DataFrame, _: Scratch) -> None:
    weighted = events.with_weight(events.typed(valid), lake.settings.weights)
    lake.upsert(tables.user_events, events.IDENTITY.deduplicated(weighted), wins=events.IDENTITY.wins)


def _judged_episodes(lake: Lakehouse, rows: DataFrame) -> DataFrame:
    return episodes.checked(parsed(rows, episodes.FIELDS, lake.settings.max_value_bytes))


def _key_of_episode(_: Lakehouse, rows: DataFrame) -> DataFrame:
    of = tables.raw_episode_metadata.key
    return episodes.typed(parsed(rows, episodes.FIELDS), *of).select(
        *of, *tables.episodes.key, E.updated_at, E.updated_offset
    )


def _keep_episodes(lake: Lakehouse, valid: DataFrame, _: Scratch) -> None:
    lake.upsert(tables.episodes, episodes.newest(episodes.typed(valid)), wins=episodes.WINS)


EVENTS = Refinement(
    tables.raw_user_events,
    tables.user_events,
    judged=_judged_events,
    keyed=_key_of_event,
    keep=_keep_events,
)
EPISODES = Refinement(
    tables.raw_episode_metadata,
    tables.episodes,
    judged=_judged_episodes,
    keyed=_key_of_episode,
    keep=_keep_episodes,
    holds=episodes.HOLDS,
)
