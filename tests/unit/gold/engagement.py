"""Rows of daily engagement to test with."""

import datetime as dt
from decimal import Decimal

from gold.engines.configuration import Configuration
from lakehouse import tables

TWO_TASTES = Configuration(rank=3, iterations=4, alpha=2.0, regularization=0.1)
"""What the fixture `factors` is fitted with."""


def day(n):
    return dt.date(2024, 5, 1) + dt.timedelta(days=n)


def daily(spark, *rows):
    full = [
        (user, item, day(n), Decimal(str(value)), 1, completed, dt.datetime.combine(day(n), dt.time(12)))
        for user, item, n, value, completed in rows
    ]
    return spark.createDataFrame(full, tables.daily_engagement.schema)


def pairs(df):
    return {(row["user_id"], row["item_id"]) for row in df.collect()}
