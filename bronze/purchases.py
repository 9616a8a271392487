"""Purchase files: every row, as it is in the file, exactly once into bronze, and of every other file why it is not."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from pyspark.sql import functions as F

from bronze.file_rows import rows
from bronze.folder import Seen, look, see, unsettled
from bronze.staging import Staging
from lakehouse import tables
from lakehouse.errors import InputFileError, UnfinishedFileError
from lakehouse.lake import Lakehouse
from lakehouse.rows import few_rows
from lakehouse.scratch import scratch_folder
from lakehouse.spark import as_read
from lakehouse.task import task

R = tables.raw_purchases.c
TAKEN, WAITING, REFUSED, IGNORED, GONE = "taken", "waiting", "refused", "ignored", "gone"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judged:
    """A row of `ops.files`."""

    file: str
    state: str
    reason: str | None
    file_hash: str | None
    num_rows: int | None
    size: int
    changed_ns: int
    judged_at: dt.datetime

    def is_about(self, seen: Seen) -> bool:
        """Whether the file is as it was when it was judged, and looking at it again would find nothing else."""
        settled = self.state in {TAKEN, REFUSED, IGNORED}
        return settled and (self.size, self.changed_ns) == (seen.size, seen.changed_ns)


@task
def ingest_purchases(lake: Lakehouse) -> None:
    """Append the rows of files that are new in the folder of purchases, and mark those that a file no longer says.

    A file that has not changed since it was read is not opened again; one with known content, whatever its name, adds
    nothing. A file that cannot be taken stops no other: it is named with its reason, once, in the log and in
    `ops.files`, which the gate of bronze looks at. What it said when it last could be read stays.
    """
    entries = look(lake.settings.incoming_purchases)
    if not entries:
        return
    known = {row["file"]: Judged(**row.asDict()) for row in lake.read(tables.files).collect()}  # a row per file
    news = [entry for entry in entries if entry.name not in known or not known[entry.name].is_about(entry)]
    moving = unsettled(news, lake.settings.purchases_settle_seconds)
    with scratch_folder(lake) as scratch:
        staging = Staging(scratch.folder / "purchases")
        judged = [_judged(entry, entry.path in moving, known.get(entry.name), staging) for entry in news]
        judged += _gone(entries, known.values())
        changed = [one for one in judged if not _says_the_same(one, known.get(one.file))]
        if staging.hashes:
            _append(lake, staging)
    if changed:
        _mark(lake, known, {one.file: one for one in changed})
        # Last: whatever ends the task before, the next run judges the same files again to the same end.
        lake.upsert(tables.files, few_rows(lake.spark, list(map(astuple, changed)), tables.files.schema))
    for one in changed:
        if one.reason:
            log.warning("%s was not taken: %s.", one.file, one.reason)


def _judged(entry: Seen, is_moving: bool, before: Judged | None, staging: Staging) -> Judged:
    """Judge one file, and stage its rows if it is taken."""
    now = dt.datetime.now(dt.UTC)
    earlier = (before.file_hash, before.num_rows) if before else (None, None)

    def not_taken(state: str, reason: str) -> Judged:
        return Judged(entry.name, state, reason, *earlier, entry.size, entry.changed_ns, now)

    if entry.fault:
        return not_taken(IGNORED if entry.is_hidden else REFUSED, entry.fault)
    if is_moving:
        return not_taken(WAITING, "it is still changing")
    try:
        file_hash = _hash(entry.path)
        num_rows = staging.add(file_hash, entry.name, _unmoved(entry))
    except UnfinishedFileError as error:
        return not_taken(WAITING, str(error))
    except InputFileError as error:
        return not_taken(REFUSED, str(error))
    return Judged(entry.name, TAKEN, None, file_hash, num_rows, entry.size, entry.changed_ns, now)


def _unmoved(entry: Seen) -> Iterator[str]:
    yield from rows(entry)
    if see(entry.path) != entry:
        raise UnfinishedFileError("it changed while it was read")


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputFileError(f"it cannot be opened: {error.strerror or error}") from None


def _gone(entries: Sequence[Seen], known: Iterable[Judged]) -> Sequence[Judged]:
    """Files that are no longer there; what they said stays, as people clear such a folder."""
    there = {entry.name for entry in entries}
    gone = [one for one in known if one.file not in there and one.state != GONE]
    return [replace(one, state=GONE, reason=None, judged_at=dt.datetime.now(dt.UTC)) for one in gone]


def _says_the_same(one: Judged, before: Judged | None) -> bool:
    """Whether a file is judged as it was: one that waits is not named by every run."""
    return before is not None and replace(one, judged_at=before.judged_at) == before


def _append(lake: Lakehouse, staging: Staging) -> None:
    """Append the contents that bronze does not hold; each comes in whole or not at all."""
    held = (
        lake.read(tables.raw_purchases).where(F.col(R.file_hash).isin(*staging.hashes)).select(R.file_hash).distinct()
    )
    staging.remove(*(row[0] for row in held.collect()))  # a row per file
    if staging.hashes:
        received = lake.spark.read.parquet(as_read(staging.folder)).withColumns(
            {R.ingested_at: F.current_timestamp(), R.superseded_at: F.lit(None)}
        )
        lake.append_new(tables.raw_purchases, received)


def _mark(lake: Lakehouse, known: Mapping[str, Judged], changed: Mapping[str, Judged]) -> None:
    """Mark the rows of contents that no file has any longer, and take the mark from those that one has again."""
    before, after = (
        {one.file_hash for one in judged.values() if one.file_hash} for judged in (known, {**known, **changed})
    )
    is_told = F.col(R.file_hash).isin(*after)
    # By file as well, for contents that a run took in which ended before it noted that.
    is_concerned = F.col(R.file_hash).isin(*(before ^ after)) | F.col(R.file).isin(*(known.keys() & changed.keys()))
    wrong = lake.read(tables.raw_purchases).where(is_concerned & (is_told != F.col(R.superseded_at).isNull()))
    now = F.when(~is_told, F.current_timestamp())
    lake.upsert(tables.raw_purchases, wrong.withColumn(R.superseded_at, now))
