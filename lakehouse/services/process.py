"""One service process: started once per home, until it is stopped or until its last holder ends.

`start` leaves the process running after the command ends. `hold` runs it for the calling process: a small watcher
waits for that process to end, in whatever way (also kill -9), and stops the service when nobody else holds it.
"""

from __future__ import annotations

import atexit
import os
import pwd
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import psutil
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from lakehouse.errors import ServiceError
from lakehouse.interruption import held_back
from lakehouse.services.state import Place, ProcessId, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

LOOPBACK = "127.0.0.1"

_START_SECONDS = 60
_STOP_SECONDS = 20
_POLL_SECONDS = 0.05
_LOG_LINES = 8

_children: dict[int, subprocess.Popen[bytes]] = {}
_watched: set[tuple[Path, int]] = set()
"""State files of services, and the process at whose end a watcher releases them."""


@dataclass(frozen=True)
class Service:
    """What to run, and how to tell that it works."""

    name: str
    title: str
    setting: str
    """The setting that puts another service in its place."""
    standard_port: int
    command: Callable[[Place, int], Sequence[str | Path]]
    """Prepares the service's folder and returns the command that serves on that port."""
    ready: Callable[[int], bool]
    """Whether the service on that port answers a request."""
    address: Callable[[int], str]
    """Where it is, for people to see: without a password."""
    stop_signal: signal.Signals = signal.SIGTERM
    """What asks it to end, whether or not it has clients."""
    user: str | None = None
    """The user that it runs as, which takes root; none: the one that starts it."""
    directory: Callable[[Place], Path] = attrgetter("folder")
    """Where it runs."""
    environment: Callable[[], Mapping[str, str]] = dict
    """What it has in its environment beside what this process has."""


def start(service: Service, home: Path) -> Record:
    """Start a service unless it runs, and leave it running until `stop`, on its standard port if that is free.

    Raises
    ------
    ServiceError
        It does not start, or does not answer in time; the message ends with the last lines of its log.
    """
    place = Place(home, service.name)
    with place.locked():
        record = _running(service, place, [service.standard_port]).model_copy(update={"kept": True})
        place.write(record)
    return record


def hold(service: Service, home: Path) -> Record:
    """Start a service unless it runs; if it was not started to stay, keep it until this process ends.

    Raises
    ------
    ServiceError
        It does not start, or does not answer in time.
    """
    place, me = Place(home, service.name), ProcessId.current()
    with place.locked():
        found = place.read()
        if found is None or not found.kept:
            # Before the service starts: whatever ends this process from now on, somebody ends what it has started.
            _release_when_this_process_ends(place, me)
        record = _running(service, place, [])
        if record.kept or any(holder.pid == me.pid for holder in record.holders):
            return record
        record = record.model_copy(update={"holders": (*record.holders, me)})
        place.write(record)
    _release_when_this_process_ends(place, me)
    return record


def release(place: Place, holder: ProcessId) -> None:
    """Note that `holder` no longer needs the service, and stop it if it was the last one."""
    with place.locked():
        record = place.read()
        if record is None or record.process is None:
            return
        holders = tuple(other for other in record.holders if other.pid != holder.pid)
        place.write(record.model_copy(update={"holders": holders}))
        if not record.kept and not holders:
            _end(place, record, record.process)


def stop(service: Service, home: Path) -> bool:
    """Stop a service, whoever started it; return whether it was running."""
    place = Place(home, service.name)
    with place.locked():
        record = place.read()
        if record is None or record.process is None:
            return False
        _end(place, record, record.process)
        return True


def _running(service: Service, place: Place, preferred_ports: Sequence[int]) -> Record:
    """Return the record of the service, which answers."""
    last = place.read()
    if last is not None and last.process is not None and _comes_to_answer(service, place, last):
        return last
    port = free_port([*preferred_ports, *([last.port] if last else [])])
    command = service.command(place, port)
    with held_back():
        process = _spawn(service, command, place)
        record = Record(port=port, data=place.data, process=process, stop_signal=service.stop_signal)
        # Before the wait, so that a start that is killed leaves a process that can be found.
        place.write(record)
    try:
        if not _comes_to_answer(service, place, record):
            raise ServiceError(f"{service.title} ended while it started. {_log_of(place)}")
    except BaseException:
        _end(place, record, process)
        raise
    return record


def identity(user: str | None) -> dict[str, Any]:
    """Return what makes `subprocess` run a command as that user, with no group but its own."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


def _spawn(service: Service, command: Sequence[str | Path], place: Place) -> ProcessId:
    """Start the process in a session of its own: Ctrl-C and a closing terminal do not reach it."""
    if place.log.exists():
        place.log.replace(place.log.with_suffix(".old"))
    with place.log.open("wb") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=service.directory(place),
            env={**os.environ, **service.environment()},
            start_new_session=True,
            **identity(service.user),
        )
    _children[child.pid] = child
    return ProcessId.of(child.pid)


def _comes_to_answer(service: Service, place: Place, record: Record) -> bool:
    """Wait until the service answers, or until its process has ended."""

    def ended() -> bool:
        return record.process is None or not record.process.alive()

    try:
        wait_until(lambda: ended() or service.ready(record.port), _START_SECONDS)
    except RetryError:
        raise ServiceError(
            f"{service.title} does not answer at {service.address(record.port)} after {_START_SECONDS} s. "
            f"Stop it with `reclake services down` and try again. {_log_of(place)}"
        ) from None
    return not ended()


def _end(place: Place, record: Record, process: ProcessId) -> None:
    """Ask the process to end, kill it after the deadline, and record it as stopped."""
    if process.alive():
        handle = psutil.Process(process.pid)
        for request in (record.stop_signal, signal.SIGKILL):
            try:
                handle.send_signal(request)
                wait_until(lambda: not process.alive(), _STOP_SECONDS)
                break
            except RetryError:
                continue
            except psutil.NoSuchProcess:
                break
    if child := _children.pop(process.pid, None):
        child.wait()
    place.write(record.stopped())


def _release_when_this_process_ends(place: Place, me: ProcessId) -> None:
    """Start a watcher, once, that reads a pipe which the kernel closes when this process ends."""
    if (place.state, me.pid) in _watched:
        return
    with held_back():
        watcher = subprocess.Popen(
            [sys.executable, "-m", "lakehouse.services.watcher", place.home, place.name, str(me.pid), str(me.created)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        atexit.register(_wait_for_watcher, watcher, me.pid)
        _watched.add((place.state, me.pid))


def _wait_for_watcher(watcher: subprocess.Popen[bytes], owner: int) -> None:
    """Let the watcher stop the service before this process is gone; a forked child has no part in it."""
    if os.getpid() == owner and watcher.stdin is not None:
        watcher.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            watcher.wait(timeout=3 * _STOP_SECONDS)


def free_port(preferred: Iterable[int] = ()) -> int:
    """Return the first of `preferred` that nobody listens on, else any free port."""
    for port in (*preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServiceError(f"There is no free port on {LOOPBACK}. End some of the programs that listen there.")


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until `condition` holds, or raise `RetryError` after so many seconds."""
    Retrying(
        retry=retry_if_result(lambda met: not met), wait=wait_fixed(_POLL_SECONDS), stop=stop_after_delay(seconds)
    )(condition)


def _log_of(place: Place) -> str:
    lines = place.log.read_text(errors="replace").splitlines() if place.log.exists() else []
    return f"Its log {place.log} ends with:\n" + ("\n".join(lines[-_LOG_LINES:]) or "(nothing)")
