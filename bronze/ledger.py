"""The ledger of files: what became of every file that lay in a folder, so that none is opened twice for nothing."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze.folder import Seen
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.rows import few_rows

TAKEN, WAITING, REFUSED, IGNORED, GONE = "taken", "waiting", "refused", "ignored", "gone"

T = tables.files.c
_NOTED = tuple(name for name in tables.files.names if name != T.judged_at)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judged:
    """A row of `ops.files`, all but when it was found."""

    file: str
    source: str
    state: str
    reason: str | None
    file_hash: str | None
    num_rows: int | None
    size: int
    changed_ns: int

    def is_about(self, seen: Seen) -> bool:
        """Whether the file is as it was when it was judged, and looking at it again would find nothing else."""
        settled = self.state in {TAKEN, REFUSED, IGNORED}
        return settled and (self.size, self.changed_ns) == (seen.size, seen.changed_ns)


def taken(source: str, seen: Seen, file_hash: str, num_rows: int) -> Judged:
    """A file whose content counts."""
    return Judged(seen.name, source, TAKEN, None, file_hash, num_rows, seen.size, seen.changed_ns)


def not_taken(source: str, seen: Seen, before: Judged | None, state: str, reason: str) -> Judged:
    """A file that cannot be read, or not yet; what it said when it last could be read stays."""
    content = (before.file_hash, before.num_rows) if before else (None, None)
    return Judged(seen.name, source, state, reason, *content, seen.size, seen.changed_ns)


def unreadable(source: str, seen: Seen, before: Judged | None, *, is_moving: bool) -> Judged | None:
    """A file of which it is plain, before it is opened, that it cannot be read now; none: it can be opened."""
    if seen.fault:
        return not_taken(source, seen, before, IGNORED if seen.is_hidden else REFUSED, seen.fault)
    return not_taken(source, seen, before, WAITING, "it is still changing") if is_moving else None


def known(lake: Lakehouse, *sources: str) -> Mapping[str, Judged]:
    """What is noted of the files of some sources, by their names: one question, however many there are."""
    # Before landing files there were files of purchases alone, and no column to say so.
    source = F.coalesce(T.source, F.lit(tables.raw_purchases.name))
    noted = lake.read(tables.files).withColumn(T.source, source).where(F.col(T.source).isin(*sources))
    noted = noted.select(*_NOTED).toArrow()
    rows = (Judged(*values) for values in zip(*(column.to_pylist() for column in noted.columns), strict=True))
    return {row.file: row for row in rows}


def news(entries: Iterable[Seen], before: Mapping[str, Judged]) -> Sequence[Seen]:
    """The entries that are not as they were when they were judged."""
    return [entry for entry in entries if (noted := before.get(entry.name)) is None or not noted.is_about(entry)]


def gone(entries: Iterable[Seen], before: Mapping[str, Judged]) -> Sequence[Judged]:
    """Files that are no longer there; what they said stays, as people clear such a folder."""
    there = {entry.name for entry in entries}
    return [
        replace(one, state=GONE, reason=None) for one in before.values() if one.state != GONE and one.file not in there
    ]


def changed(judged: Iterable[Judged], before: Mapping[str, Judged]) -> Collection[Judged]:
    """The files that are not judged as they were: one that waits is not named by every run."""
    return [one for one in judged if one != before.get(one.file)]


def note(lake: Lakehouse, rows: Collection[Judged]) -> None:
    """Note what became of files, and name in the log those that were not taken."""
    if rows:
        lake.upsert(tables.files, _noted(lake, rows))
    _tell(rows)


def add(lake: Lakehouse, rows: Collection[Judged]) -> None:
    """Note what became of files of which nothing is noted, for which nothing has to be merged; see `note`."""
    if rows:
        lake.append(tables.files, _noted(lake, rows))
    _tell(rows)


def _noted(lake: Lakehouse, rows: Collection[Judged]) -> DataFrame:
    kinds = {field.name: field.dataType.simpleString() for field in tables.files.schema}
    schema = ", ".join(f"{name} {kinds[name]}" for name in _NOTED)
    noted = few_rows(lake.spark, list(map(astuple, rows)), schema)
    return noted.withColumn(T.judged_at, F.current_timestamp())


def _tell(rows: Collection[Judged]) -> None:
    for one in rows:
        if one.reason:
            log.warning("%s was not taken: %s.", one.file, one.reason)
