"""What is expected of the final recommendations."""

from __future__ import annotations

from collections.abc import Sequence

from reclake import tables
from reclake.quality.expectation import Suite, between, in_set, not_empty, not_null, single_valued, warning
from reclake.quality.suites.keys import KEY_ONCE, counted, rows_of
from reclake.settings import Settings


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
            between("rows_of_rank", 1, 1),
            between(c.rank, 1, top_n),
            not_null(c.score),
            # Standard deviations; wide enough for any listener, and what catches NaN and infinity.
            between(c.score, -1000, 1000),
            not_null(c.reason, mostly=0.99),
            in_set(c.reason, "liked", "similar", "popular"),
            warning(not_null(c.title, mostly=0.5)),
            not_null(c.model_version),
            single_valued(c.model_version),
            not_null(c.generated_at),
        ),
        scope="whole",
        derived=counted(tables.final_recommendations) | {"rows_of_rank": rows_of(c.user_id, c.rank)},
    )
