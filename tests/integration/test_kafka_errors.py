"""What goes wrong with Kafka is one sentence that says what to do, and comes soon."""

import socket
import time
from dataclasses import replace

import pytest

from lakehouse import kafka
from lakehouse.errors import ServiceError, SettingsError
from lakehouse.kafka import Topic, check_broker, ensure_topics, require_topic
from lakehouse.services import process
from lakehouse.services.kafka import broker as broker_service
from lakehouse.settings import Settings

PLAINTEXT = Settings(kafka_security_protocol="PLAINTEXT")
JAAS = "org.apache.kafka.common.security.plain.PlainLoginModule required"


def with_sasl(port):
    """Describe a broker that also listens on `port` for the user `key` with the password `right"\\`."""
    plain = broker_service()

    def command(place, plain_port):
        line = plain.command(place, plain_port)
        properties = place.folder / "server.properties"
        text = properties.read_text().replace("listeners=", f"listeners=SASL_PLAINTEXT://127.0.0.1:{port},")
        text += (
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT\n"
        )
        text += "sasl.enabled.mechanisms=PLAIN\nlistener.name.sasl_plaintext.plain.sasl.jaas.config="
        text += JAAS + ' user_key="right\\\\"\\\\\\\\";\n'
        properties.write_text(text)
        return line

    return replace(plain, command=command)


@pytest.fixture(scope="module")
def sasl_broker(tmp_path_factory):
    port = process.free_port()
    home = tmp_path_factory.mktemp("sasl")
    service = with_sasl(port)
    process.hold(service, home)
    yield f"127.0.0.1:{port}"
    process.stop(service, home)


def credentials(secret):
    return Settings(kafka_security_protocol="SASL_PLAINTEXT", kafka_api_key="key", kafka_api_secret=secret)


def failure(settings, bootstrap):
    started = time.monotonic()
    with pytest.raises(ServiceError) as error:
        check_broker(settings, bootstrap)
    assert time.monotonic() - started < kafka.ANSWER_SECONDS + 5
    return str(error.value)


def test_a_running_broker_passes(broker):
    check_broker(PLAINTEXT, broker)


def test_no_broker_says_how_to_start_one():
    bootstrap = f"localhost:{process.free_port()}"

    assert failure(PLAINTEXT, bootstrap) == (
        f"Kafka at {bootstrap} refused the connection. "
        "Start a broker with `reclake services up`, or set KAFKA_BOOTSTRAP_SERVERS."
    )


def test_an_unknown_host_is_named(monkeypatch):
    monkeypatch.setattr(kafka, "ANSWER_SECONDS", 2)
    assert failure(PLAINTEXT, "no-such-host.invalid:9092").startswith(
        "Kafka at no-such-host.invalid:9092 cannot be found"
    )


def test_a_broker_that_is_silent_does_not_block(monkeypatch):
    monkeypatch.setattr(kafka, "ANSWER_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        message = failure(PLAINTEXT, f"127.0.0.1:{silent.getsockname()[1]}")

    assert "did not answer within 1 s" in message


def test_right_credentials_pass(sasl_broker):
    check_broker(credentials('right"\\'), sasl_broker)


def test_wrong_credentials_name_the_settings_and_not_the_secret(sasl_broker):
    message = failure(credentials("wr0ng-s3cret"), sasl_broker)

    assert message == f"Kafka at {sasl_broker} rejected the credentials. Check KAFKA_API_KEY and KAFKA_API_SECRET."


def test_a_missing_login_suspects_the_security_protocol(sasl_broker, monkeypatch):
    monkeypatch.setattr(kafka, "ANSWER_SECONDS", 2)

    assert failure(PLAINTEXT, sasl_broker) == (
        f"Kafka at {sasl_broker} ends every connection. Check that KAFKA_SECURITY_PROTOCOL is the one it expects."
    )


def test_tls_with_a_broker_that_has_none_is_recognised(broker):
    settings = Settings(kafka_security_protocol="SSL", kafka_ca_file=None)

    assert failure(settings, broker) == (
        f"Kafka at {broker} and this client do not agree on TLS. Check KAFKA_SECURITY_PROTOCOL and KAFKA_CA_FILE."
    )


def test_a_missing_ca_file_is_a_setting_to_correct(tmp_path):
    settings = Settings(kafka_security_protocol="SSL", kafka_ca_file=tmp_path / "missing.pem")

    with pytest.raises(SettingsError, match=r"ssl\.ca\.location"):
        check_broker(settings, "127.0.0.1:9092")


def test_an_existing_topic_tells_its_partitions(broker):
    assert require_topic(PLAINTEXT, broker, "user-events") == 6


def test_an_unknown_topic_names_those_that_exist(broker):
    with pytest.raises(ServiceError) as error:
        require_topic(PLAINTEXT, broker, "user-event")

    assert str(error.value).startswith(
        f"Kafka at {broker} has no topic 'user-event'; it has clickstream, episode-ids, "
    )


def test_topics_are_created_once(broker):
    topics = [Topic("made-once", partitions=2, retention_days=1)]

    assert ensure_topics(PLAINTEXT, broker, topics) == ["made-once"]
    assert ensure_topics(PLAINTEXT, broker, topics) == []
    assert require_topic(PLAINTEXT, broker, "made-once") == 2


def test_a_topic_that_kafka_refuses_is_named(broker):
    with pytest.raises(ServiceError, match="did not create topic 'not a name'"):
        ensure_topics(PLAINTEXT, broker, [Topic("not a name", partitions=1)])
