"""Settings become the options that confluent-kafka and Spark take."""

import pytest
from confluent_kafka.admin import AdminClient

from lakehouse.errors import SettingsError
from lakehouse.kafka import CLICKSTREAM, EPISODE_IDS, EPISODE_METADATA, USER_EVENTS, client_config, spark_options
from lakehouse.settings import Settings

SECRET = 'hush"hu\\sh'
PLAIN_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


@pytest.fixture
def cloud(tmp_path):
    return Settings(
        kafka_security_protocol="SASL_SSL",
        kafka_api_key="key",
        kafka_api_secret=SECRET,
        kafka_ca_file=tmp_path / "ca.pem",
    )


@pytest.fixture
def laptop():
    return Settings(kafka_security_protocol="PLAINTEXT", kafka_api_key=None, kafka_api_secret=None, kafka_ca_file=None)


def test_a_plaintext_broker_needs_an_address_only(laptop):
    assert client_config(laptop, "b:1") == {
        "bootstrap.servers": "b:1",
        "security.protocol": "PLAINTEXT",
        "client.id": "reclake",
    }
    assert spark_options(laptop, "b:1") == {"kafka.bootstrap.servers": "b:1", "kafka.security.protocol": "PLAINTEXT"}


def test_confluent_takes_key_and_secret_as_sasl_plain(cloud):
    config = client_config(cloud, "b:1")

    assert config["sasl.mechanism"] == "PLAIN"
    assert (config["sasl.username"], config["sasl.password"]) == ("key", SECRET)
    assert config["ssl.ca.location"] == str(cloud.kafka_ca_file)


def test_confluent_accepts_every_option(cloud):
    AdminClient(client_config(cloud.model_copy(update={"kafka_ca_file": None}), "127.0.0.1:1"))


def test_spark_takes_an_escaped_login_and_a_pem_truststore(cloud, monkeypatch):
    monkeypatch.delenv("DATABRICKS_RUNTIME_VERSION", raising=False)

    options = spark_options(cloud, "b:1")

    assert options == {
        "kafka.bootstrap.servers": "b:1",
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.mechanism": "PLAIN",
        "kafka.sasl.jaas.config": PLAIN_LOGIN + r' required username="key" password="hush\"hu\\sh";',
        "kafka.ssl.truststore.type": "PEM",
        "kafka.ssl.truststore.location": str(cloud.kafka_ca_file),
    }


def test_the_login_module_is_shaded_on_databricks(cloud, monkeypatch):
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")

    assert spark_options(cloud, "b:1")["kafka.sasl.jaas.config"].startswith(f"kafkashaded.{PLAIN_LOGIN} required ")


@pytest.mark.parametrize("options", [client_config, spark_options])
def test_no_secret_is_shown(cloud, options):
    shown = repr(options(cloud, "b:1")) + str(options(cloud, "b:1")) + f"{options(cloud, 'b:1')}" + repr(cloud)

    assert "hush" not in shown
    assert "***" in shown


@pytest.mark.parametrize("options", [client_config, spark_options])
def test_sasl_without_a_secret_names_what_is_missing(options):
    settings = Settings(kafka_security_protocol="SASL_SSL", kafka_api_key="key", kafka_api_secret=None)

    with pytest.raises(SettingsError, match="SASL_SSL needs KAFKA_API_SECRET: not set"):
        options(settings, "b:1")


@pytest.mark.parametrize(
    ("topic", "partitions", "config"),
    [
        (USER_EVENTS, 6, {"cleanup.policy": "delete", "retention.ms": "2592000000"}),
        (CLICKSTREAM, 6, {"cleanup.policy": "delete", "retention.ms": "2592000000"}),
        (EPISODE_METADATA, 1, {"cleanup.policy": "delete", "retention.ms": "-1"}),
        (EPISODE_IDS, 1, {"cleanup.policy": "compact", "retention.ms": "-1"}),
    ],
)
def test_topics_say_how_long_they_remember(topic, partitions, config):
    assert (topic.partitions, topic.config) == (partitions, config)
