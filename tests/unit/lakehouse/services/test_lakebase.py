"""Lakebase's address, from a server that answers as the workspace documents it."""

import pytest
from psycopg.conninfo import conninfo_to_dict

from lakehouse import services
from lakehouse.errors import SettingsError
from lakehouse.settings import Settings

ANSWERS = {
    "/api/2.0/database/instances/shop": {"name": "shop", "read_write_dns": "instance-1.database.example"},
    "/api/2.0/database/credentials": {"token": "to:k/e@n", "expiration_time": "2026-01-31T13:00:00Z"},
    "/api/2.0/preview/scim/v2/Me": {"id": "1", "userName": "ann@example.com"},
}


@pytest.fixture(autouse=True)
def shop(workspace):
    workspace.answers.update(ANSWERS)


def test_an_instance_is_opened_over_tls_with_the_token_of_the_run():
    settings = Settings(database_url=None, lakebase_instance="shop")

    assert conninfo_to_dict(services.database_url(settings)) == {
        "user": "ann@example.com",
        "password": "to:k/e@n",
        "host": "instance-1.database.example",
        "port": "5432",
        "dbname": "databricks_postgres",
        "sslmode": "require",
    }


def test_a_url_goes_before_an_instance():
    settings = Settings(database_url="postgresql://elsewhere/db", lakebase_instance="shop")

    assert services.database_url(settings) == "postgresql://elsewhere/db"


def test_an_unknown_instance_is_one_sentence():
    with pytest.raises(SettingsError, match="LAKEBASE_INSTANCE nope cannot be used: no such thing"):
        services.database_url(Settings(database_url=None, lakebase_instance="nope"))
