"""Connections to PostgreSQL: one for writing that comes back after a restart, and one that can only read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
from psycopg.errors import InsufficientPrivilege, UndefinedTable
from psycopg.pq import Ping
from psycopg.types.datetime import DatetimeBinaryDumper
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)

from lakehouse.database.tables import StoredTable
from lakehouse.errors import NothingToServeError, ServiceError, SettingsError
from lakehouse.services import database_url
from lakehouse.services.postgresql import ping
from lakehouse.settings import Settings

log = logging.getLogger(__name__)

Connection = psycopg.Connection[tuple[Any, ...]]
Result = TypeVar("Result")

NO_TABLES = "PostgreSQL holds no tables yet: run `reclake run realtime`."

_CONNECT_SECONDS = 10
_RESTART_SECONDS = 60
_ATTEMPTS = 5
# Deadlock, serialization failure, and what a server says that stops, crashed or is starting.
_PASSING = {"40P01", "40001", "57P01", "57P02", "57P03"}


class _ServerAwayError(ServiceError):
    """The server does not answer, which may pass."""


class Database:
    """PostgreSQL, for writing: a connection that broke is made anew."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._connection = opened(settings)

    def repeat(self, work: Callable[[Connection], Result]) -> Result:
        """Do `work` in a connection; all of it again when the server went away meanwhile, or stood in its own way.

        Raises
        ------
        ServiceError
            The server does not come back within a minute, or refuses the work.
        """
        attempts = Retrying(
            retry=retry_if_exception(_may_pass),
            wait=wait_exponential_jitter(initial=0.1, max=5),
            stop=stop_after_attempt(_ATTEMPTS),
            before_sleep=_note,
            reraise=True,
        )
        try:
            return attempts(lambda: work(self._open_connection()))
        except psycopg.Error as error:
            raise _refusal(error) from None

    def knows(self, table: StoredTable) -> bool:
        """Whether any batch of a table was ever written."""
        statement = "SELECT FROM batches WHERE table_name = %s LIMIT 1"
        return self.repeat(lambda connection: connection.execute(statement, [table.name]).rowcount) > 0

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _open_connection(self) -> Connection:
        if self._connection.closed:
            patience = Retrying(
                retry=retry_if_exception_type(_ServerAwayError),
                wait=wait_exponential_jitter(initial=0.1, max=5),
                stop=stop_after_delay(_RESTART_SECONDS),
                reraise=True,
            )
            self._connection = patience(opened, self.settings)
        return self._connection


@contextmanager
def connect_read_only(settings: Settings) -> Iterator[Connection]:
    """Open a connection whose transactions cannot write, each statement being one, so that it never holds a lock.

    It guards against mistakes. Against intent, give the reader a `DATABASE_URL` of a role that may only SELECT.

    Raises
    ------
    NothingToServeError
        Nothing was ever written.
    ServiceError
        The server cannot be reached, refuses the credentials, or went away.
    """
    with opened(settings) as connection:
        connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        try:
            yield connection
        except UndefinedTable:
            raise NothingToServeError(NO_TABLES) from None
        except (psycopg.OperationalError, InsufficientPrivilege) as error:
            raise _refusal(error) from None


def opened(settings: Settings, *, autocommit: bool = True) -> Connection:
    """Open a connection, with an address and credentials as they are now.

    Raises
    ------
    ServiceError
        The server cannot be reached or refuses the credentials.
    SettingsError
        `DATABASE_URL` is not one.
    """
    url = database_url(settings)
    connection = _connected(url, autocommit) or _connected(url, autocommit)
    if connection is None:
        raise ServiceError("PostgreSQL refused the connection. Check user, password and database in DATABASE_URL.")
    connection.adapters.register_dumper(datetime, _UtcDumper)
    return connection


def _connected(url: str, autocommit: bool) -> Connection | None:
    """Connect; none: the server is there, and has refused, or may only have been about to be ready."""
    try:
        return psycopg.connect(
            url,
            autocommit=autocommit,
            connect_timeout=_CONNECT_SECONDS,
            # A server that vanished without a word is noticed by what it does not acknowledge.
            tcp_user_timeout=_RESTART_SECONDS * 1_000,
            application_name="reclake",
        )
    except (psycopg.ProgrammingError, psycopg.OperationalError):
        answer = ping(url)
    if answer == Ping.OK:
        return None
    if answer == Ping.NO_ATTEMPT:
        raise SettingsError(
            "DATABASE_URL cannot be used: it should look like postgresql://USER:PASSWORD@HOST:5432/DATABASE."
        )
    raise _ServerAwayError("PostgreSQL did not answer. Check DATABASE_URL, or unset it for the embedded PostgreSQL.")


class _UtcDumper(DatetimeBinaryDumper):
    """Takes times without a zone, as Spark hands them over, for UTC."""

    def dump(self, obj: Any) -> Any:
        return super().dump(obj if obj.tzinfo else obj.replace(tzinfo=UTC))


def _may_pass(error: BaseException) -> bool:
    # Without a code it did not come from the server: the connection broke.
    return isinstance(error, psycopg.OperationalError) and (error.sqlstate is None or error.sqlstate in _PASSING)


def _note(_: RetryCallState) -> None:
    log.warning("PostgreSQL went away or was busy with the same rows; the batch is sent again, from its start")


def _refusal(error: psycopg.Error) -> ServiceError:
    """One sentence of an error, without its detail, in which PostgreSQL shows rows."""
    if _may_pass(error):
        return ServiceError("PostgreSQL went away and did not come back. Look at its log, and run this again.")
    return ServiceError(f"PostgreSQL refused the work: {error.diag.message_primary or type(error).__name__}.")
