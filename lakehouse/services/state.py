"""What is known of a service between commands: its folder, its state file, its lock, and who uses it."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from lakehouse.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK_SECONDS = 180
_CLOCK_STEP_SECONDS = 2.0


class ProcessId(BaseModel):
    """A process that cannot be mistaken for a later one with the same number."""

    model_config = ConfigDict(frozen=True)

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """Identify a process that runs now."""
        return cls(pid=pid, created=psutil.Process(pid).create_time())

    @classmethod
    def current(cls) -> ProcessId:
        """Identify this process."""
        return cls.of(os.getpid())

    def alive(self) -> bool:
        """Whether it still runs; one that ended but was not reaped does not."""
        try:
            process = psutil.Process(self.pid)
            # The kernel counts from boot, so the wall-clock time of a start shifts when the clock is set.
            same = abs(process.create_time() - self.created) < _CLOCK_STEP_SECONDS
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


class Record(BaseModel):
    """The content of a state file."""

    model_config = ConfigDict(frozen=True)

    port: int
    data: Path
    process: ProcessId | None = None
    stop_signal: int = signal.SIGTERM
    """What asks the process to end."""
    kept: bool = False
    """Whether it runs until it is stopped, rather than while someone holds it."""
    holders: tuple[ProcessId, ...] = ()

    def stopped(self) -> Record:
        """Return the record of the service at rest: its port and data are for the next start."""
        return Record(port=self.port, data=self.data)


@dataclass(frozen=True)
class Place:
    """Where one service lives: `<home>/services/<name>/` and the state file `<home>/services/<name>.json`."""

    home: Path
    name: str

    @property
    def folder(self) -> Path:
        """The service's own folder, which holds its data, configuration and log."""
        return self.home / "services" / self.name

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The file of its output since the last start."""
        return self.folder / "log"

    @property
    def state(self) -> Path:
        """The state file."""
        return self.home / "services" / f"{self.name}.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other command from starting or stopping this service.

        Raises
        ------
        ServiceError
            Another command holds the lock for too long.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / "lock", timeout=_LOCK_SECONDS):
                yield
        except Timeout:
            raise ServiceError(
                f"Another command has been starting or stopping {self.name} in {self.folder} for "
                f"{_LOCK_SECONDS} s. Wait for it, or end it."
            ) from None

    def read(self) -> Record | None:
        """Read the record; processes that are gone, or whose number another one has now, are left out."""
        try:
            record = Record.model_validate_json(self.state.read_text())
        except (FileNotFoundError, ValidationError):
            return None
        if record.process is None or not record.process.alive():
            return record.stopped()
        return record.model_copy(update={"holders": tuple(holder for holder in record.holders if holder.alive())})

    def write(self, record: Record) -> None:
        """Replace the record in one step, so that a reader never sees half of it."""
        written = self.state.with_suffix(".new")
        written.write_text(record.model_dump_json(indent=2) + "\n")
        written.replace(self.state)
