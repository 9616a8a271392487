"""Scratch: intermediate rows that several steps read, written once instead of computed anew for each.

Serverless compute has no cache; a folder of Parquet that lives as long as the work does takes its place.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession

from lakehouse.lake import Lakehouse
from lakehouse.spark import as_read


@dataclass(frozen=True)
class Scratch:
    """A folder of intermediate rows."""

    spark: SparkSession
    folder: Path

    def __call__(self, name: str, rows: DataFrame) -> DataFrame:
        """Write rows under a name and return them as they were written."""
        rows.write.parquet(str(self.folder / name))
        return self.spark.read.parquet(as_read(self.folder / name))

    def part(self, name: str) -> Scratch:
        """A folder within this one, where the same names can be used again."""
        return Scratch(self.spark, self.folder / name)


@contextmanager
def scratch_folder(lake: Lakehouse) -> Iterator[Scratch]:
    """Open a folder for intermediate rows, removed with all that is in it at the end of the block."""
    folder = lake.settings.files / "scratch" / uuid4().hex
    try:
        yield Scratch(lake.spark, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
