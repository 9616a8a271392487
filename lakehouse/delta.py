"""Delta statements: opening a table of the catalogue, its versions and change feed, and merges that prune files.

Only the DataFrame and SQL API is used, which a Spark Connect session and serverless compute have.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname
from uuid import uuid4

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import Column, DataFrame, MergeIntoWriter, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DateType
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random

from lakehouse.ddl import IDENTITY, KEPT, creation, identifier, literal, properties, tagging
from lakehouse.errors import ServiceError, TableSchemaError, said
from lakehouse.settings import Settings
from lakehouse.tables import Table

_ANEW = "docs/operations.md, Reset and replay"
_MOST_LITERALS = 1_000
_WRITER = "spark.databricks.delta.commitInfo.userMetadata"
_SIGNS_OF_A_GONE_FEED = (
    "FILE_NOT_EXIST",
    "FILE_NOT_FOUND",
    "FileNotFound",
    "VersionNotFound",
    "DELTA_EMPTY_DIRECTORY",
    "DELTA_TRUNCATED_TRANSACTION_LOG",
    "DELTA_VERSION",
    "DELTA_CHANGE_TABLE_FEED_DISABLED",
    "DELTA_MISSING_CHANGE_DATA",
)
"""What Delta, Spark and stores say of files, versions and logs that were removed, at analysis or while reading."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Commit:
    """The newest version of a table, and when: another table of its name has the same versions at other times."""

    version: int
    at: dt.datetime


def place(settings: Settings, table: Table) -> str:
    """What tells a table from all others that a session can hold: its SQL name, and its folder if it has one."""
    return f"{_name(settings, table)} {_location(settings, table)}"


def open_table(spark: SparkSession, settings: Settings, table: Table) -> str:
    """Create the table, or register it over its folder, and return its SQL name.

    Raises
    ------
    TableSchemaError
        The stored table lacks a column, or has it with another type.
    ServiceError
        The store that the lakehouse lies in cannot be reached.
    """
    name = _name(settings, table)
    if exists(spark, settings, table):
        if not settings.catalog:
            spark.sql(f"CREATE TABLE IF NOT EXISTS {name} USING delta {_location(settings, table)}")
        _check_schema(spark, settings, table)
        _keep(spark, name, table)
        return name
    spark.sql(creation(name, table, uuid4().hex, None if settings.catalog else _path(settings, table)))
    if settings.catalog:
        tag_personal(spark, name, table)
    return name


def tag_personal(spark: SparkSession, name: str, table: Table) -> None:
    """Tag personal data; where the workspace does not allow it, the table is there all the same."""
    for statement in tagging(name, table):
        try:
            spark.sql(statement)
        except PySparkException as error:
            log.warning(
                "Table %s holds personal data and has no tag: %s. Whoever may tag runs %s.",
                table,
                said(error),
                statement,
            )


def _keep(spark: SparkSession, name: str, table: Table) -> None:
    """Give a table of an older version what new ones are made with: how long its past is kept, and an identity."""
    stored = _properties(spark, name)
    lacking = {key: value for key, value in {IDENTITY: uuid4().hex, **KEPT}.items() if key not in stored}
    if not lacking:
        return
    try:
        spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ({properties(lacking)})")
    except PySparkException as error:
        # Who may only read has to do without, and whoever writes next sets them.
        log.info("The properties of table %s stay as they are: %s", table, said(error))


def _properties(spark: SparkSession, name: str) -> Mapping[str, str]:
    return {row["key"]: row["value"] for row in spark.sql(f"SHOW TBLPROPERTIES {name}").collect()}


def exists(spark: SparkSession, settings: Settings, table: Table) -> bool:
    """Whether the table was created already, in this session or before.

    Raises
    ------
    ServiceError
        The store that the lakehouse lies in cannot be reached.
    """
    if settings.catalog:
        return spark.catalog.tableExists(_name(settings, table))
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS {identifier(settings.schema_of(table.layer))}")
    return _is_delta(spark, _uri(settings, table))


def newest(spark: SparkSession, name: str) -> Commit:
    """The newest commit of a table."""
    # What else a commit says of itself takes a quarter of the time.
    found = spark.sql(f"DESCRIBE HISTORY {name} LIMIT 1").select("version", "timestamp").first()
    assert found is not None
    return Commit(int(found["version"]), found["timestamp"])


def sign(spark: SparkSession, writer: str | None) -> None:
    """Let every commit of the session say who writes, in `userMetadata` of the table's history."""
    try:
        spark.conf.set(_WRITER, writer) if writer else spark.conf.unset(_WRITER)
    except PySparkException as error:
        # Serverless compute lets no task set it; there the history names job and run by itself.
        if error.getCondition() != "CONFIG_NOT_AVAILABLE":
            raise


class FeedGoneError(Exception):
    """The changes of a table can no longer be read: its log or its files are gone, or for a time nobody kept them."""


def changed(spark: SparkSession, name: str, start: int, end: int) -> DataFrame | None:
    """Every row changed in versions `start` to `end`, both included, with `_change_type` and `_commit_version`.

    None if no row was. All files are looked into, so that what can no longer be read is known before anything is done.

    Raises
    ------
    FeedGoneError
        What changed cannot be told.
    """
    feed = spark.read.option("readChangeFeed", "true").option("startingVersion", start).option("endingVersion", end)
    try:
        rows = feed.table(name)
        return rows if rows.count() else None
    except (PySparkException, Py4JJavaError) as error:
        if isinstance(error, AnalysisException) or any(sign in str(error) for sign in _SIGNS_OF_A_GONE_FEED):
            raise FeedGoneError(f"of what changed since version {start} no record is left ({_cause(error)})") from None
        raise


def snapshot(spark: SparkSession, name: str, version: int) -> DataFrame:
    """All rows of a table at a version, as its feed would have them if that version had inserted them."""
    rows = spark.read.option("versionAsOf", version).table(name)
    return rows.withColumns({"_change_type": F.lit("insert"), "_commit_version": F.lit(version).cast("long")})


def identity(spark: SparkSession, name: str) -> str:
    """What tells a table from others of its name; none of one that was never given any, see `open_table`."""
    return _properties(spark, name).get(IDENTITY, "")


def pruning(rows: DataFrame, column: str, of: str = "") -> Column | None:
    """A literal predicate on `column` that holds for every value in `rows`; none when there are no rows.

    Parameters
    ----------
    of : str
        Alias of the table that the predicate is about.
    """
    target = F.col(f"{of}.{column}" if of else column)
    if isinstance(rows.schema[column].dataType, DateType):
        # Bounded by the calendar, whatever the number of events.
        found = [row[0] for row in rows.select(column).distinct().limit(_MOST_LITERALS + 1).collect()]
        if not found:
            return None
        if len(found) <= _MOST_LITERALS:
            return target.isin(*(F.lit(day) for day in sorted(found)))
    # As text, so that no timestamp passes through the time zone of this process.
    bounds = rows.agg(F.min(column).cast("string"), F.max(column).cast("string")).first()
    if bounds is None or bounds[0] is None:
        return None
    low, high = (F.lit(bound).cast(rows.schema[column].dataType) for bound in bounds)
    return target.between(low, high)


def semi_join(rows: DataFrame, keys: DataFrame, table: Table) -> DataFrame:
    """The rows of a table that agree with a row of `keys`; see `Lakehouse.read`."""
    cluster = table.cluster_by[:1]
    if cluster and cluster[0] in keys.columns:
        within = pruning(keys, cluster[0])
        rows = rows.where(F.lit(False) if within is None else within)
    return rows.join(keys, keys.columns, "left_semi")


def upsert(name: str, table: Table, rows: DataFrame, *, wins: str | None) -> None:
    """Merge rows into a table by its key; see `Lakehouse.upsert`."""
    merge = _merge(name, table, rows, scope=rows)
    if merge is not None:
        better = F.expr(_named(wins, table)) if wins else _differs(table)
        # By name, as a stored table may have columns that went out of use.
        values = _values(table)
        _run(merge.whenMatched(better).update(values).whenNotMatched().insert(values))


def append_new(name: str, table: Table, rows: DataFrame) -> None:
    """Insert the rows whose key is not there; see `Lakehouse.append_new`."""
    merge = _merge(name, table, rows, scope=rows)
    if merge is not None:
        _run(merge.whenNotMatched().insert(_values(table)))


def refresh(name: str, table: Table, rows: DataFrame, scope: DataFrame) -> None:
    """Merge recomputed rows and delete the keys of `scope` that have none; see `Lakehouse.refresh`."""
    found = rows.withColumn("_found", F.lit(True))
    source = (
        scope.select(*table.key).join(found, list(table.key), "left").withColumn("_found", F.expr("_found <=> true"))
    )
    merge = _merge(name, table, source, scope)
    if merge is not None:
        values = _values(table)
        _run(
            merge.whenMatched(~F.col("source._found"))
            .delete()
            .whenMatched(_differs(table))
            .update(values)
            .whenNotMatched(F.col("source._found"))
            .insert(values)
        )


def _is_conflict(error: BaseException) -> bool:
    # Whoever opens a table of an older version changes its properties, see `open_table`.
    return isinstance(error, PySparkException) and any(
        sign in str(error) for sign in ("DELTA_CONCURRENT", "DELTA_METADATA_CHANGED")
    )


@retry(retry=retry_if_exception(_is_conflict), stop=stop_after_attempt(6), wait=wait_random(0, 3), reraise=True)
def _run(merge: MergeIntoWriter) -> None:
    """Run a merge; parallel tasks write to the quarantine, and a merge can be repeated."""
    merge.merge()


def _merge(name: str, table: Table, source: DataFrame, scope: DataFrame) -> MergeIntoWriter | None:
    """A merge on the key that looks only where the clustering column of `scope` lies; none where that is nowhere."""
    on = F.expr(" AND ".join(f"source.{column} = {table.name}.{column}" for column in table.key))
    if table.cluster_by:
        where = pruning(scope, table.cluster_by[0], of=table.name)
        if where is None:
            return None
        on = where & on
    return source.alias("source").mergeInto(name, on)


def _values(table: Table) -> dict[str, Column]:
    return {column: F.col(f"source.{column}") for column in table.names}


def _differs(table: Table) -> Column:
    same = " AND ".join(f"source.{column} <=> {table.name}.{column}" for column in table.values)
    return F.expr(f"NOT ({same})")


def _named(condition: str, table: Table) -> str:
    return condition.replace("target.", f"{table.name}.")


def _name(settings: Settings, table: Table) -> str:
    parts = (settings.catalog, settings.schema_of(table.layer), table.name)
    return ".".join(identifier(part) for part in parts if part)


def _uri(settings: Settings, table: Table) -> str:
    return f"{settings.lakehouse}/{table.layer}/{table.name}"


def _location(settings: Settings, table: Table) -> str:
    """In Unity Catalog a table is managed; elsewhere it is a folder."""
    return "" if settings.catalog else f"LOCATION '{literal(_path(settings, table))}'"


def _path(settings: Settings, table: Table) -> str:
    """A table's folder as Spark takes it, which reads no escapes: `%20` would be three characters of its name."""
    uri = _uri(settings, table)
    return unquote(uri) if uri.startswith("file:") else uri


def _is_delta(spark: SparkSession, uri: str) -> bool:
    if uri.startswith("file:"):
        return Path(url2pathname(urlsplit(uri).path), "_delta_log").exists()
    # Only Spark reaches other stores; there it lists a folder, here it would take 50 ms a table. Reading it as Delta
    # would ask for each folder above as well, and wait for each of them where nobody answers.
    try:
        spark.read.text(f"{uri}/_delta_log").schema  # noqa: B018 - on Spark Connect a plan is analysed only when asked
    except AnalysisException as error:
        if error.getCondition() == "PATH_NOT_FOUND":
            return False
        raise
    except (PySparkException, Py4JJavaError) as error:
        raise ServiceError(
            f"The lakehouse at {uri} cannot be reached: {_cause(error)}. "
            "Check LAKEHOUSE_ROOT, SPARK_PACKAGES and HADOOP_OPTIONS."
        ) from None
    return True


def _cause(error: PySparkException | Py4JJavaError) -> str:
    """What went wrong in the first place, without the pages that Java says around it."""
    if isinstance(error, PySparkException):
        return str(error.getMessage()).splitlines()[0].rstrip(".")
    cause = error.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    return str(cause.toString()).splitlines()[0].rstrip(".")


def _check_schema(spark: SparkSession, settings: Settings, table: Table) -> None:
    stored = {field.name: field.dataType for field in spark.read.table(_name(settings, table)).schema}
    missing = [field for field in table.schema if field.name not in stored]
    changed = [
        f for f in table.schema if f.name in stored and stored[f.name].simpleString() != f.dataType.simpleString()
    ]
    if missing:
        columns = ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in missing)
        # Without a catalog no other session knows a table by its name.
        address = _name(settings, table) if settings.catalog else f"delta.`{_path(settings, table)}`"
        raise TableSchemaError(
            f"Table {table} was written by an older version: it lacks {columns}. Add the columns with "
            f"`ALTER TABLE {address} ADD COLUMNS ({columns})`, or make the table anew ({_ANEW})."
        )
    if changed:
        faults = ", ".join(
            f"{f.name} is {stored[f.name].simpleString()}, not {f.dataType.simpleString()}" for f in changed
        )
        raise TableSchemaError(
            f"Table {table} was written by another version: {faults}. Make the table anew ({_ANEW})."
        )
