"""The embedded services, for real: started, used, stopped, started again."""

import os
import subprocess
import sys

import psutil
import psycopg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from pymongo import MongoClient

from lakehouse import services
from lakehouse.errors import SettingsError
from lakehouse.kafka import client_config
from lakehouse.settings import Settings

CLI = "from reclake.services import app; app()"


@pytest.fixture
def settings(tmp_path):
    settings = Settings(reclake_home=tmp_path, kafka_bootstrap_servers=None, mongodb_uri=None, database_url=None)
    yield settings
    services.down(settings)


def test_a_record_that_is_produced_is_consumed(broker, services_settings):
    config = client_config(services_settings, broker)
    producer, sent = Producer(config), []
    producer.produce("episode-ids", b"value", b"key", on_delivery=lambda _, record: sent.append(record))
    producer.flush(10)

    consumer = Consumer({**config, "group.id": "test"})
    # Of all that other tests have sent, this one.
    consumer.assign([TopicPartition("episode-ids", sent[0].partition(), sent[0].offset())])
    record = consumer.poll(10)
    consumer.close()

    assert (record.key(), record.value()) == (b"key", b"value")


def test_a_document_that_is_inserted_is_found(document_store):
    with MongoClient(document_store) as client:
        client.test.things.insert_one({"_id": 1, "name": "one"})

        assert client.test.things.find_one({"name": "one"}) == {"_id": 1, "name": "one"}


def test_commands_start_keep_show_and_stop_the_services(settings):
    up = reclake_services("up", settings)
    running = services.status(settings)
    shown = reclake_services("status", settings)
    write_one_of_each(running, settings)
    down = reclake_services("down", settings)
    at_rest = services.status(settings)
    again = services.up(settings)

    assert [service.state for service in running] == ["running"] * 3
    for service in running:
        assert service.address in up
        assert service.address in shown
        assert str(service.pid) in shown
    assert down == "Stopped kafka, document-store, postgresql.\n"
    assert [service.state for service in at_rest] == ["stopped"] * 3
    assert not any(psutil.pid_exists(service.pid) for service in running)
    assert [service.address for service in again] == [service.address for service in running]
    assert read_one_of_each(again, settings) == (b"kept", "kept", "kept")
    assert services.down(settings) == ["kafka", "document-store", "postgresql"]
    assert services.down(settings) == []


def test_down_without_services_says_so(settings):
    assert reclake_services("down", settings) == "No service was running.\n"


def test_settings_name_another_service(settings):
    other = settings.model_copy(update={"kafka_bootstrap_servers": "elsewhere:9092"})

    assert services.kafka_bootstrap(other) == "elsewhere:9092"
    assert [service.replaced_by for service in services.status(other)] == ["KAFKA_BOOTSTRAP_SERVERS", None, None]


@pytest.mark.parametrize(
    "service", [services.kafka_bootstrap, services.mongodb_uri, services.database_url, services.up]
)
def test_databricks_runs_no_embedded_service(settings, monkeypatch, service):
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")

    with pytest.raises(SettingsError, match="is not set, and Databricks runs no embedded service"):
        service(settings)


def test_the_embedded_broker_has_no_credentials(settings):
    with pytest.raises(SettingsError, match="SASL_SSL but KAFKA_BOOTSTRAP_SERVERS is not set"):
        services.kafka_bootstrap(settings.model_copy(update={"kafka_security_protocol": "SASL_SSL"}))


def reclake_services(command, settings):
    environment = {**os.environ, "RECLAKE_HOME": str(settings.home)}
    done = subprocess.run(
        [sys.executable, "-c", CLI, command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_one_of_each(running, settings):
    kafka, store, _ = running
    producer = Producer({"bootstrap.servers": kafka.address})
    producer.produce("episode-metadata", b"kept")
    producer.flush(10)
    with MongoClient(store.address) as client:
        client.test.things.insert_one({"_id": "kept"})
    with psycopg.connect(services.database_url(settings)) as connection:
        connection.execute("CREATE TABLE things AS SELECT 'kept' AS name")


def read_one_of_each(running, settings):
    kafka, store, _ = running
    consumer = Consumer({"bootstrap.servers": kafka.address, "group.id": "none"})
    consumer.assign([TopicPartition("episode-metadata", 0, 0)])
    record = consumer.poll(10)
    consumer.close()
    with MongoClient(store.address) as client, psycopg.connect(services.database_url(settings)) as connection:
        row = connection.execute("SELECT name FROM things").fetchone()[0]
        return record.value(), client.test.things.find_one()["_id"], row


def test_who_reads_files_alone_gets_no_broker(settings, tmp_path):
    files = settings.model_copy(update={"events_source": "files"})

    with pytest.raises(SettingsError, match=f"EVENTS_SOURCE is files, .* put records as files into {tmp_path}/landing"):
        services.kafka_bootstrap(files)
    assert {one.name: one.state for one in services.status(files)}["kafka"] == "stopped"
    assert services.kafka_bootstrap(files.model_copy(update={"kafka_bootstrap_servers": "there:9092"})) == "there:9092"
