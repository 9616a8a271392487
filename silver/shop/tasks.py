"""The silver tasks of the shop: what each one reads, which transforms it applies, what it writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.changes import Changes
from lakehouse.lake import Lakehouse
from lakehouse.scratch import Scratch, scratch_folder
from lakehouse.task import task
from silver.refinement import take
from silver.shop import funnel, item_activity, neighbourhoods, user_activity
from silver.shop.people import changed_clicks
from silver.shop.refinements import CLICKS, PURCHASES, take_back, with_purchases
from silver.shop.sessions import Rules, sessions, with_owner

R = tables.raw_purchases.c
C, P, S = tables.clickstream_events.c, tables.purchases.c, tables.sessions.c
W = tables.funnel_summary.c


@task
def update_purchases(lake: Lakehouse) -> None:
    """Type the purchases that files tell, each once; quarantine what cannot be used, take back what none tells now."""
    if new := lake.changes(PURCHASES.source, PURCHASES.consumer, into=PURCHASES.makes):
        with scratch_folder(lake) as scratch:
            # As they stand now, not as each change left them: a file may have come and changed since the last run.
            files = scratch("files", new.touched(R.file_hash))
            rows = lake.read(tables.raw_purchases, among=files)
            told = F.col(R.superseded_at).isNull()
            take(lake, PURCHASES, rows.where(told))
            if not (superseded := rows.where(~told)).isEmpty():
                take_back(lake, superseded, scratch)
        new.commit()


@task
def update_clicks(lake: Lakehouse) -> None:
    """Type and deduplicate the clicks that arrived, each with what its shopper had bought before that day."""
    # First, so that events that arrive now are not looked at twice.
    if late := lake.changes(tables.purchases, CLICKS.consumer):
        with scratch_folder(lake) as scratch:
            corrected = scratch("corrected", with_purchases(lake, _later(lake, late, scratch)))
            lake.upsert(tables.clickstream_events, corrected)
        late.commit()
    if new := lake.changes(CLICKS.source, CLICKS.consumer, into=CLICKS.makes):
        take(lake, CLICKS, new.rows)
        new.commit()


@task
def update_sessions(lake: Lakehouse) -> None:
    """Make the sessions anew that changed events extend, join or split."""
    rules = Rules.of(lake.settings)
    if new := lake.changes(tables.clickstream_events, "sessions", into=[tables.sessions], by=rules):
        with scratch_folder(lake) as scratch:
            changed = with_owner(new.touched(C.session_id, C.user_id, C.day, C.timestamp))
            touched = scratch("touched", neighbourhoods.touched(changed, rules))
            known = lake.read(tables.sessions).select(S.session_key, S.day, S.owner, S.started_at, S.ended_at)
            stale, continuing = known, None
            if not new.is_whole:
                near = known.where(neighbourhoods.meets_days(_days(neighbourhoods.around(touched, rules))))
                stale = scratch("stale", neighbourhoods.concerned(near, touched, rules))
                continuing = neighbourhoods.continuing(stale, near, rules)
            stretches = touched.union(stale.select(S.owner, S.started_at, S.ended_at))
            days = scratch("days", neighbourhoods.days_of(stretches))
            events = with_owner(lake.read(tables.clickstream_events, among=days.select(C.day).distinct()))
            made = scratch("made", sessions(neighbourhoods.within(events, days), rules, continuing))
            scope = stale.select(*tables.sessions.key).union(made.select(*tables.sessions.key)).distinct()
            lake.refresh(tables.sessions, made, scope)
        new.commit()


@task
def update_item_activity(lake: Lakehouse) -> None:
    """Count again what people did with each product on the days that changed events touched."""
    if new := changed_clicks(lake, "daily_item_activity", into=tables.daily_item_activity):
        with scratch_folder(lake) as scratch:
            touched = scratch("touched", new.touched(*item_activity.GROUP))
            lake.refresh(tables.daily_item_activity, item_activity.daily(new.of_people(touched)), scope=touched)
        new.commit()


@task
def update_user_activity(lake: Lakehouse) -> None:
    """Sum up again what the shoppers did on the days that changed events touched."""
    if new := changed_clicks(lake, "daily_user_activity", into=tables.daily_user_activity):
        with scratch_folder(lake) as scratch:
            known = new.touched(*user_activity.GROUP).where(F.col(C.user_id).isNotNull())
            touched = scratch("touched", known)
            lake.refresh(tables.daily_user_activity, user_activity.daily(new.of_people(touched)), scope=touched)
        new.commit()


@task
def update_funnel(lake: Lakehouse) -> None:
    """Count again the windows that changed events touched, and close those that the watermark has passed.

    The watermark lies `funnel_watermark_minutes` before the newest window that has an event. An event later than it
    corrects its window, which then says so; so does a session that turns out to be a bot's.
    """
    consumer, newest_window = "funnel_summary", "newest window, seconds"
    lateness = lake.settings.funnel_watermark_minutes
    if new := changed_clicks(lake, consumer, into=tables.funnel_summary, by=lateness):
        with scratch_folder(lake) as scratch:
            moments = new.touched(C.user_id, C.day, C.timestamp).where(F.col(C.user_id).isNotNull())
            happened = scratch("happened", funnel.with_window(moments).select(*funnel.GROUP, C.day).distinct())
            before = 0 if new.is_whole else lake.progress.of(consumer).get(newest_window, 0)
            newest = max(before, _newest(happened))
            passed, watermark = (_seconds_before(at, lateness) for at in (before, newest))
            touched = scratch("touched", happened.union(_windows(lake)).distinct()) if new.is_whole else happened
            scope = touched.select(*funnel.GROUP).distinct()
            events = new.of_people(touched.select(C.user_id, C.day).distinct())
            recounted = funnel.windows(funnel.with_window(events).join(scope, list(funnel.GROUP), "left_semi"))
            known = lake.read(tables.funnel_summary, among=scope)
            made = scratch("made", funnel.with_state(recounted, known, passed, watermark))
            lake.refresh(tables.funnel_summary, made, scope)
            # From the last watermark on, so that windows of old are not looked at.
            closing = F.col(W.window_end).between(passed, watermark) & ~F.col(W.is_final)
            closed = lake.read(tables.funnel_summary).where(closing)
            lake.upsert(tables.funnel_summary, scratch("closed", closed.withColumn(W.is_final, F.lit(True))))
            lake.progress.commit(consumer, {newest_window: newest})
        new.commit()


def _windows(lake: Lakehouse) -> DataFrame:
    """All windows that were ever counted, with their day."""
    return lake.read(tables.funnel_summary).select(*funnel.GROUP, F.to_date(W.window_start).alias(C.day))


def _newest(windows: DataFrame) -> int:
    found = windows.agg(F.unix_seconds(F.max(W.window_start))).first()
    assert found is not None
    return int(found[0] or 0)


def _seconds_before(moment: int, minutes: float) -> Column:
    """A literal timestamp."""
    return F.timestamp_seconds(F.lit(moment - round(minutes * 60)))


def _later(lake: Lakehouse, late: Changes, scratch: Scratch) -> DataFrame:
    """The events of each shopper after the first purchase that changed; all, where all purchases may have changed."""
    events = lake.read(tables.clickstream_events)
    if late.is_whole:
        return events
    bought = late.touched(P.user_id, P.purchase_date)
    since = scratch("since", bought.groupBy(P.user_id).agg(F.min(P.purchase_date).alias("since")))
    first = since.agg(F.min("since")).first()
    assert first is not None
    recent = events.where(F.col(C.day) > F.lit(first[0]))
    later = (recent[C.user_id] == since[P.user_id]) & (recent[C.day] > since["since"])
    return recent.join(since, later, "left_semi")


def _days(stretches: DataFrame) -> Sequence[dt.date]:
    """Every day that a stretch reaches into; bounded by the calendar."""
    days = stretches.select(F.explode(F.sequence(F.to_date("since"), F.to_date("until"))).alias("day")).distinct()
    return [row["day"] for row in days.collect()]
