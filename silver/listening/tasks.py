"""The tasks of the silver job: what each one reads, which transforms it applies, what it writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Literal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.rows import few_rows
from lakehouse.scratch import scratch_folder
from lakehouse.task import task
from silver import drift
from silver.listening import engagement
from silver.listening.events import with_weight
from silver.listening.refinements import EPISODES, EVENTS
from silver.refinement import take

M = tables.daily_mix.c


@task
def update_events(lake: Lakehouse) -> None:
    """Type and deduplicate the listening events that arrived; quarantine what cannot be used."""
    if new := lake.changes(EVENTS.source, EVENTS.consumer, into=EVENTS.makes):
        take(lake, EVENTS, new.rows)
        new.commit()


@task
def update_engagement(lake: Lakehouse) -> None:
    """Recompute the (user, episode, day) groups that new events touched, and all of them by other weights."""
    made, weights = tables.daily_engagement, lake.settings.weights
    if new := lake.changes(tables.user_events, "daily_engagement", into=[made], by=weights):
        touched = new.touched(*engagement.GROUP)
        events = lake.read(tables.user_events, among=touched)
        recomputed = engagement.daily(with_weight(events, weights))
        lake.refresh(made, recomputed, scope=touched)
        new.commit()


@task
def update_episodes(lake: Lakehouse) -> None:
    """Keep what the newest record of each episode says; quarantine what cannot be used."""
    if new := lake.changes(EPISODES.source, EPISODES.consumer, into=EPISODES.makes):
        take(lake, EPISODES, new.rows)
        new.commit()


@task
def measure_drift(lake: Lakehouse, stream: Literal["listening", "shop"]) -> None:
    """Count again the days that changed events touched, and measure the drift of all days that this concerns."""
    of = drift.STREAMS[stream]
    if new := lake.changes(of.table, consumer=f"drift_{stream}", into=[tables.daily_mix, tables.drift]):
        is_its_own = F.col(M.stream) == stream
        touched = _days(new.touched(M.day))
        _count(lake, stream, _frame(lake, touched))
        known = _days(lake.read(tables.daily_mix).where(is_its_own))
        days = _frame(lake, drift.concerned(touched, known))
        mixes = lake.read(tables.daily_mix, among=drift.with_references(days)).where(is_its_own)
        measured = drift.drift(mixes, unfinished=known[-1:]).join(days, M.day, "left_semi")
        scope = days.select(F.lit(stream).alias(M.stream), F.explode(F.lit([*of.features])).alias(M.feature), M.day)
        lake.refresh(tables.drift, measured, scope)
        new.commit()


def _count(lake: Lakehouse, stream: str, days: DataFrame) -> None:
    of, key = drift.STREAMS[stream], tables.daily_mix.key
    with scratch_folder(lake) as scratch:
        mix = drift.mix(lake.read(of.table, among=days), of.features)
        counted = scratch("counted", mix.withColumn(M.stream, F.lit(stream)))
        known = lake.read(tables.daily_mix, among=days).where(F.col(M.stream) == stream)
        scope = counted.select(*key).union(known.select(*key)).distinct()
        lake.refresh(tables.daily_mix, counted, scope)


def _days(rows: DataFrame) -> Sequence[dt.date]:
    """The days of rows, ascending; bounded by the calendar."""
    return sorted(row[M.day] for row in rows.select(M.day).distinct().collect())


def _frame(lake: Lakehouse, days: Collection[dt.date]) -> DataFrame:
    return few_rows(lake.spark, [(day,) for day in sorted(days)], f"{M.day} date")
