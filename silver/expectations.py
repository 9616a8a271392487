"""What is expected of what could not be used, of listening and of the shop."""

from __future__ import annotations

from lakehouse import tables
from lakehouse.quality.expectation import Suite, in_set, maximum, not_null, warning
from lakehouse.quality.keys import NOT_ONLY_DELETED
from lakehouse.tables import RAW

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
