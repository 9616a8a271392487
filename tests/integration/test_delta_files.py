"""What is read of tables that Spark wrote, without Spark: the same rows, wherever they lie."""

import datetime as dt
from decimal import Decimal
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from lakehouse import tables
from lakehouse.lake import Lakehouse
from serving.reading.delta_files import DeltaFiles

E = tables.daily_engagement
QUERY = f"SELECT count(*) AS n, CAST(sum(engagement) AS DOUBLE) AS total, max(last_ts) AS at FROM {E}"
NOON = dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)


def engagement(lake, users, engagement):
    rows = [(f"user-{n}", "ep-1", NOON.date(), Decimal(engagement), 1, 0, NOON) for n in users]
    return lake.spark.createDataFrame(rows, E.schema)


def delta_table(lake):
    return DeltaTable(lake.settings.home / "lakehouse" / E.layer / E.name)


def test_updated_and_deleted_rows_are_left_out(lake):
    files = DeltaFiles(lake.settings)
    lake.upsert(E, engagement(lake, range(100), 1))
    before = files.rows(QUERY).iloc[0]
    lake.upsert(E, engagement(lake, range(10), 5))
    scope = engagement(lake, range(90, 95), 1).select(*E.key)
    lake.refresh(E, engagement(lake, [], 1), scope)
    after = files.rows(QUERY).iloc[0]

    assert delta_table(lake).deletion_vectors().read_all().num_rows, "no deletion vector was made"
    assert (before["n"], before["total"]) == (100, 100)
    assert (after["n"], after["total"]) == (95, 135)
    assert after["at"] == NOON


def test_columns_that_delta_keeps_in_some_files_are_no_columns_of_the_table(lake):
    # Two files, of which one is written anew.
    for users in (range(5), range(5, 10)):
        lake.upsert(E, engagement(lake, users, 1))
    name = lake.name(E)
    lake.spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'false')")
    lake.upsert(E, engagement(lake, range(5, 15), 2))
    written = [pq.read_schema(unquote(file).removeprefix("file://")).names for file in delta_table(lake).file_uris()]

    rows = DeltaFiles(lake.settings).rows(f"SELECT * FROM {E} ORDER BY user_id")

    assert {"_change_type" in names for names in written} == {True, False}
    assert list(rows.columns) == E.schema.names
    assert rows["engagement"].sum() == 5 + 20


def test_a_table_without_rows_has_its_columns(lake):
    lake.name(E)

    rows = DeltaFiles(lake.settings).rows(f"SELECT * FROM {E}")

    assert (list(rows.columns), len(rows)) == (E.schema.names, 0)


@pytest.mark.parametrize("folder", ["a folder", "münchen 中", "#1", "50%", "[a]*", "it's"])
def test_a_folder_may_have_any_name(lake, folder):
    settings = lake.settings.model_copy(update={"reclake_home": lake.settings.home / folder})
    there = Lakehouse(settings, lake.spark)
    there.upsert(E, engagement(there, range(3), 1))

    assert DeltaFiles(settings).rows(QUERY)["n"].iloc[0] == 3


def test_version_and_time_are_those_that_spark_says(lake):
    lake.upsert(E, engagement(lake, range(3), 1))
    files, spark = DeltaFiles(lake.settings), lake.spark.sql(f"DESCRIBE HISTORY {lake.name(E)} LIMIT 1").first()

    assert files.version(E) == spark["version"] == 1
    assert abs(files.written_at(E).timestamp() - spark["timestamp"].timestamp()) < 1
