"""The tasks of the silver job: what each one reads, which transforms it applies, what it writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import DataFrame

from reclake import tables
from reclake.changes import Changes
from reclake.lake import Lakehouse
from reclake.staging import Stage, staging
from reclake.task import task
from silver import engagement, episodes, events, records


@task
def update_events(lake: Lakehouse) -> None:
    """Type, weigh and deduplicate the listening events that arrived; quarantine what cannot be used."""
    for new in lake.changes(tables.raw_user_events, consumer="user_events"):
        with staging(lake) as stage:
            valid = events.typed(_accepted(lake, new, events.FIELDS, events.checked, stage))
            unique = events.deduplicated(events.with_weight(valid, lake.settings.weights))
            lake.upsert(tables.user_events, unique, wins=events.WINS)


@task
def update_engagement(lake: Lakehouse) -> None:
    """Recompute the (user, episode, day) groups that new events touched."""
    for new in lake.changes(tables.user_events, consumer="daily_engagement"):
        touched = new.touched(*engagement.GROUP)
        recomputed = engagement.daily(lake.read(tables.user_events, among=touched))
        lake.refresh(tables.daily_engagement, recomputed, scope=touched)


@task
def update_episodes(lake: Lakehouse) -> None:
    """Keep what the newest record of each episode says; quarantine what cannot be used."""
    for new in lake.changes(tables.raw_episode_metadata, consumer="episodes"):
        with staging(lake) as stage:
            valid = episodes.typed(_accepted(lake, new, episodes.FIELDS, episodes.checked, stage))
            lake.upsert(tables.episodes, episodes.newest(valid), wins=episodes.WINS)


def _accepted(
    lake: Lakehouse, new: Changes, fields: Sequence[str], check: Callable[[DataFrame], DataFrame], stage: Stage
) -> DataFrame:
    """Parse and check the records that arrived, quarantine what cannot be used, and return the rest."""
    # Written once, because every merge reads its source several times.
    checked = stage("checked", check(records.parsed(new.rows, fields, lake.settings.max_value_bytes)))
    lake.append_new(tables.quarantine, records.rejected(checked, new.table))
    return records.accepted(checked)
