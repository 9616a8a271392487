"""The lakehouse: idempotent writes, change feeds and the progress of consumers."""

import datetime as dt
import re
import shutil
from contextlib import nullcontext
from decimal import Decimal

import pytest
from chispa import assert_df_equality
from pyspark.errors import AnalysisException, ParseException

from lakehouse import delta, tables
from lakehouse.ddl import creation
from lakehouse.errors import TableSchemaError
from lakehouse.lake import Lakehouse
from lakehouse.spark import start_session

DAY = dt.date(2024, 5, 1)
TS = dt.datetime(2024, 5, 1, 10)


def engagement(spark, *rows):
    full = [(user, item, day, Decimal(value), 1, 0, TS) for user, item, day, value in rows]
    return spark.createDataFrame(full, tables.daily_engagement.schema)


def keys(df):
    return df.select("user_id", "new_episode_id", "day")


def stored(lake):
    rows = lake.read(tables.daily_engagement).select("user_id", "day", "engagement").collect()
    return {(row["user_id"], row["day"]): row["engagement"] for row in rows}


def consume(lake, table):
    new = lake.changes(table, "me")
    if new is None:
        return []
    new.commit()
    return [row[0] for row in new.rows.collect()]


@pytest.fixture
def ids(lake):
    return lambda *pairs: lake.spark.createDataFrame(list(pairs), tables.user_ids.schema)


def test_an_upsert_twice_is_an_upsert_once(lake, spark):
    rows = engagement(spark, ("u1", "e1", DAY, "2"), ("u2", "e1", DAY, "3"))

    lake.upsert(tables.daily_engagement, rows)
    consume(lake, tables.daily_engagement)
    lake.upsert(tables.daily_engagement, rows)

    assert_df_equality(
        lake.read(tables.daily_engagement), rows, ignore_row_order=True, ignore_nullable=True, ignore_metadata=True
    )
    assert lake.changes(tables.daily_engagement, "me") is None


def test_a_refresh_updates_inserts_and_deletes_within_its_scope_only(lake, spark):
    yesterday = DAY - dt.timedelta(days=1)
    before = engagement(spark, ("u1", "e1", DAY, "1"), ("u2", "e1", DAY, "1"), ("u3", "e1", yesterday, "1"))
    lake.upsert(tables.daily_engagement, before)
    scope = keys(engagement(spark, ("u1", "e1", DAY, "0"), ("u2", "e1", DAY, "0"), ("u4", "e1", DAY, "0")))

    lake.refresh(
        tables.daily_engagement, engagement(spark, ("u1", "e1", DAY, "5"), ("u4", "e1", DAY, "4")), scope=scope
    )

    assert stored(lake) == {("u1", DAY): 5, ("u3", yesterday): 1, ("u4", DAY): 4}


def test_append_new_leaves_existing_rows_alone(lake, ids):
    lake.append_new(tables.user_ids, ids(("a", 0)))
    lake.append_new(tables.user_ids, ids(("a", 9), ("b", 1)))

    assert {(row["id"], row["idx"]) for row in lake.read(tables.user_ids).collect()} == {("a", 0), ("b", 1)}


def test_a_consumer_sees_each_change_once(lake, ids):
    lake.append_new(tables.user_ids, ids(("a", 0)))
    first = consume(lake, tables.user_ids)
    lake.append_new(tables.user_ids, ids(("a", 0), ("b", 1)))

    assert (first, consume(lake, tables.user_ids), consume(lake, tables.user_ids)) == (["a"], ["b"], [])


def test_a_consumer_that_ends_before_it_commits_sees_the_same_changes_again(lake, ids):
    lake.append_new(tables.user_ids, ids(("a", 0)))

    assert lake.changes(tables.user_ids, "me") is not None
    assert consume(lake, tables.user_ids) == ["a"]


def test_versions_that_changed_no_row_are_read_once(lake, ids):
    lake.append_new(tables.user_ids, ids(("a", 0)))
    consume(lake, tables.user_ids)
    lake.spark.sql(f"ALTER TABLE {lake.name(tables.user_ids)} SET TBLPROPERTIES ('reclake.note' = 'x')")

    assert lake.changes(tables.user_ids, "me") is None
    assert lake.progress.of("me") == {"gold.user_ids": lake.version(tables.user_ids)}


@pytest.fixture
def forgetful(spark):
    """Let everything be vacuumed that the newest version does not need, as time does."""
    settings = {
        "spark.databricks.delta.retentionDurationCheck.enabled": "false",
        # By default in 10,000 tasks, however few files there are.
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "1",
    }
    for name, value in settings.items():
        spark.conf.set(name, value)
    yield lambda name: spark.sql(f"OPTIMIZE {name}") and spark.sql(f"VACUUM {name} RETAIN 0 HOURS")
    for name in settings:
        spark.conf.unset(name)


def test_whoever_lags_behind_what_was_vacuumed_reads_the_table_and_what_is_left_of_its_targets(lake, ids, forgetful):
    source, made = tables.user_ids, tables.item_ids
    lake.append_new(source, ids(("gone", 0), ("stays", 1)))
    lake.append_new(made, ids(("gone", 0), ("stays", 1)))
    lake.changes(source, "lags", into=[made]).commit()
    lake.refresh(source, ids(("stays", 2)), scope=ids(("gone", 0), ("stays", 1)).select("id"))
    forgetful(lake.name(source))

    lagging, new = lake.changes(source, "lags", into=[made]), lake.changes(source, "is new")

    assert {row["id"] for row in lagging.touched("id").collect()} == {"gone", "stays"}
    for found in (lagging, new):
        assert (found.is_whole, [tuple(row) for row in found.rows.collect()]) == (True, [("stays", 2)])
    lagging.commit()
    assert lake.changes(source, "lags", into=[made]) is None


def test_whoever_lags_behind_a_log_that_was_cleaned_up_reads_the_table(lake, ids):
    lake.append_new(tables.user_ids, ids(("a", 0)))
    consume(lake, tables.user_ids)
    lake.spark.sql(f"ALTER TABLE {lake.name(tables.user_ids)} SET TBLPROPERTIES ('delta.checkpointInterval' = '3')")
    lake.append_new(tables.user_ids, ids(("b", 1)))
    log = lake.settings.home / "lakehouse" / "gold" / "user_ids" / "_delta_log"
    assert list(log.glob("*3.checkpoint.parquet"))
    for version in range(3):
        (log / f"{version:020}.json").unlink()

    new = lake.changes(tables.user_ids, "me")

    assert (new.is_whole, new.rows.count()) == (True, 2)


def test_tables_of_older_versions_keep_their_files_as_long_as_their_log_and_get_an_identity_once(lake, spark, ids):
    lake.append_new(tables.user_ids, ids(("a", 0)))
    name = lake.name(tables.user_ids)
    kept = ("delta.logRetentionDuration", "delta.deletedFileRetentionDuration", "reclake.identity")

    def properties():
        found = {row["key"]: row["value"] for row in spark.sql(f"SHOW TBLPROPERTIES {name}").collect()}
        return [found.get(key) for key in kept]

    assert properties()[:2] == ["interval 30 days", "interval 30 days"]
    first, listed = properties()[2], ", ".join(map(repr, kept))
    spark.sql(f"ALTER TABLE {name} UNSET TBLPROPERTIES ({listed})")
    assert properties() == [None, None, None]
    for _ in range(2):
        Lakehouse(lake.settings, spark).name(tables.user_ids)
    *durations, identity = properties()
    lake.replace(tables.user_ids, ids(("b", 0)))

    assert durations == ["interval 30 days", "interval 30 days"]
    assert first != identity
    assert None not in (first, identity)
    assert properties() == [*durations, identity]
    history = spark.sql(f"DESCRIBE HISTORY {name}").select("operation").collect()
    assert [row[0] for row in history].count("SET TBLPROPERTIES") == 1


def test_tables_made_anew_and_other_settings_let_a_consumer_begin_again(lake, spark, ids):
    source, made = tables.user_ids, tables.item_ids
    lake.append_new(source, ids(("a", 0), ("b", 1)))
    lake.append_new(made, ids(("a", 0)))

    def finds(by="weights", of=lake):
        found = of.changes(source, "me", into=[made], by=by)
        if found:
            found.commit()
        return found and (found.is_whole, found.feed.count())

    assert [finds(), finds(), finds(by="others"), finds(by="others")] == [(True, 2), None, (True, 2), None]
    assert finds(by=None) is None, "who depends on nothing is contradicted by nothing"
    finds()

    def drop(table):
        spark.sql(f"DROP TABLE {lake.name(table)}")
        shutil.rmtree(lake.settings.home / "lakehouse" / "gold" / table.name)
        return Lakehouse(lake.settings, spark)

    without = drop(made)
    assert [finds(of=without), finds(of=without)] == [(True, 2), None]
    without.append_new(made, ids(("a", 0)))
    assert [finds(of=without), finds(of=without)] == [(True, 2), None]
    anew = drop(source)
    for number in range(4):
        anew.append_new(source, ids((f"c{number}", number)))
    assert [finds(of=anew), finds(of=anew)] == [(True, 4), None]


def test_touched_keys_include_those_that_an_update_left(lake, spark):
    lake.upsert(tables.user_ids, spark.createDataFrame([("a", 1)], tables.user_ids.schema))
    consume(lake, tables.user_ids)
    lake.upsert(tables.user_ids, spark.createDataFrame([("a", 2)], tables.user_ids.schema))

    new = lake.changes(tables.user_ids, "me")

    assert {row["idx"] for row in new.touched("idx").collect()} == {1, 2}


def test_news_come_once_for_a_change_of_any_source(lake, ids):
    sources = (tables.user_ids, tables.item_ids)

    def runs() -> bool:
        news = lake.news("trainer", *sources)
        if news:
            news.commit()
        return news is not None

    empty = runs()
    lake.append_new(tables.user_ids, ids(("a", 0)))
    lake.append_new(tables.item_ids, ids(("x", 0)))
    changed = [runs(), runs()]
    lake.progress.forget("trainer")

    assert [empty, *changed, runs(), runs()] == [False, True, False, True, False]


def test_a_merge_reads_only_the_files_of_its_days(lake, spark):
    for n in range(4):
        day = DAY + dt.timedelta(days=n)
        lake.upsert(tables.daily_engagement, engagement(spark, ("u1", "e1", day, "1")))

    lake.upsert(tables.daily_engagement, engagement(spark, ("u1", "e1", DAY, "2")))

    newest = spark.sql(f"DESCRIBE HISTORY {lake.name(tables.daily_engagement)} LIMIT 1").first()
    assert newest["operationMetrics"]["numTargetFilesAdded"] == "1"
    assert newest["operationMetrics"]["numTargetRowsUpdated"] == "1"
    assert "day" in newest["operationParameters"]["predicate"]


def test_a_table_of_an_older_schema_is_named_with_what_to_do(lake, spark):
    folder = lake.settings.home / "lakehouse" / "gold" / "user_ids"
    spark.createDataFrame([("a",)], "id string").write.format("delta").save(str(folder))

    with pytest.raises(TableSchemaError, match=r"gold.user_ids .* lacks idx int. .*ADD COLUMNS \(idx int\)"):
        lake.name(tables.user_ids)


def test_tables_survive_the_session_that_made_them(lake, spark, ids):
    lake.append_new(tables.user_ids, ids(("a", 0)))
    spark.sql(f"DROP TABLE {lake.name(tables.user_ids)}")

    assert Lakehouse(lake.settings, spark).read(tables.user_ids).count() == 1


def test_the_history_of_a_table_says_who_wrote_each_version(lake, ids):
    first, second = ids(("a", 0)), ids(("b", 1))
    lake.with_settings(lake.settings.model_copy(update={"written_by": "run1/assign_ids"})).append_new(
        tables.user_ids, first
    )
    lake.append_new(tables.user_ids, second)

    history = lake.spark.sql(f"DESCRIBE HISTORY {lake.name(tables.user_ids)}").collect()
    assert [(row["operation"], row["userMetadata"]) for row in history] == [
        ("MERGE", None),
        ("MERGE", "run1/assign_ids"),
        ("CREATE TABLE", "run1/assign_ids"),
    ]


@pytest.mark.parametrize(("condition", "is_raised"), [("CONFIG_NOT_AVAILABLE", False), ("OTHER", True)])
def test_compute_on_which_no_task_may_sign_its_commits_goes_on_without(condition, is_raised):
    class Refusing:
        """As the session settings of serverless compute, of which there is none here."""

        conf = property(lambda self: self)

        def set(self, *_):
            error = AnalysisException("no")
            error.getCondition = lambda: condition
            raise error

    with pytest.raises(AnalysisException) if is_raised else nullcontext():
        delta.sign(Refusing(), "run1/assign_ids")


def test_a_table_carries_the_comments_of_the_catalogue(lake, spark):
    described = spark.sql(f"DESCRIBE TABLE EXTENDED {lake.name(tables.sessions)}").collect()

    found = {row["col_name"]: (row["data_type"], row["comment"]) for row in described}
    assert found["owner"][1] == "whose session: s: and the producer's session, or u: and the user where there is none"
    assert found["Comment"][0] == tables.sessions.comment


def test_a_table_that_cannot_be_tagged_is_a_warning_that_says_what_to_run(lake, caplog):
    # As in a workspace that governs the tag: open-source Spark refuses the statement as well.
    name = lake.name(tables.sessions)

    delta.tag_personal(lake.spark, name, tables.sessions)

    (first, *_) = caplog.messages
    assert first.startswith("Table silver.sessions holds personal data and has no tag: ")
    assert first.endswith(
        f"Whoever may tag runs ALTER TABLE {name} ALTER COLUMN `owner` SET TAGS ('personal_data' = 'true')."
    )
    assert len(caplog.messages) == 3


@pytest.mark.parametrize("table", [tables.sessions, tables.quality_results], ids=str)
def test_the_statement_of_unity_catalog_is_one_that_spark_parses_but_for_the_key(spark, table):
    statement = creation("`main`.`silver`.`made`", table, "1a", folder=None)
    key = re.search(r", PRIMARY KEY \([^)]*\)", statement)[0]

    spark.sql(f"EXPLAIN {statement.replace('`main`', 'spark_catalog').replace(key, '')}")
    with pytest.raises(ParseException):
        spark.sql(f"EXPLAIN {statement.replace('`main`', 'spark_catalog')}").collect()


def test_the_session_of_a_workspace_is_in_utc_whatever_an_administrator_has_set(lake, spark, monkeypatch):
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "client.4")
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")

    session = start_session(lake.settings)

    assert session.conf.get("spark.sql.session.timeZone") == "UTC"
    assert session.sql("SELECT CAST(timestamp_seconds(0) AS STRING)").first()[0] == "1970-01-01 00:00:00"
