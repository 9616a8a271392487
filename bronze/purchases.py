"""Purchase files: every row, as it is in the file, exactly once into bronze, and of every other file why it is not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pyspark.sql import functions as F

from bronze import ledger
from bronze.file_rows import rows
from bronze.folder import Inbox, Seen, is_unmoved, look, unsettled
from bronze.ledger import REFUSED, WAITING, Judged
from bronze.staging import Staging, numbered
from lakehouse import tables
from lakehouse.errors import InputFileError, UnfinishedFileError
from lakehouse.lake import Lakehouse
from lakehouse.scratch import scratch_folder
from lakehouse.task import task

SOURCE = "purchases"
KINDS = (".csv", ".parquet")

R = tables.raw_purchases.c


@task
def ingest_purchases(lake: Lakehouse) -> None:
    """Append the rows of files that are new in the folder of purchases, and mark those that a file no longer says.

    A file that has not changed since it was read is not opened again; one with known content, whatever its name, adds
    nothing. A file that cannot be taken stops no other: it is named with its reason, once, in the log and in
    `ops.files`, which the gate of bronze looks at. What it said when it last could be read stays.
    """
    entries = look(Inbox(lake.settings.incoming_purchases, SOURCE, "PURCHASES_PATH", KINDS))
    if not entries:
        return
    before = ledger.known(lake, SOURCE)
    news = ledger.news(entries, before)
    moving = unsettled(news, lake.settings.purchases_settle_seconds)
    with scratch_folder(lake) as scratch:
        staging = Staging(scratch.folder / "purchases")
        contents: dict[str, tuple[int, str]] = {}
        judged = [
            ledger.unreadable(SOURCE, entry, before.get(entry.name), is_moving=entry.path in moving)
            or _judged(entry, before.get(entry.name), staging, contents)
            for entry in news
        ]
        changed = ledger.changed([*judged, *ledger.gone(entries, before)], before)
        if contents:
            _append(lake, staging, contents)
    if changed:
        _mark(lake, before, {one.file: one for one in changed})
        # Last: whatever ends the task before, the next run judges the same files again to the same end.
        ledger.note(lake, changed)


def _judged(entry: Seen, before: Judged | None, staging: Staging, contents: dict[str, tuple[int, str]]) -> Judged:
    """Judge one file, and stage its rows if it is taken."""
    try:
        file_hash = _hash(entry.path)
        staged, num_rows = staging.add(numbered(_unmoved(entry)))
    except UnfinishedFileError as error:
        return ledger.not_taken(SOURCE, entry, before, WAITING, str(error))
    except InputFileError as error:
        return ledger.not_taken(SOURCE, entry, before, REFUSED, str(error))
    contents.setdefault(file_hash, (staged, entry.name))
    return ledger.taken(SOURCE, entry, file_hash, num_rows)


def _unmoved(entry: Seen) -> Iterator[str]:
    yield from rows(entry)
    if not is_unmoved(entry):
        raise UnfinishedFileError("it changed while it was read")


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputFileError(f"it cannot be opened: {error.strerror or error}") from None


def _append(lake: Lakehouse, staging: Staging, contents: Mapping[str, tuple[int, str]]) -> None:
    """Append the contents that bronze does not hold; each comes in whole or not at all."""
    held = lake.read(tables.raw_purchases).where(F.col(R.file_hash).isin(*contents)).select(R.file_hash).distinct()
    known = {row[0] for row in held.collect()}  # a row per file
    new = {staged: (file_hash, file) for file_hash, (staged, file) in contents.items() if file_hash not in known}
    if new:
        received = staging.rows(lake.spark, new, f"{R.file_hash} string, {R.file} string").withColumns(
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
