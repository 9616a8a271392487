"""Sessions: what one visit to the shop amounts to.

A session belongs to an owner: the producer's session where events name one, else the user. It ends where its owner
pauses for longer than a gap: 30 minutes for users, a day for producers' sessions, whose ids some producers use again.
Where its owner never pauses, such as one whose id never changes, it ends at the first full multiple of half the longest
length that lies half of it or more behind where the owner came. So none gets longer, and where one ends depends on what
happened shortly before, not on when or in which order that became known. All three are settings.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.settings import Settings
from silver.shop.item_activity import COUNTS, counts

C, S = tables.clickstream_events.c, tables.sessions.c
MOST_ITEMS = 100
"""Items that a session keeps; a person does not look at more."""

_PRODUCERS, _USERS = "s:", "u:"
_ORDER = (C.timestamp, C.event_id)


@dataclass(frozen=True)
class Rules:
    """What makes a session: settings `session_...`."""

    gap_seconds: float
    id_gap_seconds: float
    longest_seconds: float
    most_events: int

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """The rules that the settings give."""
        return cls(
            settings.session_gap_minutes * 60,
            settings.session_id_gap_hours * 3600,
            settings.session_longest_hours * 3600,
            settings.session_most_events,
        )

    @property
    def gap(self) -> Column:
        """The longest pause within a session of `owner`, an interval."""
        seconds = F.when(F.col(S.owner).startswith(_PRODUCERS), self.id_gap_seconds).otherwise(self.gap_seconds)
        return _interval(seconds)

    @property
    def longest(self) -> Column:
        """The longest that a session may last, an interval."""
        return _interval(F.lit(self.longest_seconds))

    def is_ended(self, came_at: Column, before: Column, at: Column) -> Column:
        """Whether a session ends between the events at `before` and `at`, whose owner `came_at` and never paused."""
        half = self.longest_seconds / 2
        end = F.floor(_seconds(at) / half) * half
        return (_seconds(before) < end) & (_seconds(came_at) <= end - half)


def _interval(seconds: Column) -> Column:
    return F.make_dt_interval(secs=seconds.cast("decimal(18,6)"))


def _seconds(at: Column) -> Column:
    return F.unix_micros(at) / 1e6


def with_owner(events: DataFrame) -> DataFrame:
    """Add `owner`: whose session an event belongs to."""
    of_producer = F.concat(F.lit(_PRODUCERS), C.session_id)
    return events.withColumn(S.owner, F.coalesce(of_producer, F.concat(F.lit(_USERS), C.user_id)))


def sessions(events: DataFrame, rules: Rules, continuing: DataFrame | None = None) -> DataFrame:
    """Make the sessions of events, whatever their order; the result has one row per session.

    Parameters
    ----------
    events : DataFrame
        Rows of `silver.clickstream_events` with `owner`. A session's events are all there, or none of them.
    continuing : DataFrame, optional
        `owner` and `started_at` of sessions that began where one ended that is not among them, without a pause.

    Returns
    -------
    DataFrame
        Rows of `silver.sessions`.
    """
    in_order = Window.partitionBy(S.owner).orderBy(*_ORDER)
    at, before, came_at = F.col(C.timestamp), F.col("before"), F.col("came_at")
    comes = ~F.coalesce(at - before <= rules.gap, F.lit(False))
    since = F.when(F.col("continues"), at - rules.longest).otherwise(at)
    begins = comes | rules.is_ended(came_at, before, at)
    return (
        events.transform(_with_continues, continuing)
        .withColumn("before", F.lag(C.timestamp).over(in_order))
        .withColumn("came_at", F.max(F.when(comes, since)).over(in_order))
        .withColumn(S.started_at, F.max(F.when(begins, at)).over(in_order))
        .transform(_summarised)
        .transform(_completed, rules)
    )


def _with_continues(events: DataFrame, continuing: DataFrame | None) -> DataFrame:
    """Add `continues`: whether the session that an event begins goes on with what an earlier one of its owner was."""
    if continuing is None:
        return events.withColumn("continues", F.lit(False))
    known = continuing.select(S.owner, F.col(S.started_at).alias(C.timestamp), F.lit(True).alias("continues"))
    return events.join(F.broadcast(known), [S.owner, C.timestamp], "left")


def _summarised(events: DataFrame) -> DataFrame:
    """Sum up by item first: one sort, and an item's counts are part of the session's."""
    first, last = F.min(F.struct(*_ORDER, *_HISTORY)), F.max(F.struct(*_ORDER, C.event_type))
    user = F.max(F.when(F.col(C.user_id).isNotNull(), F.struct(*_ORDER, C.user_id)))
    bought = F.when(F.col(C.event_type) == "purchase", F.col(C.price)).cast(tables.MONEY)
    per_item = events.groupBy(S.owner, C.session_id, S.started_at, C.item_id).agg(
        *counts(),
        first.alias("first"),
        last.alias("last"),
        user.alias("user"),
        F.sum(bought).alias("revenue"),
    )
    item = F.struct(F.col("last.timestamp").alias("last_at"), C.item_id, *COUNTS)
    return per_item.groupBy(S.owner, C.session_id, S.started_at).agg(
        *(F.sum(name).alias(name) for name in COUNTS),
        F.min("first").alias("first"),
        F.max("last").alias("last"),
        F.max("user").alias("user"),
        F.coalesce(F.sum("revenue"), F.lit(0)).alias(S.revenue),
        F.slice(F.sort_array(F.collect_list(item), asc=False), 1, MOST_ITEMS).alias("items"),
    )


_HISTORY = (C.avg_purchase_amount, C.past_purchases)


def _completed(summarised: DataFrame, rules: Rules) -> DataFrame:
    key = F.substring(F.sha2(F.concat_ws("|", S.owner, F.unix_micros(S.started_at)), 256), 1, 32)
    ended = F.col("last.timestamp")
    events = sum((F.col(name) for name in COUNTS), F.lit(0))
    seconds = (F.unix_micros(ended) - F.unix_micros(S.started_at)) / 1e6
    fields = (C.item_id, *COUNTS, "last_at")
    items = F.transform("items", lambda item: F.struct(*(item[name].alias(name) for name in fields)))
    return (
        summarised.withColumn(S.session_key, key)
        .withColumn(S.num_events, events)
        .withColumn(S.session_length, seconds)
        .select(
            S.session_key,
            F.to_date(S.started_at).alias(S.day),
            S.owner,
            F.coalesce(C.session_id, S.session_key).alias(S.session_id),
            F.col("user.user_id").alias(S.user_id),
            S.started_at,
            ended.alias(S.ended_at),
            *COUNTS,
            S.num_events,
            S.session_length,
            F.try_divide(F.col(S.session_length), F.col(S.num_events) - 1).alias(S.avg_time_gap),
            F.col("last.event_type").alias(S.last_event),
            S.revenue,
            *(F.col(f"first.{name}").alias(name) for name in _HISTORY),
            (F.col(S.num_events) > rules.most_events).alias(S.is_bot),
            items.alias("items"),
        )
    )
