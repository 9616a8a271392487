"""What is expected of the final recommendations."""

from __future__ import annotations

from collections.abc import Sequence

from gold.listening.hybrid.explaining import REASONS
from lakehouse import tables
from lakehouse.quality.expectation import Suite, between, in_set, not_empty, not_null, warning
from lakehouse.quality.keys import KEY_ONCE, RANK_ONCE, STAMPED, ranked
from lakehouse.settings import Settings


def suites(settings: Settings) -> Sequence[Suite]:
    """What is expected of the layer's tables."""
    return [_final(settings.top_n)]


def _final(top_n: int) -> Suite:
    c = tables.final_recommendations.c
    return Suite(
        tables.final_recommendations,
        (
            not_empty(),
            KEY_ONCE,
            RANK_ONCE,
            between(c.rank, 1, top_n),
            not_null(c.score),
            # Standard deviations; wide enough for any listener, and what catches NaN and infinity.
            between(c.score, -1000, 1000),
            not_null(c.reason, mostly=0.99),
            in_set(c.reason, *REASONS.values()),
            warning(not_null(c.title, mostly=0.5)),
            *STAMPED,
        ),
        scope="whole",
        derived=ranked(tables.final_recommendations, c.user_id),
    )
