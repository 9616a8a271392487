"""Retry: records in quarantine are judged anew after a rule or a mapping was changed, and leave it if they pass."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.errors import TaskParameterError
from lakehouse.lake import Lakehouse
from lakehouse.scratch import scratch_folder
from lakehouse.tables import Table
from lakehouse.task import task
from silver.listening.refinements import EPISODES, EVENTS
from silver.records import flawless, origins, places, rejected
from silver.refinement import Refinement
from silver.shop.refinements import CLICKS, PURCHASES

log = logging.getLogger(__name__)

# Purchases first: the clicks of a shopper say what was bought before.
REFINEMENTS: Mapping[Table, Refinement] = {one.source: one for one in (PURCHASES, CLICKS, EVENTS, EPISODES)}

Q = tables.quarantine.c


@dataclass(frozen=True)
class Retried:
    """What came of the records of a bronze table.

    Attributes
    ----------
    passed, refused : int, mapping of str to int
        Records that were judged anew: of a file that has one, all.
    missing : int
        Records that are in quarantine and no longer in bronze, or no longer told by a file: they stay.
    """

    source: Table
    passed: int
    refused: Mapping[str, int]
    missing: int


@task
def retry_quarantine(lake: Lakehouse, source: str = "", reason: str = "") -> None:
    """Judge records in quarantine anew: those of one bronze table or of all, with one reason or any.

    Raises
    ------
    TaskParameterError
        `source` is no bronze table.
    """
    for done in retried(lake, table_named(source) if source else None, reason):
        log.info("%s: %d pass now, refused: %s, missing: %d", done.source, done.passed, done.refused, done.missing)


def table_named(name: str) -> Table:
    """The bronze table of a name such as `bronze.user_events`, or of a topic.

    Raises
    ------
    TaskParameterError
        There is none.

    Examples
    --------
    >>> str(table_named("user-events")), str(table_named("purchases"))
    ('bronze.user_events', 'bronze.purchases')
    """
    known = {**{str(table): table for table in tables.RAW}, **tables.RAW_BY_TOPIC, "purchases": tables.raw_purchases}
    if name not in known:
        raise TaskParameterError(f"{name!r} has no quarantine. There is one of {', '.join(map(str, tables.RAW))}.")
    return known[name]


def retried(lake: Lakehouse, source: Table | None, reason: str) -> Iterator[Retried]:
    """Judge records in quarantine anew, a bronze table after the other, and say what came of each that has some."""
    for table, refinement in REFINEMENTS.items():
        if source in (None, table) and (done := _retry(lake, refinement, reason)):
            yield done


def _retry(lake: Lakehouse, refinement: Refinement, reason: str) -> Retried | None:
    source, key = refinement.source, list(tables.quarantine.key)
    chosen = (F.col(Q.source) == str(source)) & (F.col(Q.reason) == reason if reason else F.lit(True))
    with scratch_folder(lake) as scratch:
        asked = scratch("asked", lake.read(tables.quarantine).where(chosen).select(*key, Q.quarantined_at))
        if asked.isEmpty():
            return None
        rows = refinement.whole(lake, lake.read(source, among=origins(asked, source)))
        judged = scratch("judged", refinement.judged(lake, rows))
        # Silver first: killed after it, a record is in both, and the next retry finds it so.
        refinement.keep(lake, flawless(judged), scratch)
        held = lake.read(tables.quarantine, among=judged.select(*places(source)))
        concerned = scratch("concerned", held.select(*key, Q.quarantined_at))
        refused = rejected(judged, source).join(concerned, key, "left_semi")
        lake.refresh(tables.quarantine, refused, concerned)
        reasons = {row[Q.reason]: row["count"] for row in refused.groupBy(Q.reason).count().collect()}
        passed = concerned.count() - sum(reasons.values())
        return Retried(source, passed, reasons, asked.join(concerned, key, "left_anti").count())
