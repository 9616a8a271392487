"""Scratch: intermediate rows that several steps read, written once instead of computed anew for each.

Serverless compute has no cache; a folder of Parquet that lives as long as the work does takes its place.
"""

from __future__ import annotations

import logging
import platform
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pydantic import BaseModel, ValidationError
from pyspark.sql import DataFrame, SparkSession

from lakehouse.lake import Lakehouse
from lakehouse.services.state import ProcessId
from lakehouse.spark import as_read

_OWNER = "_owner.json"
_LONGEST_RUN_SECONDS = 7 * 86_400
"""Nobody can ask another machine, or from another container, whether a process of its own still runs."""

log = logging.getLogger(__name__)


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


class _Owner(BaseModel):
    """Whose folder it is."""

    machine: str
    process: ProcessId

    @classmethod
    def me(cls) -> _Owner:
        return cls(machine=_machine(), process=ProcessId.current())


def _machine() -> str:
    """Where process ids mean the same: containers may share a name and not their processes."""
    try:
        return f"{platform.node()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return platform.node()


@contextmanager
def scratch_folder(lake: Lakehouse) -> Iterator[Scratch]:
    """Open a folder for intermediate rows, removed with all that is in it at the end of the block.

    What runs left that were killed is removed first.
    """
    place = lake.settings.files / "scratch"
    remove_abandoned(place, time.time())
    folder = place / uuid4().hex
    try:
        folder.mkdir(parents=True)
        (folder / _OWNER).write_text(_Owner.me().model_dump_json())
        yield Scratch(lake.spark, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(place: Path, now: float) -> None:
    """Remove what processes of this machine left that are gone, and what lies there for longer than any run takes.

    Parameters
    ----------
    place : Path
        Where scratch folders lie.
    now : float
        Seconds since 1970.
    """
    for folder in place.iterdir() if place.is_dir() else ():
        if _is_abandoned(folder, now):
            log.info("%s is removed: the run that it was of is gone", folder)
            shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path, now: float) -> bool:
    try:
        owner = _Owner.model_validate_json((folder / _OWNER).read_bytes())
        if owner.machine == _machine():
            return not owner.process.alive()
    except (OSError, ValidationError):
        # Of an older version, or begun at this moment.
        pass
    try:
        return now - folder.stat().st_mtime > _LONGEST_RUN_SECONDS
    except FileNotFoundError:
        return False
