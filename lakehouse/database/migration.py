"""Migrations: numbered changes of the tables, applied in order and once, by Alembic, before anybody writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from lakehouse.database.connection import Connection, Database, opened
from lakehouse.errors import ServiceError
from lakehouse.settings import Settings

_FOLDER = Path(__file__).with_name("migrations")
_LOCK = "reclake migrations"


@contextmanager
def connect(settings: Settings) -> Iterator[Database]:
    """Open PostgreSQL for writing, with all migrations applied.

    Raises
    ------
    ServiceError
        The server cannot be reached or refuses the credentials; the message shows no secret. Or the tables belong to a
        newer version of RecLake, or the role may not make tables.
    SettingsError
        `DATABASE_URL` is not one.
    """
    database = Database(settings)
    try:
        database.repeat(lambda connection: _migrate(settings, connection))
        yield database
    finally:
        database.close()


def newest() -> str:
    """Return the number of the newest migration."""
    return max(path.stem.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*.py"))


def _migrate(settings: Settings, connection: Connection) -> None:
    """Bring the tables to this version of RecLake: all or nothing, and one process at a time."""
    # To look first spares the import of Alembic.
    if _applied(connection) != newest():
        _upgrade(settings)


def _applied(connection: Connection) -> str | None:
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return None
    row = connection.execute(sql.SQL("SELECT version_num FROM alembic_version")).fetchone()
    return row[0] if row else None


def _upgrade(settings: Settings) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError
    from sqlalchemy import NullPool, create_engine, text
    from sqlalchemy.exc import DBAPIError

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: opened(settings, autocommit=False), poolclass=NullPool
    )
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": _LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError:
        raise ServiceError(
            "PostgreSQL's tables belong to a newer version of RecLake. Install that one, or use another database."
        ) from None
    except DBAPIError as error:
        # What the driver said, for the caller to tell an error that passes from one that does not.
        raise error.orig or error from None
