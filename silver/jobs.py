"""The tasks of the silver job: what each one reads, which transforms it applies, what it writes."""

from __future__ import annotations

from reclake import tables
from reclake.lake import Lakehouse
from reclake.staging import staging
from reclake.task import task
from silver import engagement, episodes, events
from silver.arrivals import accepted


@task
def update_events(lake: Lakehouse) -> None:
    """Type, weigh and deduplicate the listening events that arrived; quarantine what cannot be used."""
    for new in lake.changes(tables.raw_user_events, consumer="user_events"):
        with staging(lake) as stage:
            valid = events.typed(accepted(lake, new, events.FIELDS, events.checked, stage))
            unique = events.IDENTITY.deduplicated(events.with_weight(valid, lake.settings.weights))
            lake.upsert(tables.user_events, unique, wins=events.IDENTITY.wins)


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
            valid = episodes.typed(accepted(lake, new, episodes.FIELDS, episodes.checked, stage))
            lake.upsert(tables.episodes, episodes.newest(valid), wins=episodes.WINS)
