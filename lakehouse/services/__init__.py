"""The services that RecLake talks to: those the settings name, or embedded ones that run as separate processes."""

from lakehouse.services.embedded import (
    ServiceStatus,
    database_url,
    down,
    kafka_bootstrap,
    mongodb_uri,
    no_document_store,
    no_postgresql,
    status,
    up,
)

__all__ = [
    "ServiceStatus",
    "database_url",
    "down",
    "kafka_bootstrap",
    "mongodb_uri",
    "no_document_store",
    "no_postgresql",
    "status",
    "up",
]
