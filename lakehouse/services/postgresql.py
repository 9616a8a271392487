"""The embedded PostgreSQL: the server that the package `pgserver` ships, run as a separate process.

It listens on the loopback interface only and asks for a password that its first start makes up.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import subprocess
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
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
_PROGRAMS = Path("pgserver/pginstall/bin")
_NOT_RUN = shutil.ignore_patterns("include", "*.py", "__pycache__")
_COPIES = Path("/var/lib/reclake")
_HERE = Path("/proc/self/cwd")
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
        directory=attrgetter("data"),
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
    if not place.data.exists():
        _make_cluster(place, programs / "initdb")
    _clear_after_a_kill(place)
    options = {**_OPTIONS, "port": port}
    return [programs / "postgres", "-D", _named(place.data), *(f"--{name}={value}" for name, value in options.items())]


def _server_user() -> str | None:
    """The user that the server runs as: it refuses to be root."""
    return _UNPRIVILEGED if os.geteuid() == 0 else None


def _named(data: Path) -> Path:
    """How a server that is started in its data folder calls it.

    For another user than root it is the folder where it stands already, which Linux finds without passing through the
    folders above: they may be closed to that user, as `/root` is, and need not be opened.
    """
    return _HERE if _server_user() and _HERE.exists() else data


def _programs() -> Path:
    """The folder of PostgreSQL's programs: those of `pgserver`, or a copy where these are closed to who runs them."""
    package = find_spec("pgserver")
    if package is None or package.origin is None:
        raise ServiceError(
            "The embedded PostgreSQL is not installed. Install it with `pip install --pre reclake[local]`, "
            "or set DATABASE_URL to a PostgreSQL server."
        )
    installed, user = Path(package.origin).parents[1], _server_user()
    if user and not _may_run(user, installed / _PROGRAMS / "postgres"):
        return _copied(installed, user) / _PROGRAMS
    return installed / _PROGRAMS


def _may_run(user: str, program: Path) -> bool:
    return subprocess.run(["test", "-x", program], check=False, **identity(user)).returncode == 0


def _copied(installed: Path, user: str) -> Path:
    """Copy what `pgserver` installed to where any user may run it, once for each version."""
    copy = _COPIES / f"pgserver-{version('pgserver')}"
    try:
        if not copy.exists():
            _COPIES.mkdir(parents=True, exist_ok=True)
            _COPIES.chmod(0o755)
            with TemporaryDirectory(dir=_COPIES) as folder:
                new = Path(folder) / "new"
                for package in ("pgserver", "pgserver.libs"):
                    if (installed / package).exists():
                        shutil.copytree(installed / package, new / package, ignore=_NOT_RUN)
                for path in (new, *new.rglob("*")):
                    path.chmod(0o755)
                # Another start may have been faster.
                with suppress(OSError):
                    new.rename(copy)
        if _may_run(user, copy / _PROGRAMS / "postgres"):
            return copy
    except OSError as error:
        log.warning("PostgreSQL's programs could not be copied: %s", error)
    raise ServiceError(
        f"PostgreSQL does not run as root, and {user} may run its programs neither in {installed} nor in {copy}. "
        "Install RecLake where every user may read it, or set DATABASE_URL to a PostgreSQL server."
    )


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
    access = [f"--username={_ROLE}", "--auth=scram-sha-256", "--pwfile=/dev/stdin"]
    with password.open() as secret:
        done = subprocess.run(
            [initdb, "-D", _named(new), *access, "--encoding=UTF8", "--locale=C"],
            stdin=secret,
            capture_output=True,
            text=True,
            timeout=_INITDB_SECONDS,
            check=False,
            cwd=new,
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
