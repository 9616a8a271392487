"""Landing files: every line of every content exactly once into its topic's bronze table, and why a file is not taken.

Lines have the key that records of Kafka have. For a partition they have the number of their content, negative, so that
they are nobody's offsets; contents are numbered in `ops.landed` before their lines are appended. Whoever ends the task
between these two, or before the ledger of files is written, leaves a content that has a number: the next run asks
bronze whether it holds that, and appends it or not, whole.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO

from filelock import FileLock
from pyspark.sql import functions as F

from bronze import json_lines, ledger
from bronze.folder import Inbox, Seen, is_unmoved, look, unsettled
from bronze.ledger import REFUSED, WAITING, Judged
from bronze.opening import faults_said, plain
from bronze.staging import Piece, Staging
from lakehouse import tables
from lakehouse.errors import InputFileError, UnfinishedFileError
from lakehouse.kafka import TOPICS
from lakehouse.lake import Lakehouse
from lakehouse.rows import few_rows
from lakehouse.scratch import scratch_folder
from lakehouse.settings import Settings
from lakehouse.tables import Table

KINDS = (".jsonl",)
STRAY = "landing"
"""What the ledger calls the source of files that lie in no topic's folder."""

_FILES, _BYTES = 10_000, 1 << 30
"""Of files that are taken at once: what one transaction appends and what has room on a small disk."""
_UNPACKED = 20
"""How much larger lines of JSON are than what a good compression makes of them."""

L, R = tables.landed.c, tables.raw_user_events.c

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Content:
    """A content that is staged under a number, and the first file that it was read from."""

    staged: int
    file: str
    num_rows: int


def take_in(lake: Lakehouse, topic: str, table: Table) -> None:
    """Append the lines of files that are new in a topic's landing folder to its bronze table.

    A file that has not changed since it was read is not opened again; a content that is known, whatever its file is
    called and compressed by, adds nothing. A file that says something else than before is another content: what it said
    stays in bronze, where nothing is taken back. A file that cannot be taken stops no other: it is named with its
    reason, once, in the log and in `ops.files`, which the gates of bronze look at.
    """
    with _alone(lake.settings, topic):
        _take_in(lake, topic, table)


@contextmanager
def _alone(settings: Settings, topic: str) -> Iterator[None]:
    """Let another run of the topic wait, which would give the same numbers to other contents.

    In a workspace the jobs run one at a time, and a volume has no locks.
    """
    if settings.on_databricks:
        yield
        return
    settings.files.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.files / f"landing-{topic}.lock"):
        yield


def _take_in(lake: Lakehouse, topic: str, table: Table) -> None:
    entries = look(_inbox(lake.settings, topic))
    strays = _strays(lake.settings)
    before = ledger.known(lake, topic, STRAY)
    news = ledger.news(entries, before)
    moving = unsettled(news, lake.settings.landing_settle_seconds)
    for some in _batches(news):
        _take(lake, topic, table, some, moving, before)
    lost = [ledger.unreadable(STRAY, entry, None, is_moving=False) for entry in strays]
    judged = [*filter(None, lost), *ledger.gone([*entries, *strays], before)]
    ledger.note(lake, ledger.changed(judged, before))


def _inbox(settings: Settings, topic: str) -> Inbox:
    return Inbox(settings.landing / topic, topic, "VOLUME or RECLAKE_HOME", KINDS, is_nested=True)


def _strays(settings: Settings) -> Sequence[Seen]:
    """What lies beside the folders of topics, where nobody looks for it."""
    names = [topic.name for topic in TOPICS]
    inbox = Inbox(settings.landing, "landing files", "VOLUME or RECLAKE_HOME", KINDS)
    reason = f"it lies in the folder of no topic: move it into one of {', '.join(tables.RAW_BY_TOPIC)}"
    return [
        entry if entry.is_hidden else replace(entry, fault=reason)
        for entry in look(inbox)
        if entry.path.name not in names or not entry.path.is_dir()
    ]


def _batches(news: Sequence[Seen]) -> Iterator[Sequence[Seen]]:
    """Files in the order of their times, so that what was said later has the larger number, not too many at once."""
    batch: list[Seen] = []
    size = 0
    for entry in sorted(news, key=lambda entry: (entry.written_at, entry.place)):
        weight = entry.size * (_UNPACKED if entry.compression else 1)
        if batch and (len(batch) == _FILES or size + weight > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += weight
    if batch:
        yield batch


def _take(
    lake: Lakehouse,
    topic: str,
    table: Table,
    entries: Sequence[Seen],
    moving: Collection[object],
    before: Mapping[str, Judged],
) -> None:
    """Take some files: their lines into bronze, then what became of them into the ledger."""
    with scratch_folder(lake) as scratch:
        staging = Staging(scratch.folder / "landing")
        contents: dict[str, _Content] = {}
        judged = [
            ledger.unreadable(topic, entry, before.get(entry.name), is_moving=entry.path in moving)
            or _judged(topic, entry, before.get(entry.name), staging, contents)
            for entry in entries
        ]
        if contents:
            _append(lake, topic, table, staging, contents)
    # Last: whatever ends the task before, the next run reads the same files again to the same end.
    changed = ledger.changed(judged, before)
    ledger.add(lake, [one for one in changed if one.file not in before])
    ledger.note(lake, [one for one in changed if one.file in before])


def _judged(topic: str, entry: Seen, before: Judged | None, staging: Staging, contents: dict[str, _Content]) -> Judged:
    """Read one file, and stage its lines if it is taken."""
    digest = hashlib.sha256()
    try:
        staged, num_rows = staging.add(_lines(entry, digest))
    except UnfinishedFileError as error:
        return ledger.not_taken(topic, entry, before, WAITING, str(error))
    except InputFileError as error:
        return ledger.not_taken(topic, entry, before, REFUSED, str(error))
    file_hash = digest.hexdigest()
    contents.setdefault(file_hash, _Content(staged, entry.name, num_rows))
    return ledger.taken(topic, entry, file_hash, num_rows)


def _lines(entry: Seen, digest: hashlib._Hash) -> Iterator[Piece]:
    with faults_said(), plain(entry) as file:
        yield from json_lines.pieces(_Hashing(file, digest), entry.written_at)
        if not is_unmoved(entry):
            raise UnfinishedFileError("it changed while it was read")


class _Hashing:
    """A stream of which everything that is read goes into a hash."""

    def __init__(self, file: BinaryIO, digest: hashlib._Hash) -> None:
        self._file, self._digest = file, digest

    def read(self, size: int) -> bytes:
        piece = self._file.read(size)
        self._digest.update(piece)
        return piece


def _append(lake: Lakehouse, topic: str, table: Table, staging: Staging, contents: Mapping[str, _Content]) -> None:
    """Append the contents that bronze does not hold; each comes in whole or not at all."""
    known, newest = _numbers(lake, topic, contents)
    newest = newest or _newest_in_bronze(lake, topic, table)
    held = _held(lake, topic, table, known.values())
    unknown = [file_hash for file_hash in contents if file_hash not in known]
    numbers = {**known, **{file_hash: number for number, file_hash in enumerate(unknown, newest + 1)}}
    _register(lake, topic, {numbers[file_hash]: (file_hash, contents[file_hash]) for file_hash in unknown})
    new = {one.staged: (-numbers[file_hash],) for file_hash, one in contents.items() if numbers[file_hash] not in held}
    if not new:
        return
    lines = staging.rows(lake.spark, new, "partition int")
    given = {
        R.topic: F.lit(topic),
        R.partition: F.col("partition"),
        R.offset: F.col("row"),
        R.value: F.col("value"),
        R.ingested_at: F.current_timestamp(),
    }
    columns = (given.get(name, F.lit(None)).alias(name) for name in table.names)
    lake.append(table, lines.select(*columns))
    log.info("%s: %d contents of landing files came in", topic, len(new))


def _numbers(lake: Lakehouse, topic: str, contents: Collection[str]) -> tuple[Mapping[str, int], int]:
    """The numbers of those contents that have one, by their hashes, and the newest number of all."""
    asked = few_rows(lake.spark, [(file_hash,) for file_hash in contents], f"{L.file_hash} string")
    landed = lake.read(tables.landed).where(F.col(L.topic) == topic)
    known = landed.join(F.broadcast(asked), L.file_hash).select(L.file_hash, L.number)
    newest = landed.select(F.lit(None).cast("string"), F.coalesce(F.max(L.number), F.lit(0)))
    rows = {row[0]: row[1] for row in known.unionAll(newest).collect()}  # a row per file
    return rows, rows.pop(None)


def _newest_in_bronze(lake: Lakehouse, topic: str, table: Table) -> int:
    """The newest number of a content whose lines bronze has: of `ops.landed`, were it lost, none is given again."""
    is_line = (F.col(R.topic) == topic) & (F.col(R.partition) < 0)
    return -(lake.read(table).where(is_line).agg(F.min(R.partition)).collect()[0][0] or 0)


def _register(lake: Lakehouse, topic: str, contents: Mapping[int, tuple[str, _Content]]) -> None:
    """Note contents under their numbers, which nothing has yet."""
    if contents:
        now = dt.datetime.now(dt.UTC)
        rows = [
            (topic, number, file_hash, one.file, one.num_rows, now) for number, (file_hash, one) in contents.items()
        ]
        lake.append(tables.landed, few_rows(lake.spark, rows, tables.landed.schema))


def _held(lake: Lakehouse, topic: str, table: Table, numbers: Collection[int]) -> Collection[int]:
    """Of numbers of contents, those that bronze has lines of."""
    if not numbers:
        return ()
    asked = few_rows(lake.spark, [(-number,) for number in numbers], f"{R.partition} int")
    # Bounds skip files, as a join does not.
    among = (F.col(R.topic) == topic) & F.col(R.partition).between(-max(numbers), -min(numbers))
    found = lake.read(table).where(among).join(F.broadcast(asked), R.partition).select(R.partition).distinct()
    return {-row[0] for row in found.collect()}  # a row per file
