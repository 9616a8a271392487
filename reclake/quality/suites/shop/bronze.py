"""What is expected of clicks and purchases as they were received."""

from __future__ import annotations

from collections.abc import Sequence

from reclake import tables
from reclake.quality.expectation import Suite, between, matching, not_null
from reclake.quality.suites.bronze import received
from reclake.quality.suites.keys import KEY_ONCE, NOT_ONLY_DELETED, counted
from reclake.settings import Settings


def suites(_: Settings) -> Sequence[Suite]:
    """What is expected of the layer's tables."""
    return [received("clickstream", tables.raw_clickstream), _purchases()]


def _purchases() -> Suite:
    c = tables.raw_purchases.c
    return Suite(
        tables.raw_purchases,
        (
            NOT_ONLY_DELETED,
            KEY_ONCE,
            matching(c.file_hash, "^[0-9a-f]{64}$"),
            between(c.row, 0),
            *(not_null(column) for column in (c.value, c.path, c.ingested_at)),
        ),
        scope="inserted",
        derived=counted(tables.raw_purchases),
    )
