"""Ingestion of a topic: every record, from Kafka or from landing files, exactly once into its bronze table."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from pyspark.errors import PySparkException, StreamingQueryException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze.generations import checkpoint_of, generation, name_in_bronze
from bronze.landing import take_in
from lakehouse.errors import DataLossError, TaskParameterError
from lakehouse.kafka import require_topic, spark_options, topic_id
from lakehouse.lake import Lakehouse
from lakehouse.services import kafka_bootstrap
from lakehouse.tables import RAW_BY_TOPIC, Table
from lakehouse.task import task

_CONSUMER = "ingest"
_EARLIEST = -2
"""What Spark's Kafka source calls the oldest offset of a partition."""
_FETCHING = {"kafka.fetch.max.wait.ms": "20", "kafka.max.poll.records": "5000"}
"""After every poll Spark asks for the partition's first and last offset. The consumer, then at the end of the log, asks
for what comes next, and gets nothing else before that is answered: so it waits shortly, and polls seldom."""


@task
def ingest(lake: Lakehouse, topic: str) -> None:
    """Append to the topic's bronze table what is new since the last run where `events_source` says.

    Raises
    ------
    TaskParameterError
        The catalogue has no bronze table for the topic.
    ServiceError
        The broker cannot be reached, refuses the credentials, or lacks the topic.
    DataLossError
        Kafka expired records that were not read yet, or the topic is another than the one that was read.
    InputFileError
        The landing folder cannot be listed.
    """
    table = RAW_BY_TOPIC.get(topic)
    if table is None:
        raise TaskParameterError(f"No bronze table takes topic {topic!r}. Known topics: {', '.join(RAW_BY_TOPIC)}.")
    # Files first: they come in whether a broker answers or not.
    if lake.settings.events_source != "kafka":
        take_in(lake, topic, table)
    if lake.settings.events_source != "files":
        _read_kafka(lake, topic, table)


def _read_kafka(lake: Lakehouse, topic: str, table: Table) -> None:
    """Append what Kafka holds beyond the last run."""
    bootstrap = kafka_bootstrap(lake.settings)
    partitions = require_topic(lake.settings, bootstrap, topic)
    first = lake.settings.files / "checkpoints" / "bronze" / table.name
    number = generation(lake, topic, topic_id(lake.settings, bootstrap, topic), first)
    name, checkpoint = name_in_bronze(topic, number), checkpoint_of(first, number)
    source = {
        **spark_options(lake.settings, bootstrap),
        **_FETCHING,
        "subscribe": topic,
        # What an aborted transaction wrote was never said.
        "kafka.isolation.level": "read_committed",
        "includeHeaders": "true",
        "startingOffsets": _start(lake, table, topic, name, partitions, checkpoint),
        "failOnDataLoss": str(lake.settings.kafka_on_data_loss == "fail").lower(),
        "maxOffsetsPerTrigger": str(lake.settings.kafka_max_offsets_per_trigger),
    }
    records = lake.spark.readStream.format("kafka").options(**source).load()
    query = (
        as_received(records, name)
        .writeStream.format("delta")
        .queryName(f"ingest {topic}")
        .option("checkpointLocation", str(checkpoint))
        .trigger(availableNow=True)
        .toTable(lake.name(table))
    )
    try:
        query.awaitTermination()
    except StreamingQueryException as error:
        _raise_data_loss(topic, error)
        raise


def as_received(records: DataFrame, name: str) -> DataFrame:
    """Name the columns of Spark's Kafka source as the bronze tables do, interpreting nothing.

    Parameters
    ----------
    records : DataFrame
        `partition, offset, key, value, headers, timestamp` of Spark's Kafka source.
    name : str
        What bronze calls the topic.
    """
    return records.select(
        F.lit(name).alias("topic"),
        "partition",
        "offset",
        F.col("key").alias("record_key"),
        "value",
        "headers",
        "timestamp",
        F.current_timestamp().alias("ingested_at"),
    )


def _start(lake: Lakehouse, table: Table, topic: str, name: str, partitions: int, checkpoint: Path) -> str:
    """Where a new checkpoint begins: behind what bronze already holds, so that a lost checkpoint repeats nothing.

    One that tells of another table, which was dropped or is in another lakehouse, is lost as well.
    """
    is_new = not lake.exists(table)
    about = lake.about(table)
    noted = lake.progress.noted(_CONSUMER, name)
    if is_new or (noted and not noted.is_of(about)):
        _forget(checkpoint)
    lake.progress.commit(_CONSUMER, {name: 0}, {name: about})
    # A run that died early leaves a checkpoint without offsets, which says nothing.
    if is_new or any((checkpoint / "offsets").glob("[0-9]*")):
        return "earliest"
    # Negative ones are of landing files.
    of_kafka = lake.read(table).where((F.col("topic") == name) & (F.col("partition") >= 0))
    newest = of_kafka.groupBy("partition").agg(F.max("offset").alias("offset"))
    held = {row["partition"]: row["offset"] + 1 for row in newest.collect()}  # a row per partition
    return json.dumps({topic: {str(number): held.get(number, _EARLIEST) for number in range(partitions)}})


def _forget(checkpoint: Path) -> None:
    """Remove a checkpoint, and leave those of later generations that lie in it."""
    for part in (checkpoint / name for name in ("offsets", "commits", "sources", "state")):
        shutil.rmtree(part, ignore_errors=True)
    # Last, so that what is left by a kill in between is one without offsets.
    for name in (".metadata.crc", "metadata"):
        (checkpoint / name).unlink(missing_ok=True)


def _raise_data_loss(topic: str, error: PySparkException) -> None:
    text = " ".join(_said(error))
    if "KAFKA_DATA_LOSS" in text or "OffsetOutOfRange" in text or "data may have been lost" in text:
        raise DataLossError(
            f"Kafka no longer holds records of topic {topic} that were not read yet: they expired. "
            "To go on with what comes now, run once with KAFKA_ON_DATA_LOSS=skip (job parameter "
            "kafka_on_data_loss); after that, replay what is missing from its source."
        ) from None


def _said(error: BaseException | None) -> Iterator[str]:
    """What an error says and what caused it: of records that expired, only the task that missed them speaks."""
    while error is not None:
        yield str(error)
        error = getattr(error, "_cause", None) or error.__cause__
