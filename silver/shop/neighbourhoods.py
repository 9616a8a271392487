"""Neighbourhoods: which stretches of time, of whom, a change of events can give other sessions.

A changed event can extend, join or split the sessions of its owner that come as close to it as a gap, and say where the
following ones end of an owner who never pauses. These sessions and what changed are all that is computed again: what a
shopper did years ago is not read for what he did today.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from silver.shop.sessions import Rules

C, S = tables.clickstream_events.c, tables.sessions.c
MOST_RUNS = 50
"""Runs of days that a predicate names one by one; of more, all from the first to the last is looked at."""

_ONE_DAY = dt.timedelta(days=1)


def touched(events: DataFrame, rules: Rules) -> DataFrame:
    """The stretches around changed events: `owner`, `since`, `until`, one for each owner and day.

    Parameters
    ----------
    events : DataFrame
        `owner`, `day`, `timestamp` of events that came, changed or went.
    """
    return (
        events.groupBy(S.owner, C.day)
        .agg((F.min(C.timestamp) - rules.gap).alias("since"), (F.max(C.timestamp) + rules.gap).alias("until"))
        .drop(C.day)
    )


def concerned(sessions: DataFrame, stretches: DataFrame, rules: Rules) -> DataFrame:
    """The sessions that reach into one of the stretches of their owner, or whose ends depend on what is in it.

    Where a session ends depends on whether its owner had come half of the longest length before, so on no event that
    lies further back than that and the gaps on both sides.
    """
    depends = stretches.withColumn("until", F.col("until") + rules.longest / 2 + rules.gap)
    meets = (
        (sessions[S.owner] == depends[S.owner])
        & (sessions[S.started_at] <= depends["until"])
        & (sessions[S.ended_at] >= depends["since"])
    )
    return sessions.join(depends, meets, "left_semi")


def continuing(stale: DataFrame, sessions: DataFrame, rules: Rules) -> DataFrame:
    """Those of `stale` that begin where one that is not among them ended, without a pause of their owner."""
    kept = sessions.join(stale.select(S.session_key), S.session_key, "left_anti")
    kept = kept.select(F.col(S.owner).alias("kept"), F.col(S.ended_at).alias("until"))
    goes_on = (
        (stale[S.owner] == kept["kept"])
        & (kept["until"] < stale[S.started_at])
        & (stale[S.started_at] - kept["until"] <= rules.gap)
    )
    return stale.join(kept, goes_on, "left_semi").select(S.owner, S.started_at)


def around(stretches: DataFrame, rules: Rules) -> DataFrame:
    """The stretches that sessions can lie in that `concerned` or `continuing` has to know."""
    reach = rules.longest + rules.gap
    return stretches.select(S.owner, (F.col("since") - reach).alias("since"), (F.col("until") + reach).alias("until"))


def days_of(stretches: DataFrame) -> DataFrame:
    """Every (`owner`, `day`) of the stretches, with their `since` and `until`."""
    days = F.explode(F.sequence(F.to_date("since"), F.to_date("until")))
    return stretches.select(S.owner, days.alias(C.day), "since", "until")


def within(events: DataFrame, days: DataFrame) -> DataFrame:
    """The events that lie in one of the stretches of their owner; `days` is what `days_of` returns."""
    inside = (
        (events[S.owner] == days[S.owner])
        & (events[C.day] == days[C.day])
        & events[C.timestamp].between(days["since"], days["until"])
    )
    return events.join(days, inside, "left_semi")


def meets_days(days: Iterable[dt.date]) -> Column:
    """A literal predicate on sessions, true for all that reach into one of the days."""
    runs = _runs(sorted(days))
    if len(runs) > MOST_RUNS:
        runs = [(runs[0][0], runs[-1][1])]
    meets = (
        (F.col(S.ended_at) >= F.lit(first)) & (F.col(S.started_at) < F.lit(last + _ONE_DAY)) for first, last in runs
    )
    return reduce(or_, meets, F.lit(False))


def _runs(days: list[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """First and last day of each run of days."""
    runs: list[tuple[dt.date, dt.date]] = []
    for day in days:
        if runs and day - runs[-1][1] <= _ONE_DAY:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs
