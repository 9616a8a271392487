"""The lakehouse: how tables of the catalogue are read, followed and written, the same on a laptop and on Databricks.

Every write can be repeated: upserts and refreshes are merges on the table's key, and a consumer's progress is
committed only after its writes, so a task that is killed anywhere does the same work again to the same end.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import TracebackType
from typing import Self

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse import delta, interruption
from lakehouse.changes import Changes, Reading, Versions
from lakehouse.progress import NOWHERE, About, Progress
from lakehouse.settings import Settings
from lakehouse.tables import Table

log = logging.getLogger(__name__)


class Lakehouse:
    """Tables of one target. Spark starts at the first use, so asking for nothing costs nothing."""

    def __init__(self, settings: Settings, spark: SparkSession | None = None) -> None:
        self.settings = settings
        self._session = _Session(settings, spark)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.stop()

    def with_settings(self, settings: Settings) -> Lakehouse:
        """The same session under other settings (those of a job's task)."""
        other = Lakehouse(settings)
        other._session = self._session
        return other

    @property
    def spark(self) -> SparkSession:
        """The session, started at the first use."""
        return self._session.signed(self.settings.written_by)

    def name(self, table: Table) -> str:
        """Name a table in SQL, creating it when it does not exist yet.

        Raises
        ------
        TableSchemaError
            The stored table lacks a column, or has it with another type.
        """
        # Asked for even where another task opened the table: who is named there from now on is this one.
        spark = self.spark
        place = delta.place(self.settings, table)
        if place not in self._session.opened:
            self._session.opened[place] = delta.open_table(spark, self.settings, table)
        return self._session.opened[place]

    def read(self, table: Table, among: DataFrame | None = None) -> DataFrame:
        """Read a table; with `among`, the rows that agree with one of its rows in all of its columns.

        Where `among` has the table's clustering column, its values become a literal predicate that skips files.
        """
        rows = self.spark.read.table(self.name(table))
        return rows if among is None else delta.semi_join(rows, among, table)

    def version(self, table: Table) -> int:
        """The newest Delta version of a table."""
        return self._newest(table).version

    def exists(self, table: Table) -> bool:
        """Whether the table was created already; asking does not create it."""
        opened = delta.place(self.settings, table) in self._session.opened
        return opened or delta.exists(self.spark, self.settings, table)

    def changes(
        self, table: Table, consumer: str, into: Sequence[Table] = (), by: object = None, *, is_copied: bool = False
    ) -> Changes | None:
        """What changed in `table` since `consumer` last committed; none when no row did.

        The consumer commits it after its last write, see `Changes.commit`.

        Parameters
        ----------
        into : sequence of Table
            What the consumer makes of it. One that is dropped, or is another, is made of the whole table.
        by : object, optional
            The settings that it depends on, whose `repr` says all of them. Others make everything anew.
        is_copied : bool
            The consumer keeps a copy elsewhere. Once it has read something, a table that was made anew is to be copied
            also while it has no rows.
        """
        subject = replace(self._subject(table, into, by), is_copied=is_copied)
        return self._changes(subject, consumer, self._newest(table))

    def everything(self, table: Table, consumer: str, into: Sequence[Table] = (), by: object = None) -> Changes:
        """All of `table`, as `changes` gives it to a consumer that has read nothing yet."""
        return self._everything(self._subject(table, into, by), consumer, self._newest(table))

    def news(self, consumer: str, *sources: Table, into: Sequence[Table] = (), by: object = None) -> Versions | None:
        """The version of every source, if any of them changed since `consumer` last committed; none otherwise.

        For consumers that read whole tables, such as a training: they run when there is news and not otherwise.

        Parameters
        ----------
        into, by
            As in `changes`: a target that is another than it was is news, and so are other settings.
        """
        # First, so that what is written from now on is news next time as well.
        ends = {source: self._newest(source) for source in sources}
        subjects = [self._subject(source, into, by) for source in sources]
        if not any(self._changes(subject, consumer, ends[subject.source]) for subject in subjects):
            return None
        return Versions({source: end.version for source, end in ends.items()}, self._reading(consumer, *subjects))

    def read_until(self, consumer: str, versions: Mapping[Table, int]) -> Versions:
        """Versions of sources that a consumer is about to have read, for one that counts them otherwise."""
        return Versions(versions, self._reading(consumer, *(self._subject(source) for source in versions)))

    def as_of(self, table: Table, version: int) -> DataFrame:
        """All rows of a table as they were at a version, each as the feed has one that was inserted."""
        return delta.snapshot(self.spark, self.name(table), version)

    def about(self, *of: Table) -> About:
        """What a position that has to do with tables is true of; makes tables that are not there yet."""
        for table in of:
            self.name(table)
        return self._about(_Subject(of[0], of[1:]))

    @cached_property
    def progress(self) -> Progress:
        """How far consumers have read."""
        return Progress.under(self.settings)

    def upsert(self, table: Table, rows: DataFrame, *, wins: str | None = None) -> None:
        """Insert rows by the table's key; an existing row is updated where it differs, or where `wins` holds.

        Parameters
        ----------
        rows : DataFrame
            At most one row per key.
        wins : str, optional
            SQL over `source` and `target`: when the new row replaces the stored one.
        """
        delta.upsert(self.name(table), table, self._fitted(table, rows), wins=wins)

    def append(self, table: Table, rows: DataFrame) -> None:
        """Append rows whose keys are known to be new, for which nothing has to be merged."""
        self._fitted(table, rows).write.format("delta").mode("append").saveAsTable(self.name(table))

    def append_new(self, table: Table, rows: DataFrame) -> None:
        """Insert the rows whose key is not there yet and leave the others as they are."""
        delta.append_new(self.name(table), table, self._fitted(table, rows))

    def refresh(self, table: Table, rows: DataFrame, scope: DataFrame) -> None:
        """Make the table equal to `rows` for the keys in `scope`: update, insert, and delete what is gone.

        Parameters
        ----------
        scope : DataFrame
            Distinct keys that were recomputed; `rows` has at most one row for each and none beyond.
        """
        delta.refresh(self.name(table), table, self._fitted(table, rows), scope)

    def replace(self, table: Table, rows: DataFrame) -> None:
        """Overwrite the whole table in one transaction."""
        self._fitted(table, rows).write.format("delta").mode("overwrite").saveAsTable(self.name(table))

    def _fitted(self, table: Table, rows: DataFrame) -> DataFrame:
        return rows.select(*(F.col(field.name).cast(field.dataType).alias(field.name) for field in table.schema))

    def _newest(self, table: Table) -> delta.Commit:
        return delta.newest(self.spark, self.name(table))

    def _changes(self, subject: _Subject, consumer: str, end: delta.Commit) -> Changes | None:
        noted, about = self.progress.noted(consumer, str(subject.source)), self._about(subject)
        if noted is None or not noted.is_of(about) or noted.position > end.version:
            return self._whole(subject, consumer, end)
        reading = self._reading(consumer, subject)
        if noted.position == end.version:
            if noted.about != about:
                # As an older version noted it, which did not say of what.
                reading.commit({noted.source: noted.position})
            return None
        start = noted.position + 1
        try:
            feed = delta.changed(self.spark, self.name(subject.source), start, end.version)
        except delta.FeedGoneError as error:
            log.warning("%s reads all of %s: %s", consumer, subject.source, error)
            return self._whole(subject, consumer, end)
        if feed is None:
            # A merge that found nothing to do, an optimisation: there is nothing that could be lost.
            reading.commit({noted.source: end.version})
            return None
        log.info("%s reads %s, versions %d to %d", consumer, subject.source, start, end.version)
        return Changes(feed, subject.source, False, start, end.version, end.at, reading)

    def _everything(self, subject: _Subject, consumer: str, end: delta.Commit) -> Changes:
        targets = tuple(self.read(target) for target in subject.into if self.exists(target))
        rows, reading = self.as_of(subject.source, end.version), self._reading(consumer, subject)
        return Changes(rows, subject.source, True, 0, end.version, end.at, reading, targets)

    def _whole(self, subject: _Subject, consumer: str, end: delta.Commit) -> Changes | None:
        """Everything, unless neither the source nor what was made of it has rows."""
        whole = self._everything(subject, consumer, end)
        has_copy = subject.is_copied and any(whole.reading.begun.values())
        if not has_copy and whole.feed.isEmpty() and all(target.isEmpty() for target in whole.targets):
            whole.commit()
            return None
        log.info("%s reads all of %s, version %d", consumer, whole.table, whole.last_version)
        return whole

    def _subject(self, source: Table, into: Sequence[Table] = (), by: object = None) -> _Subject:
        return _Subject(source, tuple(into), "" if by is None else hashlib.sha256(repr(by).encode()).hexdigest()[:16])

    def _reading(self, consumer: str, *subjects: _Subject) -> Reading:
        begun = {str(one.source): self.progress.noted(consumer, str(one.source)) for one in subjects}
        return Reading(consumer, self.progress, begun, lambda: {str(one.source): self._about(one) for one in subjects})

    def _about(self, subject: _Subject) -> About:
        """What a position in a source is true of; see `lakehouse.progress`."""
        of = {str(table): self._identity(table) for table in (subject.source, *subject.into)}
        settings = {"settings": subject.by} if subject.by else {}
        return of | settings | {"lakehouse": self.settings.catalog or self.settings.lakehouse_root or "home"}

    def _identity(self, table: Table) -> str:
        """What tells a table from another that is made under its name; none while there is no such table."""
        if not self.exists(table):
            return NOWHERE
        name, known = self.name(table), self._session.identities
        place = delta.place(self.settings, table)
        if place not in known:
            known[place] = delta.identity(self.spark, name)
        return known[place]


@dataclass(frozen=True)
class _Subject:
    """What a consumer reads, what it makes of it, and a digest of the settings that it does so by."""

    source: Table
    into: tuple[Table, ...] = ()
    by: str = ""
    is_copied: bool = False


class _Session:
    def __init__(self, settings: Settings, spark: SparkSession | None) -> None:
        self._settings = settings
        self._given = spark
        # Of all tasks that share the session, each of which has a lakehouse of its own.
        self.opened: dict[str, str] = {}
        self.identities: dict[str, str] = {}
        self._writer: str | None = None

    @cached_property
    def spark(self) -> SparkSession:
        from lakehouse.spark import start_session

        return self._given or start_session(self._settings)

    def signed(self, writer: str | None) -> SparkSession:
        """The session, whose commits say who writes; tasks that share it run one after another."""
        if writer != self._writer:
            delta.sign(self.spark, writer)
            self._writer = writer
        return self.spark

    def stop(self) -> None:
        """Stop the session that was started here; one that was given, or the workspace's, stays."""
        started = self._given is None and "spark" in self.__dict__
        # After an interrupt its process is ending already, and would not answer any more.
        if started and not self._settings.on_databricks and not interruption.asked():
            self.spark.stop()
