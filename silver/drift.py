"""Drift: how far the events of a day are, in type, device and hour, from those of the four weeks before it."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.events import LISTENING, SHOP
from lakehouse.tables import Table

E, C = tables.user_events.c, tables.clickstream_events.c
M, D = tables.daily_mix.c, tables.drift.c
REFERENCE_DAYS = 28
MODERATE, MAJOR = 0.1, 0.25
HOUR = "hour"
MOST_VALUES = 50
NONE, OTHERS = "(none)", "(others)"
_SMOOTHING = 0.5
"""Events added to each value on both sides, so that one that was not seen on one of them divides by nothing."""


@dataclass(frozen=True)
class Stream:
    """Events of silver, and the features of which drift is measured, as SQL over their columns."""

    table: Table
    features: Mapping[str, str]


STREAMS = {
    LISTENING: Stream(tables.user_events, {"type": E.event, "device": E.device, HOUR: f"date_format({E.ts}, 'HH')"}),
    SHOP: Stream(
        tables.clickstream_events,
        {
            "type": C.event_type,
            "shopper": f"if({C.user_id} IS NULL, 'anonymous', 'known')",
            HOUR: f"date_format({C.timestamp}, 'HH')",
        },
    ),
}


def mix(events: DataFrame, features: Mapping[str, str]) -> DataFrame:
    """Count the events of each day by the values of each feature.

    Of a day's values beyond the `MOST_VALUES` most frequent, which producers may make up, there is one sum.

    Parameters
    ----------
    events : DataFrame
        All events of the days, with `day`.
    features : mapping of str to str
        SQL over their columns.

    Returns
    -------
    DataFrame
        `feature`, `value`, `day`, `num_events`.
    """
    values = [
        F.struct(F.lit(feature).alias(M.feature), F.coalesce(F.expr(sql), F.lit(NONE)).alias(M.value))
        for feature, sql in features.items()
    ]
    group = [M.feature, M.value, M.day]
    counted = events.select(M.day, F.inline(F.array(*values))).groupBy(*group).agg(F.count("*").alias(M.num_events))
    frequent = Window.partitionBy(M.feature, M.day).orderBy(F.desc(M.num_events), M.value)
    value = F.when(F.row_number().over(frequent) <= MOST_VALUES, F.col(M.value)).otherwise(OTHERS)
    return counted.withColumn(M.value, value).groupBy(*group).agg(F.sum(M.num_events).alias(M.num_events))


def drift(mixes: DataFrame, unfinished: Collection[dt.date] = ()) -> DataFrame:
    """Measure how far the mix of each day is from that of the `REFERENCE_DAYS` days before it, summed up.

    The population stability index is the sum over values of (a - r) ln(a / r), where a is a value's share of the day
    and r its share of the reference (Siddiqi 2006, "Credit Risk Scorecards", whose thresholds are those of `level`).
    Half an event is added to each of the k values that either side has: a = (n + 1/2) / (N + k / 2).

    Few events differ by chance: where nothing has shifted, the index is (k - 1) (1 / N + 1 / M) on average, for N
    events of the day and M of the reference (Yurdakul 2018, "Statistical properties of population stability index").

    Parameters
    ----------
    mixes : DataFrame
        Rows of `ops.daily_mix`.
    unfinished : collection of date
        Days that may not be over, of which hours are not measured: they would say when somebody looked.

    Returns
    -------
    DataFrame
        The columns of `ops.drift`, of days that have events, and events before them. Logarithms are summed as
        decimals, so that the order of rows does not matter.
    """
    ago = F.explode(F.sequence(F.lit(0), F.lit(REFERENCE_DAYS)))
    seen = mixes.withColumn("ago", ago).withColumn(M.day, F.date_add(M.day, F.col("ago")))
    of_day, of_reference = (
        F.sum(F.when(F.expr(when), F.col(M.num_events)).otherwise(0)) for when in ("ago = 0", "ago > 0")
    )
    group = [D.stream, D.feature, D.day]
    whole = Window.partitionBy(*group)
    compared = (
        seen.groupBy(*group, M.value)
        .agg(of_day.alias("n"), of_reference.alias("m"))
        .withColumns(
            {
                D.num_events: F.sum("n").over(whole),
                D.num_reference: F.sum("m").over(whole),
                D.num_values: F.count("*").over(whole),
            }
        )
        .where((F.col(D.num_events) > 0) & (F.col(D.num_reference) > 0))
        .where((F.col(D.feature) != HOUR) | ~F.col(D.day).isin(*unfinished))
    )
    a, r = (
        (F.col(count) + _SMOOTHING) / (F.col(total) + _SMOOTHING * F.col(D.num_values))
        for count, total in (("n", D.num_events), ("m", D.num_reference))
    )
    term = ((a - r) * F.log(a / r)).cast("decimal(18,9)")
    totals = D.num_events, D.num_reference, D.num_values
    by_chance = (F.col(D.num_values) - 1) * (1 / F.col(D.num_events) + 1 / F.col(D.num_reference))
    level = F.when(F.col(D.psi) < MODERATE, "stable").when(F.col(D.psi) < MAJOR, "moderate").otherwise("major")
    return (
        compared.groupBy(*group, *totals)
        .agg(F.sum(term).cast("double").alias(D.psi))
        .withColumns({D.psi_by_chance: by_chance, D.level: level})
    )


def with_references(days: DataFrame) -> DataFrame:
    """Each `day`, and the `REFERENCE_DAYS` days before it."""
    return days.select(F.explode(F.sequence(F.date_sub(M.day, REFERENCE_DAYS), F.col(M.day))).alias(M.day)).distinct()


def concerned(touched: Collection[dt.date], known: Sequence[dt.date]) -> set[dt.date]:
    """Find the days whose drift may change where the events of `touched` did.

    They are these days, those whose reference they are in, and the last day before each, which may have ended by it.

    Parameters
    ----------
    known : sequence of date
        All days with events of the stream, ascending.

    Examples
    --------
    >>> days = [dt.date(2024, 5, day) for day in (1, 2, 9, 31)]
    >>> sorted(day.day for day in concerned({dt.date(2024, 5, 2)}, days))
    [1, 2, 9]
    """
    after = dt.timedelta(days=REFERENCE_DAYS)
    found = set(touched)
    for day in touched:
        first, end = bisect_left(known, day), bisect_right(known, day + after)
        found.update(known[max(first - 1, 0) : end])
    return found
