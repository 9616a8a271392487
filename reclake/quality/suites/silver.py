"""What is expected of events, engagement, episodes and of what could not be used."""

from __future__ import annotations

from collections.abc import Sequence

from reclake import tables
from reclake.quality.expectation import Suite, between, in_set, matching, maximum, not_null, warning
from reclake.quality.suites.keys import KEY_ONCE, NOT_ONLY_DELETED, counted
from reclake.settings import Settings
from reclake.tables import RAW

HIGHEST_QUARANTINED_SHARE = 0.05
"""More than this of the records of the same batches in quarantine, and a person should look."""

REASONS = (
    "absurd_amount",
    "absurd_seconds",
    "bad_number",
    "bad_timestamp",
    "clock_ahead",
    "empty_value",
    "missing_field",
    "negative_amount",
    "negative_seconds",
    "not_json",
    "oversized_id",
    "oversized_value",
    "rating_out_of_range",
    "unknown_event",
)
"""Why a record may be quarantined; a reason beyond these is a rule that nobody has explained here yet."""


def suites(_: Settings) -> Sequence[Suite]:
    """What is expected of the layer's tables."""
    return [_user_events(), _daily_engagement(), _episodes(), quarantine()]


def _user_events() -> Suite:
    c = tables.user_events.c
    return Suite(
        tables.user_events,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            *(not_null(column) for column in (c.ts, c.user_id, c.new_episode_id, c.event, c.weight)),
            in_set("is_day_of_ts", True),
            in_set(c.event, "like", "pause", "skip", "rate", "complete"),
            between(c.listened_seconds, 0, 86_400),
            between(c.rating, 0.5, 5),
            # Weights are settings, so a strong one is no error; by the defaults none is beyond 3.
            warning(between(c.weight, -10, 10)),
        ),
        scope="touched",
        derived=counted(tables.user_events) | {"is_day_of_ts": "day = to_date(ts)"},
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
            # One listener, one episode, one day: more is a machine, or a producer that makes ids up.
            warning(between(c.num_events, None, 500)),
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


def quarantine() -> Suite:
    """What is expected of what could not be used, of listening and of the shop."""
    c = tables.quarantine.c
    return Suite(
        tables.quarantine,
        (
            NOT_ONLY_DELETED,
            warning(in_set(c.source, *map(str, RAW))),
            warning(not_null(c.reason)),
            warning(in_set(c.reason, *REASONS)),
            warning(maximum("share_of_records", HIGHEST_QUARANTINED_SHARE)),
        ),
        scope="inserted",
    )
