"""Arrivals: what is new in a bronze table, parsed and checked, with what cannot be used in quarantine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import DataFrame

from reclake import tables
from reclake.changes import Changes
from reclake.lake import Lakehouse
from reclake.staging import Stage
from silver import records


def accepted(
    lake: Lakehouse, new: Changes, fields: Sequence[str], check: Callable[[DataFrame], DataFrame], stage: Stage
) -> DataFrame:
    """Parse and check the records that arrived, quarantine what cannot be used, and return the rest.

    Parameters
    ----------
    fields : sequence of str
        Fields of the JSON objects that are wanted.
    check : callable
        Finds faults in parsed records, see `silver.records.checked`.
    """
    # Written once, because every merge reads its source several times.
    checked = stage("checked", check(records.parsed(new.rows, fields, lake.settings.max_value_bytes)))
    lake.append_new(tables.quarantine, records.rejected(checked, new.table))
    return records.accepted(checked)
