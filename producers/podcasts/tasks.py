"""The tasks that put data in on a schedule."""

from __future__ import annotations

import logging

from lakehouse.lake import Lakehouse
from lakehouse.task import task
from producers.podcasts.episodes import PODCAST_INDEX, fetch
from producers.podcasts.podcast_index import public_index

log = logging.getLogger(__name__)


@task
def fetch_episodes(lake: Lakehouse) -> None:
    """Publish the newest episodes of the podcasts that trend, as the settings `podcast_index_...` want them."""
    with public_index(lake.settings) as index:
        tally = fetch(lake.settings, index, PODCAST_INDEX)
    log.info("%d feeds seen, %d kept: %s", tally.seen, tally.kept, dict(tally.by_state))
