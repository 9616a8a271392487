"""The stores that answer, opened once for all who ask, and left alone for a while when they are away."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import pandas as pd

from lakehouse.errors import NothingToServeError, RecLakeError, ServiceError
from lakehouse.progress import Progress
from lakehouse.settings import Settings
from serving.reading.figure import in_utc
from serving.reading.lake import Lake

if TYPE_CHECKING:
    from psycopg import Connection
    from pymongo import MongoClient
    from pymongo.database import Database

    from lakehouse.lake import Lakehouse

Result = TypeVar("Result")

_AWAY_SECONDS = 10
"""A store that did not answer is not asked again for so long: every panel would wait for it, one after the other."""
_PATIENCE_MS = 1_500
_STATEMENT_SECONDS = 10


class Stores:
    """Everything that a page or a command reads."""

    def __init__(self, settings: Settings, lake: Lake | None = None) -> None:
        self.settings = settings
        self._lake = lake
        self.documents = Documents(settings)
        self.database = Relations(settings)

    @cached_property
    def lake(self) -> Lake:
        """The tables of the lakehouse, opened at the first question where nobody gave them."""
        if self._lake:
            return self._lake
        if self.settings.catalog:
            from serving.reading.warehouse import Warehouse

            return Warehouse(self.settings)
        from serving.reading.delta_files import DeltaFiles

        return DeltaFiles(self.settings)

    @cached_property
    def progress(self) -> Progress:
        """How far each task has read."""
        return Progress.under(self.settings)


def stores_of(lake: Lakehouse) -> Stores:
    """The stores of a program that may start Spark, which it does where tables are not files of this machine."""
    settings = lake.settings
    if not settings.catalog and urlsplit(settings.lakehouse).scheme == "file":
        return Stores(settings)
    from serving.reading.spark_tables import SparkTables

    return Stores(settings, SparkTables(lake))


def _require(lacking: str) -> None:
    if lacking:
        raise NothingToServeError(f"{lacking}. The tables have it all the same.")


class _Away:
    """Remembers for a while that a store did not answer."""

    def __init__(self) -> None:
        self._until = 0.0
        self._error: RecLakeError | None = None

    def ask(self, work: Callable[[], Result]) -> Result:
        if self._error and time.monotonic() < self._until:
            raise self._error
        try:
            return work()
        except ServiceError as error:
            self._error, self._until = error, time.monotonic() + _AWAY_SECONDS
            raise


class Documents:
    """MongoDB: recommendations and profiles."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._away = _Away()
        self._client: MongoClient[dict[str, Any]] | None = None
        self._lock = RLock()

    def ask(self, work: Callable[[Database[dict[str, Any]]], Result]) -> Result:
        """Do reading `work` on the recommendations database.

        Raises
        ------
        NothingToServeError
            There is no document store here.
        ServiceError
            The store does not answer, or refuses.
        """
        from lakehouse.services import no_document_store

        _require(no_document_store(self._settings))
        return self._away.ask(lambda: self._ask(work))

    def find(
        self, collection: str, where: dict[str, Any], sort: Sequence[str] = ("rank",), limit: int = 100
    ) -> pd.DataFrame:
        """Documents of a collection, best first."""
        found = self.ask(
            lambda database: list(
                database[collection].find(where, {"_id": False}).sort([(field, 1) for field in sort]).limit(limit)
            )
        )
        return in_utc(pd.DataFrame(found))

    def _ask(self, work: Callable[[Database[dict[str, Any]]], Result]) -> Result:
        from pymongo.errors import OperationFailure, PyMongoError

        try:
            return work(self._connected().get_database(self._settings.mongodb_database))
        except OperationFailure as error:
            raise ServiceError(f"The document store refused to be read (code {error.code}).") from None
        except PyMongoError:
            # Where it is may have changed: an embedded store that was started again has another port.
            self._client = None
            raise ServiceError("The document store does not answer. Check MONGODB_URI, or unset it.") from None

    def _connected(self) -> MongoClient[dict[str, Any]]:
        from pymongo import MongoClient
        from pymongo.errors import PyMongoError

        from lakehouse.services import mongodb_uri

        with self._lock:
            if self._client is None:
                try:
                    self._client = MongoClient(
                        mongodb_uri(self._settings),
                        serverSelectionTimeoutMS=_PATIENCE_MS,
                        connectTimeoutMS=_PATIENCE_MS,
                        socketTimeoutMS=10_000,
                        readPreference="secondaryPreferred",
                        appname="reclake-dashboard",
                        tz_aware=True,
                    )
                except (PyMongoError, ValueError):
                    raise ServiceError(
                        "MONGODB_URI cannot be used: it should be mongodb+srv://USER:PASSWORD@HOST."
                    ) from None
            return self._client


class Relations:
    """PostgreSQL: the funnel and churn."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._away = _Away()
        self._open: tuple[Connection[tuple[Any, ...]], ExitStack] | None = None
        self._lock = RLock()

    def ask(self, work: Callable[[Connection[tuple[Any, ...]]], Result]) -> Result:
        """Do reading `work` on a connection.

        Raises
        ------
        NothingToServeError
            There are no tables yet, or there is no PostgreSQL here.
        ServiceError
            PostgreSQL does not answer.
        """
        from lakehouse.services import no_postgresql

        _require(no_postgresql(self._settings))
        return self._away.ask(lambda: self._ask(work))

    def rows(self, sql: str, **parameters: Any) -> pd.DataFrame:
        """Answer a query with parameters `%(name)s`; errors are those of `ask`."""

        def read(connection: Connection[tuple[Any, ...]]) -> pd.DataFrame:
            from psycopg import sql as text

            cursor = connection.execute(text.SQL(sql), parameters)
            return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or ()])

        return in_utc(self.ask(read))

    def _ask(self, work: Callable[[Connection[tuple[Any, ...]]], Result]) -> Result:
        from psycopg import Error, OperationalError
        from psycopg.errors import UndefinedTable

        from lakehouse.database.connection import NO_TABLES

        with self._lock:
            connection = self._connected()
            try:
                return work(connection)
            except UndefinedTable:
                raise NothingToServeError(NO_TABLES) from None
            except OperationalError:
                self._close()
                raise ServiceError("PostgreSQL went away; the next refresh asks again.") from None
            except Error as error:
                raise ServiceError(f"PostgreSQL refused to be read: {error.diag.message_primary}.") from None

    def _connected(self) -> Connection[tuple[Any, ...]]:
        from lakehouse.database import connect_read_only

        if self._open is None or self._open[0].closed:
            stack = ExitStack()
            connection = stack.enter_context(connect_read_only(self._settings))
            # All readers of the page share it and wait for one another.
            connection.execute("SELECT set_config('statement_timeout', %s, false)", [f"{_STATEMENT_SECONDS}s"])
            self._open = (connection, stack)
        return self._open[0]

    def _close(self) -> None:
        if self._open:
            self._open[0].close()
            self._open = None
