"""What is expected of events, engagement, episodes, of what could not be used, and that nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse import tables
from lakehouse.events import HIGHEST_RATING, LISTENING_EVENTS, LONGEST_PAUSE_SECONDS, LOWEST_RATING
from lakehouse.quality.expectation import Suite, between, in_set, matching, not_null, warning
from lakehouse.quality.keys import KEY_ONCE, NOT_ONLY_DELETED, counted
from lakehouse.settings import Settings
from silver.conservation import conserved
from silver.expectations import quarantine
from silver.listening.engagement import MOST_EVENTS
from silver.listening.refinements import EPISODES, EVENTS

# An event without it would weigh nothing.
_HAS_ITS_MEASURE = (
    "CASE event WHEN 'pause' THEN listened_seconds IS NOT NULL WHEN 'rate' THEN rating IS NOT NULL ELSE TRUE END"
)


def suites(_: Settings) -> Sequence[Suite]:
    """What is expected of the layer's tables."""
    ways = conserved(EVENTS), conserved(EPISODES)
    return [*ways, _user_events(), _daily_engagement(), _episodes(), quarantine("listening")]


def _user_events() -> Suite:
    c = tables.user_events.c
    return Suite(
        tables.user_events,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            *(not_null(column) for column in (c.ts, c.user_id, c.new_episode_id, c.event)),
            in_set("has_its_measure", True),
            in_set("is_day_of_ts", True),
            in_set(c.event, *LISTENING_EVENTS),
            between(c.listened_seconds, 0, LONGEST_PAUSE_SECONDS),
            between(c.rating, LOWEST_RATING, HIGHEST_RATING),
        ),
        scope="touched",
        derived=counted(tables.user_events)
        | {"is_day_of_ts": "day = to_date(ts)", "has_its_measure": _HAS_ITS_MEASURE},
    )


def _daily_engagement() -> Suite:
    c = tables.daily_engagement.c
    return Suite(
        tables.daily_engagement,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            *(not_null(column) for column in (c.engagement, c.num_events, c.num_completed, c.last_ts)),
            between(c.num_events, 1),
            between("completed_share", 0, 1),
            # Counted as 0: a person should know how many there are.
            warning(between(c.num_events, None, MOST_EVENTS)),
            warning(between(c.engagement, -200, 200)),
        ),
        scope="touched",
        derived=counted(tables.daily_engagement) | {"completed_share": "try_divide(num_completed, num_events)"},
    )


def _episodes() -> Suite:
    c = tables.episodes.c
    return Suite(
        tables.episodes,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            not_null(c.title),
            # A record without these can never be replaced by a newer one.
            not_null(c.updated_at),
            not_null(c.updated_offset),
            warning(not_null(c.description, mostly=0.5)),
            warning(matching(c.audio_url, "^https?://")),
            warning(matching(c.transcript_url, "^https?://")),
            warning(matching(c.language, "^[A-Za-z]{2,3}([-_].+)?$", mostly=0.95)),
            warning(between(c.duration, 1, 86_400, mostly=0.95)),
        ),
        scope="touched",
        derived=counted(tables.episodes),
    )
