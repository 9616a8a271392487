"""A real broker, document store and PostgreSQL for the whole session, in a temporary home."""

import pytest

from lakehouse import services
from lakehouse.settings import Settings


@pytest.fixture(scope="session")
def services_settings(tmp_path_factory):
    """Settings that name no service, so that embedded ones are used."""
    settings = Settings(
        reclake_home=tmp_path_factory.mktemp("services"),
        kafka_bootstrap_servers=None,
        kafka_security_protocol="PLAINTEXT",
        mongodb_uri=None,
        database_url=None,
    )
    yield settings
    services.down(settings)


@pytest.fixture(scope="session")
def broker(services_settings):
    """Address of a broker that has RecLake's topics."""
    return services.kafka_bootstrap(services_settings)


@pytest.fixture(scope="session")
def document_store(services_settings):
    """URI of a document store."""
    return services.mongodb_uri(services_settings)


@pytest.fixture(scope="session")
def postgresql_url(services_settings):
    """URL of a PostgreSQL."""
    return services.database_url(services_settings)
