"""How listening events and episodes come from bronze to silver."""

from __future__ import annotations

from pyspark.sql import DataFrame

from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.scratch import Scratch
from silver.listening import episodes, events
from silver.refinement import Refinement, judging, keying

E = tables.episodes.c


def _keep_events(lake: Lakehouse, valid: DataFrame, _: Scratch) -> None:
    lake.upsert(tables.user_events, events.IDENTITY.deduplicated(events.typed(valid)), wins=events.IDENTITY.wins)


def _keep_episodes(lake: Lakehouse, valid: DataFrame, _: Scratch) -> None:
    lake.upsert(tables.episodes, episodes.newest(episodes.typed(valid)), wins=episodes.WINS)


EVENTS = Refinement(
    tables.raw_user_events,
    tables.user_events,
    judged=judging(events.FIELDS, events.checked),
    keyed=keying(tables.raw_user_events, events.FIELDS, events.typed, tables.user_events.key),
    keep=_keep_events,
)
EPISODES = Refinement(
    tables.raw_episode_metadata,
    tables.episodes,
    judged=judging(episodes.FIELDS, episodes.checked),
    keyed=keying(
        tables.raw_episode_metadata,
        episodes.FIELDS,
        episodes.typed,
        (*tables.episodes.key, E.updated_at, E.updated_offset),
    ),
    keep=_keep_episodes,
    holds=episodes.HOLDS,
)
