"""What the dashboard reads of tables that Spark wrote: the same as Spark, deletion vectors included."""

import datetime as dt

from lakehouse import tables
from serving.dashboard.delta_files import DeltaFiles

DAY = dt.date(2024, 1, 1)


def engagement(lake, users, engagement):
    rows = [(f"user-{n}", "ep-1", DAY, engagement, 1, 0, dt.datetime(2024, 1, 1, 12)) for n in users]
    return lake.spark.createDataFrame(
        rows, ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in tables.daily_engagement.schema)
    )


def test_updated_and_deleted_rows_are_left_out(lake):
    from decimal import Decimal

    files = DeltaFiles(lake.settings)
    query = f"SELECT count(*) AS n, sum(engagement)::DOUBLE AS total FROM {tables.daily_engagement}"
    lake.upsert(tables.daily_engagement, engagement(lake, range(100), Decimal(1)))
    before = files.rows(query).iloc[0]
    lake.upsert(tables.daily_engagement, engagement(lake, range(10), Decimal(5)))
    scope = engagement(lake, range(90, 95), Decimal(1)).select(*tables.daily_engagement.key)
    lake.refresh(tables.daily_engagement, engagement(lake, [], Decimal(1)), scope)
    after = files.rows(query).iloc[0]

    assert files._opened[tables.daily_engagement].delta.deletion_vectors().read_all().num_rows, (
        "no deletion vector was made"
    )
    assert (before["n"], before["total"]) == (100, 100)
    assert (after["n"], after["total"]) == (95, 135)
    assert files.rows(f"SELECT max(last_ts) AS at FROM {tables.daily_engagement}")["at"].iloc[0].hour == 12
