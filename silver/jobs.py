"""The tasks of the silver job: what each one reads, which transforms it applies, what it writes."""

from __future__ import annotations

from reclake import tables
from reclake.lake import Lakehouse
from reclake.staging import staging
from reclake.task import task
from silver import engagement, episodes, events, records


@task
def update_events(lake: Lakehouse) -> None:
    """Type, weigh and deduplicate the listening events that arrived; quarantine what cannot be used."""
    settings = lake.settings
    for new in lake.changes(tables.raw_user_events, consumer="user_events"):
        with staging(lake) as stage:
            # Written once, because both merges read their source several times.
            checked = stage(
                "checked", events.checked(records.parsed(new.rows, events.FIELDS, settings.max_value_bytes))
            )
            lake.append_new(tables.quarantine, records.rejected(checked, tables.raw_user_events))
            valid = events.typed(records.accepted(checked))
            unique = events.deduplicated(events.with_weight(valid, settings.weights))
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
        checked = episodes.checked(records.parsed(new.rows, episodes.FIELDS, lake.settings.max_value_bytes))
        lake.append_new(tables.quarantine, records.rejected(checked, tables.raw_episode_metadata))
        lake.upsert(tables.episodes, episodes.newest(episodes.typed(records.accepted(checked))), wins=episodes.WINS)
