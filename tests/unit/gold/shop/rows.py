"""Sessions of the shop to test with."""

import datetime as dt
from decimal import Decimal

from chispa import assert_approx_df_equality

from lakehouse import tables

FIRST_DAY = dt.date(2024, 5, 1)


def at(day, hour=12.0):
    """So many days and hours after the first day began."""
    return dt.datetime.combine(FIRST_DAY, dt.time()) + dt.timedelta(days=day, hours=hour)


def item(item_id, views=1, clicks=0, carts=0, purchases=0):
    return (item_id, views, clicks, carts, purchases, None)


def session(key, items="", day=0, hour=12.0, **given):
    """A session of ten minutes that saw `items`, the last touched first: letters, or rows of `item`."""
    seen = [one if isinstance(one, tuple) else item(one) for one in items]
    counts = [sum(one[n] for one in seen) for n in range(1, 5)]
    row = {
        "session_key": key,
        "day": at(day, hour).date(),
        "owner": f"s:{key}",
        "session_id": key,
        "started_at": at(day, hour),
        "ended_at": at(day, hour) + dt.timedelta(minutes=10),
        **dict(zip(("num_views", "num_clicks", "num_add_to_cart", "num_purchases"), counts, strict=True)),
        "num_events": sum(counts),
        "session_length": 600.0,
        "revenue": Decimal(0),
        "is_bot": False,
        "items": seen,
        **given,
    }
    return tuple(row.get(field.name) for field in tables.sessions.schema)


def sessions(spark, *rows):
    return spark.createDataFrame(list(rows), tables.sessions.schema)


def put(lake, *rows):
    """Insert or update sessions, as silver does."""
    lake.upsert(tables.sessions, sessions(lake.spark, *rows))


def assert_rows(actual, expected):
    """Rows are the same in any order; comments and null constraints of columns do not matter."""
    plain = expected.sparkSession.createDataFrame(actual.select(expected.columns).collect(), expected.schema)
    assert_approx_df_equality(plain, expected, precision=1e-6, ignore_nullable=True, ignore_row_order=True)


def delete(lake, *keys):
    named = ", ".join(f"'{key}'" for key in keys)
    lake.spark.sql(f"DELETE FROM {lake.name(tables.sessions)} WHERE session_key IN ({named})")
