"""What is expected of what could not be used, of listening and of the shop."""

from __future__ import annotations

from lakehouse import tables
from lakehouse.quality.expectation import Suite, in_set, maximum, not_null, warning
from lakehouse.quality.keys import NOT_ONLY_DELETED
from lakehouse.tables import RAW
from silver.records import Reason

HIGHEST_QUARANTINED_SHARE = 0.05
"""More than this of the records of the same batches in quarantine, and a person should look."""


def quarantine(product: str) -> Suite:
    """What the gate of a product expects of what could not be used; all of it, as only a person should look."""
    c = tables.quarantine.c
    return Suite(
        tables.quarantine,
        (
            NOT_ONLY_DELETED,
            warning(in_set(c.source, *map(str, RAW))),
            warning(not_null(c.reason)),
            warning(in_set(c.reason, *(reason.value for reason in Reason))),
            warning(maximum("share_of_records", HIGHEST_QUARANTINED_SHARE)),
        ),
        scope="inserted",
        gate=product,
    )
