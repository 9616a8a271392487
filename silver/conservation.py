"""Conservation: each record of bronze is a row of silver, says again what one says, or is in quarantine; or it is lost.

What is counted is what changed since the last account without loss: records that silver has read since, records that
left the quarantine, and records whose rows left silver.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial, reduce

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.changes import Changes, Versions
from lakehouse.lake import Lakehouse
from lakehouse.quality.expectation import Counted, Suite, maximum
from lakehouse.rows import few_rows
from lakehouse.scratch import Scratch, scratch_folder
from silver.records import origins, places
from silver.refinement import Refinement

log = logging.getLogger(__name__)

A = tables.conservation.c
_POSITION = "position"


def conserved(refinement: Refinement) -> Suite:
    """Expect of a bronze table that none of its records is lost on the way to silver."""
    return Suite(
        tables.conservation,
        (maximum(A.lost, 0),),
        scope="counted",
        part=refinement.source.name,
        counting=partial(_counting, refinement),
    )


@dataclass(frozen=True)
class _News:
    """What changed in bronze, as far as silver has read it, in silver and in the quarantine; none: nothing did."""

    arrived: Changes | None
    stored: Changes | None
    refused: Changes | None
    versions: Versions


def _counting(refinement: Refinement, lake: Lakehouse) -> Counted | None:
    """Count what became of the records; none when nothing changed, or when silver is yet to read what did."""
    news = _news(lake, refinement)
    if news is None:
        return None
    with scratch_folder(lake) as scratch:
        found = _followed(lake, refinement, news, scratch)
    if found is None:
        news.versions.commit()
        return None
    source, of = refinement.source, news.versions.of
    if found.lost:
        log.error("%d records of %s are lost on the way to silver, such as %s.", found.lost, source, found.example)
    versions = ", ".join(f"{table}@{version}" for table, version in of.items())
    repeated = found.records - found.added - found.refused - found.lost
    at = dt.datetime.now(dt.UTC)
    row = (versions, str(source), found.records, found.added, repeated, found.refused, found.lost, found.example, at)
    account = few_rows(lake.spark, [row], tables.conservation.schema)
    lake.upsert(tables.conservation, account)
    return Counted(account, of[source], news.versions)


def _news(lake: Lakehouse, refinement: Refinement) -> _News | None:
    source, target = refinement.source, refinement.target
    consumer = f"conservation_{source.name}"
    read = lake.progress.of(refinement.consumer).get(str(source))
    if read is None:
        return None
    before = lake.progress.of(consumer)
    refused, stored, arrived = (lake.changes(table, consumer) for table in (tables.quarantine, target, source))
    # Of a table in which no row changed, that is noted already.
    noted = lake.progress.of(consumer)
    ends = {
        table: changes.last_version if changes else noted[str(table)]
        for table, changes in ((tables.quarantine, refused), (target, stored), (source, arrived))
    }
    if str(target) in before and stored and stored.is_whole:
        # Another table of that name: nothing of it was ever counted.
        lake.progress.forget(consumer)
        return _news(lake, refinement)
    if read > ends[source] or (refinement.unit and read < ends[source]):
        # It was made anew, or of what has to be judged as a whole silver has read a part.
        return None
    if arrived and read < arrived.first_version:
        arrived = None
    if arrived and arrived.is_whole:
        feed = lake.as_of(source, read)
        if read < ends[source]:
            # What was deleted since is nowhere to be found, and not lost.
            feed = feed.join(lake.read(source).select(*source.key), list(source.key), "left_semi")
        arrived = replace(arrived, feed=feed)
    elif arrived:
        is_read = (F.col("_commit_version") <= read) | (F.col("_change_type") == "delete")
        arrived = replace(arrived, feed=arrived.feed.where(is_read))
    if not (refused or stored or arrived):
        return None
    return _News(arrived, stored, refused, lake.read_until(consumer, {**ends, source: read}))


def _followed(lake: Lakehouse, refinement: Refinement, news: _News, scratch: Scratch) -> Row | None:
    """How many `records` there are, how many `added` a row, are `refused` and are `lost`, and an `example` of these."""
    source, key = refinement.source, refinement.target.key
    received = list(_received(lake, refinement, news))
    if not received:
        return None
    if len(received) > 1:
        # Of a plan of several such joins Spark Connect loses count of the columns.
        received = [scratch(f"received-{number}", one) for number, one in enumerate(received)]
    rows = refinement.whole(lake, reduce(DataFrame.unionByName, received))
    # Apart from what they tell: a record that is lost where it is parsed tells nothing.
    records = scratch("records", rows.select(*places(source)).distinct())
    told = scratch("told", _told(lake, refinement, rows))
    # The quarantine before silver: a record that is retried meanwhile is seen in one of them.
    refused = lake.read(tables.quarantine, among=records).select(_POSITION, F.lit(True).alias("is_refused"))
    stored = _stored(lake, refinement, told).select(_POSITION, *key, F.lit(True).alias("is_stored"))
    fates = records.join(refused, _POSITION, "left").join(stored, _POSITION, "left")
    fates = _with_added(fates, news, key).fillna(False)
    is_refused, is_stored, is_added = (F.col(name) for name in ("is_refused", "is_stored", "is_added"))
    is_lost = ~is_refused & ~is_stored
    return fates.agg(
        F.count("*").alias("records"),
        F.count_distinct(F.when(is_added & ~is_refused, F.struct(*key))).alias("added"),
        F.count_if(is_refused).alias("refused"),
        F.count_if(is_lost).alias("lost"),
        F.min(F.when(is_lost, F.col(_POSITION))).alias("example"),
    ).first()


def _received(lake: Lakehouse, refinement: Refinement, news: _News) -> Iterator[DataFrame]:
    """Records of bronze to look for."""
    source, is_deleted = refinement.source, F.col("_change_type") == "delete"
    if news.arrived:
        yield news.arrived.latest.where("NOT is_deleted").select(*source.names)
    if news.refused:
        left = origins(news.refused.feed.where(is_deleted), source)
        if not left.isEmpty():
            yield lake.read(source, among=left)
    if news.stored and not news.stored.feed.where(is_deleted).isEmpty():
        gone = news.stored.latest.where("is_deleted").select(*refinement.target.key)
        # Nothing but a person deletes rows of silver, or a purchase file that was corrected.
        whole = refinement.keyed(lake, lake.read(source).where(refinement.is_told))
        tell = whole.join(gone, list(refinement.target.key), "left_semi").select(*source.key)
        yield lake.read(source, among=tell)


def _told(lake: Lakehouse, refinement: Refinement, rows: DataFrame) -> DataFrame:
    """The position of each record, and the key of the row that it tells; those that tell none are left out."""
    source, target = refinement.source, refinement.target
    keyed = refinement.keyed(lake, rows).dropna(subset=list(target.key))
    place = F.concat_ws("/", *source.key).alias(_POSITION)
    return keyed.select(place, *(name for name in keyed.columns if name not in source.key)).dropDuplicates([_POSITION])


def _stored(lake: Lakehouse, refinement: Refinement, told: DataFrame) -> DataFrame:
    """Those of `told` whose row is in silver."""
    target = refinement.target
    wanted = dict.fromkeys((*target.key, *target.cluster_by[:1]))
    rows = lake.read(target, among=told.select(*wanted)).dropDuplicates(list(target.key))
    same = " AND ".join(f"record.{name} = target.{name}" for name in target.key)
    return told.alias("record").join(rows.alias("target"), F.expr(f"{same} AND {refinement.holds}")).select("record.*")


def _with_added(fates: DataFrame, news: _News, key: tuple[str, ...]) -> DataFrame:
    """Add `is_added`: whether the row that a record tells is new."""
    if news.stored is None:
        return fates.withColumn("is_added", F.lit(False))
    inserted = news.stored.feed.where("_change_type = 'insert'")
    return fates.join(inserted.select(*key, F.lit(True).alias("is_added")).distinct(), list(key), "left")
