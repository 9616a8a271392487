"""The landing folder: records as lines of files, each file whole or not there, for whoever has no broker."""

from __future__ import annotations

import codecs
import os
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Self
from uuid import uuid4

from lakehouse.errors import ServiceError, TaskParameterError
from lakehouse.interruption import held_back
from lakehouse.kafka import CLICKSTREAM, EPISODE_METADATA, USER_EVENTS
from producers.record import Counts, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from types import TracebackType

MOST_BYTES = 32 << 20
"""A file that has reached this is finished, and the next one begun."""
MOST_SECONDS = 10.0
"""A file is finished after that time: what is simulated slowly arrives while it is simulated."""
MOST_WAITING_BYTES = 1 << 20
MOST_WAITING_SECONDS = 0.2

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BREAKS = bytes.maketrans(b"\r\n", b"  ")


class FilePublisher:
    """Writes records into files of a landing folder, `<folder>/<topic>/<name>.jsonl`, one record a line.

    A line is the record's value, byte for byte; its key, which is in the value as well, is not written. Line breaks
    in a value become spaces: in JSON they mean the same, and a record that is no JSON stays one record. An empty value
    would be no line, so it is refused.

    Use as a context manager: leaving it finishes the files, also after an exception or Ctrl-C. Until then a file has a
    name that begins with a dot; who is killed leaves such a file, which nobody reads.

    Parameters
    ----------
    folder : Path
        The landing folder; it is made if it is not there.
    on_progress : callable, optional
        Called with the live `counts` whenever a file was finished.
    most_bytes : int
        Size at which a file is finished.
    most_seconds : float
        Age at which a file is finished, with the next record.

    Attributes
    ----------
    counts : Counts
        What is in finished files, and what was refused.
    """

    def __init__(
        self,
        folder: Path,
        on_progress: Callable[[Counts], None] | None = None,
        *,
        most_bytes: int = MOST_BYTES,
        most_seconds: float = MOST_SECONDS,
    ) -> None:
        self.counts = Counts()
        self._folder = folder
        self._on_progress = on_progress
        self._most_bytes, self._most_seconds = most_bytes, most_seconds
        # No two runs have a name in common, and names are in the order of writing.
        self._run = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid4().hex[:12]}"
        self._number = 0
        self._open: dict[str, _File] = {}
        self._waiting: list[Record] = []
        self._waiting_bytes = 0
        self._written_at = time.monotonic()

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._failure(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not isinstance(error, ServiceError):
            self._write()
            self._finish()

    def publish(self, records: Iterable[Record]) -> None:
        """Write `records` and finish the files that they are in.

        Raises
        ------
        ServiceError
            A file cannot be written, or at least one record was refused; the message has the number and the reason.
        TaskParameterError
            A record goes to a topic that bronze does not read.
        """
        for record in records:
            self._waiting.append(record)
            self._waiting_bytes += len(record.value)
            pause = time.monotonic() - self._written_at
            if self._waiting_bytes > MOST_WAITING_BYTES or pause > MOST_WAITING_SECONDS:
                self._write()
        self._write()
        self._finish()
        if self.counts.failed:
            raise ServiceError(
                f"{self.counts.failed:,} records were not written to {self._folder}, {self.counts.delivered:,} were; "
                f"first reason: {self.counts.first_error}."
            )

    def _write(self) -> None:
        """Put what waits into files; all of it or none, if Ctrl-C comes in between."""
        with held_back():
            waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
            try:
                for record in waiting:
                    self._put(record)
                for file in [one for one in self._open.values() if one.age > self._most_seconds]:
                    self._close(file)
            except OSError as error:
                raise self._failure(error) from None
            finally:
                self._written_at = time.monotonic()

    def _put(self, record: Record) -> None:
        if not record.value:
            self.counts.failed += 1
            self.counts.first_error = self.counts.first_error or "an empty value is no line of a file"
            return
        file = self._open.get(record.topic) or self._begun(record.topic)
        file.put(record)
        if file.size >= self._most_bytes:
            self._close(file)

    def _begun(self, topic: str) -> _File:
        require_landing_topic(topic)
        self._number += 1
        folder = self._folder / topic
        folder.mkdir(exist_ok=True)
        self._open[topic] = _File(topic, folder / f"{self._run}-{self._number:05}.jsonl")
        return self._open[topic]

    def _finish(self) -> None:
        with held_back():
            try:
                for file in list(self._open.values()):
                    self._close(file)
            except OSError as error:
                raise self._failure(error) from None
        if self._on_progress:
            self._on_progress(self.counts)

    def _close(self, file: _File) -> None:
        file.finish()
        del self._open[file.topic]
        self.counts.by_kind += file.kinds
        self.counts.topics.add(file.topic)
        if self._on_progress:
            self._on_progress(self.counts)

    def _failure(self, error: OSError) -> ServiceError:
        for file in self._open.values():
            file.drop()
        self._open.clear()
        return ServiceError(
            f"{error.filename or self._folder} cannot be written: {error.strerror or error}; "
            f"{self.counts.delivered:,} records are in whole files. "
            "Correct the cause and send the same again: what arrived already counts once."
        )


def require_landing_topic(name: str) -> None:
    """Make sure that bronze reads the files of a topic.

    Raises
    ------
    TaskParameterError
        It does not; the message names those that it reads.
    """
    known = [topic.name for topic in (USER_EVENTS, CLICKSTREAM, EPISODE_METADATA)]
    if name not in known:
        raise TaskParameterError(f"Nobody reads landing files of the topic {name!r}. Known: {', '.join(known)}.")


@dataclass
class _File:
    """A file that is being written, and what is in it."""

    topic: str
    path: Path
    size: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    begun_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._unfinished = self.path.with_name(f".{self.path.name}")
        self._stream: IO[bytes] = self._unfinished.open("xb")

    @property
    def age(self) -> float:
        return time.monotonic() - self.begun_at

    def put(self, record: Record) -> None:
        line = record.value.translate(_BREAKS) + b"\n"
        if not self.size and (line.startswith(_MARKS) or 0 in line[:4]):
            # Whoever reads the file would take the beginning of the value for that of a file in another encoding.
            line = codecs.BOM_UTF8 + line
        self._stream.write(line)
        self.size += len(line)
        self.kinds[record.kind] += 1

    def finish(self) -> None:
        with self._stream:
            self._stream.flush()
            os.fsync(self._stream.fileno())
        self._unfinished.replace(self.path)

    def drop(self) -> None:
        """Remove what cannot be finished."""
        with suppress(OSError):
            # Closing writes what still waits, and there may be no room for it either.
            self._stream.close()
        self._unfinished.unlink(missing_ok=True)
