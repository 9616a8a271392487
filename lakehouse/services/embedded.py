"""Addresses of Kafka and of the stores: from the settings, else of embedded ones started when needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lakehouse.errors import SettingsError
from lakehouse.kafka import ensure_topics
from lakehouse.services import process
from lakehouse.services.document_store import document_store
from lakehouse.services.kafka import broker
from lakehouse.services.lakebase import lakebase_url
from lakehouse.services.postgresql import postgresql, url_with_password
from lakehouse.services.state import Place

if TYPE_CHECKING:
    from pathlib import Path

    from lakehouse.services.process import Service
    from lakehouse.settings import Settings


@dataclass(frozen=True)
class ServiceStatus:
    """How one embedded service is doing."""

    name: str
    state: Literal["running", "not answering", "stopped"]
    address: str | None
    pid: int | None
    log: Path
    replaced_by: str | None
    """The environment variable that makes RecLake use another service instead, if it is set."""


def kafka_bootstrap(settings: Settings) -> str:
    """Return the address of Kafka's brokers; without one in the settings, that of a running embedded broker.

    An embedded broker has RecLake's topics. One that this call starts ends with this process, unless another
    process came to use it or `reclake services up` said to keep it.

    Raises
    ------
    SettingsError
        The settings name no broker and there is no embedded one to use: on Databricks, with SASL or TLS, or where
        records come from files alone.
    ServiceError
        The embedded broker cannot be started.
    """
    if settings.kafka_bootstrap_servers:
        return settings.kafka_bootstrap_servers
    if settings.kafka_security_protocol != "PLAINTEXT":
        raise SettingsError(
            f"KAFKA_SECURITY_PROTOCOL is {settings.kafka_security_protocol} but KAFKA_BOOTSTRAP_SERVERS is not set. "
            "Set it, or leave both out to use the embedded broker."
        )
    if settings.events_source == "files":
        raise SettingsError(
            "EVENTS_SOURCE is files, so no broker is started, and KAFKA_BOOTSTRAP_SERVERS names none. Set one "
            f"of the two otherwise, or put records as files into {settings.landing}."
        )
    service = broker()
    bootstrap = service.address(_held(service, settings))
    ensure_topics(settings, bootstrap)
    return bootstrap


def mongodb_uri(settings: Settings) -> str:
    """Return the URI of the document store; without one in the settings, that of a running embedded store.

    It may hold a password: pass it on, never show it. An embedded store ends like an embedded broker does.

    Raises
    ------
    SettingsError
        The settings name no store, on Databricks.
    ServiceError
        The embedded store cannot be started.
    """
    if settings.mongodb_uri:
        return settings.mongodb_uri.get_secret_value()
    service = document_store()
    return service.address(_held(service, settings))


def database_url(settings: Settings) -> str:
    """Return the URL of PostgreSQL; without one in the settings, of Lakebase or of an embedded one.

    It holds a password, Lakebase's of an hour's validity: pass it on, never show it, and ask again for the next
    connection. An embedded PostgreSQL ends like an embedded broker does.

    Raises
    ------
    SettingsError
        The settings name no PostgreSQL, on Databricks; or a Lakebase project that the workspace does not give.
    ServiceError
        The embedded PostgreSQL cannot be started.
    """
    if settings.database_url:
        return settings.database_url.get_secret_value()
    if settings.lakebase_project:
        return lakebase_url(settings.lakebase_project, settings.lakebase_database)
    service = postgresql()
    port = _held(service, settings)
    return url_with_password(Place(settings.home, service.name), port)


def no_document_store(settings: Settings) -> str:
    """Why a target of Databricks has no document store, none having been meant; empty if it is to have one."""
    return "" if settings.mongodb_uri else _none_meant(settings, "document store", "mongodb_uri")


def no_postgresql(settings: Settings) -> str:
    """Why a target of Databricks has no PostgreSQL, none having been meant; empty if it is to have one."""
    is_named = settings.database_url or settings.lakebase_project
    return "" if is_named else _none_meant(settings, "PostgreSQL", "database_url")


def up(settings: Settings) -> list[ServiceStatus]:
    """Start every embedded service that is needed and does not run, make RecLake's topics, and leave them running."""
    for service in _services():
        if service.name == "kafka" and settings.events_source == "files":
            continue
        _refuse_on_databricks(service, settings)
        record = process.start(service, settings.home)
        if service.name == "kafka":
            embedded = settings.model_copy(update={"kafka_security_protocol": "PLAINTEXT"})
            ensure_topics(embedded, service.address(record.port))
    return status(settings)


def down(settings: Settings) -> list[str]:
    """Stop every embedded service, whoever started it; return the names of those that ran."""
    return [service.name for service in _services() if process.stop(service, settings.home)]


def status(settings: Settings) -> list[ServiceStatus]:
    """Ask every embedded service whether it answers."""
    return [_status(service, settings) for service in _services()]


def _services() -> list[Service]:
    return [broker(), document_store(), postgresql()]


def _held(service: Service, settings: Settings) -> int:
    _refuse_on_databricks(service, settings)
    return process.hold(service, settings.home).port


def _none_meant(settings: Settings, store: str, secret: str) -> str:
    # Where a scope of secrets is named, one that is missing from it is a mistake, and told by whoever needs it.
    if settings.secret_scope or not settings.on_databricks:
        return ""
    return f"There is no {store} here: neither {secret.upper()} nor SECRET_SCOPE is set"


def _refuse_on_databricks(service: Service, settings: Settings) -> None:
    if settings.on_databricks:
        raise SettingsError(
            f"{service.setting.upper()} is not set, and Databricks runs no embedded service. "
            f"Give the job the parameter `{service.setting}`, or put the secret into the secret scope."
        )


def _status(service: Service, settings: Settings) -> ServiceStatus:
    place = Place(settings.home, service.name)
    record = place.read()
    running = record if record is not None and record.process is not None else None
    answers = running is not None and service.ready(running.port)
    return ServiceStatus(
        name=service.name,
        state="running" if answers else "not answering" if running else "stopped",
        address=service.address(running.port) if running else None,
        pid=running.process.pid if running and running.process else None,
        log=place.log,
        replaced_by=service.setting.upper() if getattr(settings, service.setting) else None,
    )
