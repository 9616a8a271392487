"""Drift: days that are like those before them and days that are not, by hand and in any batches."""

import datetime as dt
import shutil
from collections import Counter
from math import log

import pytest
from chispa import assert_df_equality
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.errors import TaskParameterError
from silver import drift
from silver.listening.tasks import measure_drift

FIRST = dt.date(2024, 5, 1)
MIX = "stream string, feature string, value string, day date, num_events long"


def day(number):
    return FIRST + dt.timedelta(days=number)


def mixes(spark, *rows, feature="type"):
    """Rows of (value, day, number of events)."""
    return spark.createDataFrame([("shop", feature, value, day(of), number) for value, of, number in rows], MIX)


def test_each_day_is_measured_against_the_days_before_it(spark):
    before = [("view", 0, 60), ("view", 1, 19), ("cart", 0, 15), ("cart", 1, 5)]

    actual = drift.drift(mixes(spark, *before, ("view", 5, 4), ("cart", 5, 5))).where(F.col("day") == day(5))

    # Of the day (4.5 / 10, 5.5 / 10), of what was before (79.5 / 100, 20.5 / 100).
    psi = (0.45 - 0.795) * log(0.45 / 0.795) + (0.55 - 0.205) * log(0.55 / 0.205)
    expected = spark.createDataFrame(
        [("shop", "type", day(5), round(psi, 9), 1 / 9 + 1 / 99, "major", 9, 99, 2)], tables.drift.schema
    )
    assert_df_equality(
        actual.select(tables.drift.schema.names).withColumn("psi", F.round("psi", 8)),
        expected.withColumn("psi", F.round("psi", 8)),
        ignore_nullable=True,
        ignore_metadata=True,
    )


@pytest.mark.parametrize(
    ("views", "carts", "level"), [(800, 200, "stable"), (650, 350, "moderate"), (500, 500, "major"), (0, 1000, "major")]
)
def test_the_further_the_shares_are_the_higher_is_the_level(spark, views, carts, level):
    today = [row for row in (("view", 1, views), ("cart", 1, carts)) if row[2]]

    (measured,) = drift.drift(mixes(spark, ("view", 0, 8_000), ("cart", 0, 2_000), *today)).collect()

    assert measured["level"] == level


def test_a_value_that_was_not_seen_before_counts_as_half_an_event(spark):
    (measured,) = drift.drift(mixes(spark, ("view", 0, 99), ("spam", 1, 9))).collect()

    day_, before = (0.5 / 10, 9.5 / 10), (99.5 / 100, 0.5 / 100)
    assert measured["psi"] == pytest.approx(sum((a - r) * log(a / r) for a, r in zip(day_, before, strict=True)))


def test_days_are_compared_with_four_weeks_and_the_first_with_nothing(spark):
    rows = drift.drift(mixes(spark, ("view", 0, 3), ("view", 28, 5), ("view", 57, 7))).collect()

    assert [(row["day"], row["num_events"], row["num_reference"]) for row in rows] == [(day(28), 5, 3)]


def test_hours_are_measured_when_the_day_is_over(spark):
    rows = [("10", number, 5) for number in range(3)]
    both = mixes(spark, *rows, feature=drift.HOUR).union(mixes(spark, *rows))

    measured = drift.drift(both, unfinished=[day(2)]).collect()

    assert {(row["feature"], row["day"]) for row in measured} == {
        ("hour", day(1)),
        ("type", day(1)),
        ("type", day(2)),
    }


def test_rare_values_are_counted_together_and_missing_ones_by_name(spark):
    devices = [f"made-up-{n:03}" for n in range(drift.MOST_VALUES + 5)]
    rows = [(day(0), device) for device in ["ios", "ios", None, None, *devices]]

    mix = drift.mix(spark.createDataFrame(rows, "day date, device string"), {"device": "device"}).collect()

    found = {row["value"]: row["num_events"] for row in mix}
    assert len(found) == drift.MOST_VALUES + 1
    assert (found["ios"], found[drift.NONE], found[drift.OTHERS]) == (2, 2, 7)


def test_an_unknown_stream_is_refused(lake):
    with pytest.raises(TaskParameterError, match="stream='radio'"):
        measure_drift.run(lake, {"stream": "radio"})


_CLICK = st.tuples(
    st.sampled_from(["view", "view", "cart", "purchase"]),
    st.sampled_from([None, "u1"]),
    st.sampled_from([0, 1, 2, 27, 28, 29, 60]),
    st.integers(0, 23),
    st.sets(st.integers(0, 2), min_size=1),
)


def clicked(lake, clicks):
    """Rows of silver, the same for the same click."""
    rows = [
        (str(number), day(of), dt.datetime.combine(day(of), dt.time(hour)), None, user, "i", kind, None, None, None)
        for number, (kind, user, of, hour, _) in clicks
    ]
    return lake.spark.createDataFrame(rows, tables.clickstream_events.schema)


def by_hand(clicks):
    """What `ops.drift` should hold, from a plain count."""
    features = {"type": lambda c: c[0], "shopper": lambda c: "known" if c[1] else "anonymous", "hour": lambda c: c[3]}
    days = sorted({click[2] for click in clicks})
    for feature, value in features.items():
        for of in days[: -1 if feature == "hour" else None]:
            now = Counter(value(click) for click in clicks if click[2] == of)
            before = Counter(value(click) for click in clicks if 0 < of - click[2] <= 28)
            if before:
                k = len(now | before)
                shares = [
                    ((now[v] + 0.5) / (now.total() + k / 2), (before[v] + 0.5) / (before.total() + k / 2))
                    for v in now | before
                ]
                psi = sum((a - r) * log(a / r) for a, r in shares)
                yield ("shop", feature, day(of)), (pytest.approx(psi, abs=1e-6), now.total(), before.total())


@settings(max_examples=1, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(clicks=st.lists(_CLICK, min_size=40, max_size=60), random=st.randoms(use_true_random=False))
def test_in_any_batches_drift_is_what_a_plain_count_gives(new_lake, clicks, random):
    # The first example that hypothesis offers is the smallest there is.
    assume(len({click[2] for click in clicks}) > 4)
    lake, numbered = new_lake(), list(enumerate(clicks))
    for batch in range(3):
        random.shuffle(numbered)
        arrived = [one for one in numbered if batch in one[1][-1]]
        if arrived:
            lake.append_new(tables.clickstream_events, clicked(lake, arrived))
        measure_drift.run(lake, {"stream": "shop"})
    rows = lake.read(tables.drift).collect()

    found = {(r["stream"], r["feature"], r["day"]): (r["psi"], r["num_events"], r["num_reference"]) for r in rows}
    assert found == dict(by_hand(clicks))

    shutil.rmtree(lake.progress.folder)
    measure_drift.run(lake, {"stream": "shop"})
    assert sorted(lake.read(tables.drift).collect(), key=str) == sorted(rows, key=str)
