"""The stores that answer, opened once for all who ask, and left alone for a while when they are away."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import pandas as pd

from lakehouse.errors import NothingToServeError, ServiceError
from lakehouse.progress import Progress
from lakehouse.settings import Settings
from serving.reading.away import Away
from serving.reading.documents import Documents
from serving.reading.figure import in_utc
from serving.reading.lake import Lake
from serving.reading.served import Served, ServedTables

if TYPE_CHECKING:
    from psycopg import Connection

    from lakehouse.lake import Lakehouse

Result = TypeVar("Result")

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
    def served(self) -> Served:
        """What applications are served, wherever it is."""
        from lakehouse.services import no_document_store

        if no_document_store(self.settings):
            return ServedTables(lambda: self.lake)
        return self.documents

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


class Relations:
    """PostgreSQL: the funnel and churn."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._away = Away()
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

        if lacking := no_postgresql(self._settings):
            raise NothingToServeError(f"{lacking}.")
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
