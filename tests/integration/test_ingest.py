"""Ingestion from a real broker."""

import shutil

import pytest
from confluent_kafka import OFFSET_END, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from bronze.ingest import ingest
from lakehouse import tables
from lakehouse.errors import DataLossError, ServiceError, TaskParameterError
from lakehouse.kafka import client_config, ensure_topics
from lakehouse.lake import Lakehouse
from lakehouse.services import down, kafka_bootstrap
from producers.publisher import Publisher
from producers.record import Record


@pytest.fixture
def own_broker(lake):
    """A broker of this test's own home, since the topic has to be empty at first."""
    yield kafka_bootstrap(lake.settings)
    down(lake.settings)


def send(lake: Lakehouse, bootstrap: str, *values: bytes, topic="user-events") -> None:
    with Publisher(client_config(lake.settings, bootstrap)) as publisher:
        publisher.publish(Record(topic, "k", value) for value in values)


def values(lake: Lakehouse) -> list[bytes]:
    return sorted(bytes(row["value"]) for row in lake.read(tables.raw_user_events).collect())


def test_every_byte_arrives_once_run_after_run_and_without_its_checkpoint(lake, own_broker):
    run = lambda: ingest.run(lake, {"topic": "user-events"})  # noqa: E731
    send(lake, own_broker, b"\xff\x00 not text", b"{}")
    run()
    send(lake, own_broker, b"second")
    run()
    checkpoint = lake.settings.files / "checkpoints" / "bronze" / "user_events"
    checkpoint.rename(checkpoint.with_name("lost"))
    send(lake, own_broker, b"third")
    run()
    version = lake.version(tables.raw_user_events)
    run()

    assert values(lake) == [b"second", b"third", b"{}", b"\xff\x00 not text"]
    assert lake.version(tables.raw_user_events) == version


def test_a_run_that_died_early_repeats_nothing_and_another_table_is_filled_from_the_beginning(lake, own_broker):
    sent = [b"1", b"2", b"3"]
    send(lake, own_broker, *sent)
    ingest.run(lake, {"topic": "user-events"})
    checkpoint = lake.settings.files / "checkpoints" / "bronze" / "user_events"
    for part in ("offsets", "commits", "sources"):
        # What is there before the first offsets are written.
        shutil.rmtree(checkpoint / part, ignore_errors=True)
    ingest.run(lake, {"topic": "user-events"})

    assert values(lake) == sent

    lake.spark.sql(f"DROP TABLE {lake.name(tables.raw_user_events)}")
    shutil.rmtree(lake.settings.home / "lakehouse" / "bronze" / "user_events")
    anew = Lakehouse(lake.settings, lake.spark)
    for _ in range(2):
        ingest.run(anew, {"topic": "user-events"})

    assert values(anew) == sent


def test_key_headers_and_position_are_kept(lake, own_broker):
    producer = Producer(client_config(lake.settings, own_broker))
    producer.produce(
        "user-events", key=b"u1", value=b"v", headers={"trace": b"\x01"}, partition=3, timestamp=86_400_000
    )
    producer.flush(10)

    ingest.run(lake, {"topic": "user-events"})

    row = lake.read(tables.raw_user_events).selectExpr("*", "unix_millis(timestamp) AS ms").first()
    assert (row["topic"], row["partition"], row["offset"], row["ms"]) == ("user-events", 3, 0, 86_400_000)
    assert bytes(row["record_key"]) == b"u1"
    assert [(header["key"], bytes(header["value"])) for header in row["headers"]] == [("trace", b"\x01")]


def test_expired_records_are_a_choice_and_not_a_silence(lake, own_broker):
    admin = AdminClient(client_config(lake.settings, own_broker))
    send(lake, own_broker, b"old")
    ingest.run(lake, {"topic": "user-events"})
    send(lake, own_broker, *[b"expired"] * 60)
    everything = [TopicPartition("user-events", number, OFFSET_END) for number in range(6)]
    for future in admin.delete_records(everything).values():
        future.result(10)

    with pytest.raises(DataLossError, match="KAFKA_ON_DATA_LOSS=skip"):
        ingest.run(lake, {"topic": "user-events"})


def test_a_topic_made_anew_is_said_and_read_from_its_beginning_by_choice(lake, own_broker):
    admin = AdminClient(client_config(lake.settings, own_broker))
    send(lake, own_broker, *[b"old"] * 10)
    ingest.run(lake, {"topic": "user-events"})
    for future in admin.delete_topics(["user-events"]).values():
        future.result(10)
    while "user-events" in admin.list_topics(timeout=10).topics:
        pass
    ensure_topics(lake.settings, own_broker)
    send(lake, own_broker, *[b"new"] * 25)

    with pytest.raises(DataLossError, match=r"user-events was deleted and made anew .* KAFKA_ON_NEW_TOPIC=beginning"):
        ingest.run(lake, {"topic": "user-events"})
    chosen = lake.with_settings(lake.settings.model_copy(update={"kafka_on_new_topic": "beginning"}))
    ingest.run(chosen, {"topic": "user-events"})
    send(lake, own_broker, b"newer")
    ingest.run(lake, {"topic": "user-events"})

    rows = lake.read(tables.raw_user_events).groupBy("topic", "value").count().collect()
    assert {(row["topic"], bytes(row["value"])): row["count"] for row in rows} == {
        ("user-events", b"old"): 10,
        ("user-events#2", b"new"): 25,
        ("user-events#2", b"newer"): 1,
    }


def test_what_an_aborted_transaction_wrote_is_not_read(lake, own_broker):
    producer = Producer({**client_config(lake.settings, own_broker), "transactional.id": "test"})
    producer.init_transactions(30)
    for value, end in ((b"aborted", producer.abort_transaction), (b"committed", producer.commit_transaction)):
        producer.begin_transaction()
        producer.produce("user-events", value=value, partition=0)
        producer.flush(10)
        end(30)

    ingest.run(lake, {"topic": "user-events"})

    assert values(lake) == [b"committed"]


def test_an_unknown_topic_and_a_missing_broker_are_one_sentence(lake):
    with pytest.raises(TaskParameterError, match=r"takes topic 'nope'\. Known topics: user-events"):
        ingest.run(lake, {"topic": "nope"})

    nowhere = lake.with_settings(lake.settings.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"}))
    with pytest.raises(ServiceError, match="refused the connection"):
        ingest.run(nowhere, {"topic": "user-events"})
