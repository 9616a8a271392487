"""Purchase files: every row, as it is in the file, exactly once into bronze, however often the file comes."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.errors import InputFileError
from lakehouse.lake import Lakehouse
from lakehouse.task import task

CONSUMER = "ingest_purchases"
_PATTERN = re.compile(r"[\\\[\]{}*?^]")
FORMATS = {".parquet": "parquet", ".csv": "csv"}

log = logging.getLogger(__name__)


@task
def ingest_purchases(lake: Lakehouse) -> None:
    """Append the rows of files that are new in the folder of purchases.

    A file that has not changed since it was read is not opened again; one with known content, whatever its name, adds
    nothing.

    Raises
    ------
    InputFileError
        Files cannot be read; all others were taken in.
    """
    folder = lake.settings.incoming_purchases
    read = lake.progress.of(CONSUMER)
    broken = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        changed_at = path.stat().st_mtime_ns
        if path.suffix.lower() not in FORMATS or read.get(str(path)) == changed_at:
            continue
        try:
            _append(lake, path)
        except (PySparkException, Py4JJavaError, OSError) as error:
            # What Java has to say of it fills a page.
            log.warning("%s cannot be read", path)
            log.debug("%s", path, exc_info=error)
            broken.append(path)
        else:
            lake.progress.commit(CONSUMER, {str(path): changed_at})
    if broken:
        raise InputFileError(f"{_listed(broken)} cannot be read as what the name says. Replace or remove it.")


def as_received(rows: DataFrame, file_hash: str, path: Path) -> DataFrame:
    """Turn each row of a file into a JSON object, interpreting nothing; see `bronze.purchases` for the columns."""
    columns = (F.col(f"`{name.replace('`', '``')}`") for name in rows.columns)
    return rows.select(
        F.lit(file_hash).alias("file_hash"),
        # Ascending in the order of the file, which is all that matters; the numbers depend on how Spark splits it.
        F.monotonically_increasing_id().alias("row"),
        F.to_json(F.struct(*columns)).cast("binary").alias("value"),
        F.lit(str(path)).alias("path"),
        F.current_timestamp().alias("ingested_at"),
    )


def _append(lake: Lakehouse, path: Path) -> None:
    with path.open("rb") as file:
        file_hash = hashlib.file_digest(file, "sha256").hexdigest()
    # A file comes in whole or not at all.
    if not lake.read(tables.raw_purchases).where(F.col("file_hash") == file_hash).isEmpty():
        return
    rows = _rows(lake.spark, path)
    lake.append_new(tables.raw_purchases, as_received(rows, file_hash, path))


def _rows(spark: SparkSession, path: Path) -> DataFrame:
    kind = FORMATS[path.suffix.lower()]
    reader = spark.read.format(kind)
    return (reader.option("header", "true") if kind == "csv" else reader).load(_literal(path.absolute()))


def _literal(path: Path) -> str:
    """A path as Spark takes it: plain, for it reads no escapes of a URI, and without the meaning of a pattern."""
    return _PATTERN.sub(r"\\\g<0>", str(path))


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))
