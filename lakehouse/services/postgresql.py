"""The embedded PostgreSQL: the server that the package `pgserver` ships, run as a separate process.

It listens on the loopback interface only and asks for a password that its first start makes up.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import stat
import subprocess
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from tenacity import RetryError

from lakehouse.errors import ServiceError
from lakehouse.services.process import LOOPBACK, Service, identity, wait_until

if TYPE_CHECKING:
    from psycopg.pq import Ping

    from lakehouse.services.state import Place

log = logging.getLogger(__name__)

_ROLE = "reclake"
_DATABASE = "postgres"
_UNPRIVILEGED = "nobody"
_PING_SECONDS = 2
_INITDB_SECONDS = 120
_LEFTOVER_SECONDS = 30
_OPTIONS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "50",
    "max_wal_size": "256MB",
    # Nothing is replicated, so what fills a table made in the same transaction need not be logged.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The rows of a statement that failed are nobody's business.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def postgresql() -> Service:
    """Describe PostgreSQL."""
    return Service(
        name="postgresql",
        title="The embedded PostgreSQL",
        setting="database_url",
        standard_port=5432,
        command=_command,
        ready=_answers,
        address=_address,
        # To PostgreSQL, SIGTERM means to wait until the last client has left.
        stop_signal=signal.SIGINT,
        user=_server_user(),
    )


def url_with_password(place: Place, port: int) -> str:
    """Return the address with the password in it: pass it on, never show it."""
    # Of letters, digits, - and _ only: nothing to quote.
    password = _password_file(place).read_text().strip()
    return _address(port).replace("@", f":{password}@")


def ping(url: str) -> Ping:
    """Ask a PostgreSQL, without its password, whether it takes connections; `NO_ATTEMPT`: that is no URL of one."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo
    from psycopg.pq import PGconn, Ping

    try:
        # Nothing else of this process runs meanwhile, so it may not take as long as the network likes.
        return Ping(PGconn.ping(make_conninfo(url, connect_timeout=_PING_SECONDS).encode()))
    except ProgrammingError:
        return Ping.NO_ATTEMPT


def _command(place: Place, port: int) -> list[str | Path]:
    programs = _programs()
    if _server_user():
        _open_the_way([programs, place.folder])
    if not place.data.exists():
        _make_cluster(place, programs / "initdb")
    _clear_after_a_kill(place)
    options = {**_OPTIONS, "port": port}
    return [programs / "postgres", "-D", place.data, *(f"--{name}={value}" for name, value in options.items())]


def _programs() -> Path:
    package = find_spec("pgserver")
    if package is None or package.origin is None:
        raise ServiceError(
            "The embedded PostgreSQL is not installed. Install it with `pip install --pre reclake[local]`, "
            "or set DATABASE_URL to a PostgreSQL server."
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _server_user() -> str | None:
    """The user that the server runs as: it refuses to be root."""
    return _UNPRIVILEGED if os.geteuid() == 0 else None


def _open_the_way(folders: list[Path]) -> None:
    """Let any user pass through (not list) the folders that lead to what the server needs."""
    for folder in {parent for path in folders for parent in (path, *path.parents)}:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            log.info("PostgreSQL runs as %s, so %s may now be passed through by any user", _UNPRIVILEGED, folder)
            folder.chmod(mode | stat.S_IXOTH)


def _make_cluster(place: Place, initdb: Path) -> None:
    """Make the data folder and its password; under another name first, so that a start that is killed leaves none."""
    new, password, user = place.data.with_suffix(".new"), _password_file(place), _server_user()
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    password.unlink(missing_ok=True)
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    if user:
        shutil.chown(new, user)
        shutil.chown(password, user)
    access = [f"--username={_ROLE}", "--auth=scram-sha-256", f"--pwfile={password}"]
    done = subprocess.run(
        [initdb, "-D", new, *access, "--encoding=UTF8", "--locale=C"],
        capture_output=True,
        text=True,
        timeout=_INITDB_SECONDS,
        check=False,
        cwd=place.folder,
        **identity(user),
    )
    if done.returncode != 0:
        raise ServiceError(
            "PostgreSQL's data folder could not be prepared. Look at what PostgreSQL says, or set DATABASE_URL:\n"
            + "\n".join((done.stdout + done.stderr).splitlines()[-5:])
        )
    new.rename(place.data)


def _password_file(place: Place) -> Path:
    return place.folder / "password"


def _clear_after_a_kill(place: Place) -> None:
    """Wait for the children of a server that was killed, which end by themselves, and take its lock file away.

    PostgreSQL would do so, but for a killed server whose own parent has not noticed yet: that one looks alive to it.
    """
    data = str(place.data.resolve())

    def gone() -> bool:
        running = psutil.process_iter(["name", "cwd"])
        return not any(process.info["name"] == "postgres" and process.info["cwd"] == data for process in running)

    lock = place.data / "postmaster.pid"
    if lock.exists():
        with suppress(RetryError):
            wait_until(gone, _LEFTOVER_SECONDS)
            lock.unlink(missing_ok=True)


def _answers(port: int) -> bool:
    from psycopg.pq import Ping

    return ping(_address(port)) == Ping.OK


def _address(port: int) -> str:
    return f"postgresql://{_ROLE}@{LOOPBACK}:{port}/{_DATABASE}"
