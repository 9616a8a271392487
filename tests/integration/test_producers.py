"""Producers against a real broker: what was counted as delivered is what a consumer reads."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import tenacity
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from lakehouse.errors import InputFileError, ServiceError
from lakehouse.kafka import USER_EVENTS
from lakehouse.settings import Settings
from producers.publisher import Publisher
from producers.record import Record
from producers.replay.options import Options
from producers.replay.replay import Recording, replay
from producers.replay.rules import LEFT
from producers.replay.sample import SAMPLE
from producers.replay.vocabulary import LEFT_OUT
from producers.simulator import clicks, listening
from producers.simulator.simulation import simulate
from reclake import demo

TOPICS = ("user-events", "clickstream", "episode-metadata")


class Topics:
    """Reads what was written to the topics since this was made."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": "test-producers", "enable.auto.commit": "false"}
        )
        self._start = self._ends()

    def wait_for(self, records: int) -> None:
        """Come back when so many were written."""
        for attempt in tenacity.Retrying(wait=tenacity.wait_fixed(0.2), stop=tenacity.stop_after_delay(120)):
            with attempt:
                assert self._written() >= records

    def read(self) -> list[Message]:
        self._consumer.assign([TopicPartition(topic, number, at) for (topic, number), at in self._start.items()])
        wanted = self._written()
        messages: list[Message] = []
        deadline = time.monotonic() + 60
        while len(messages) < wanted and time.monotonic() < deadline:
            messages += self._consumer.consume(10_000, timeout=1)
        assert len(messages) == wanted
        return messages

    def close(self) -> None:
        self._consumer.close()

    def _written(self) -> int:
        return sum(self._ends().values()) - sum(self._start.values())

    def _ends(self) -> dict[tuple[str, int], int]:
        known = self._consumer.list_topics(timeout=10).topics
        partitions = [TopicPartition(topic, number) for topic in TOPICS for number in known[topic].partitions]
        return {(p.topic, p.partition): self._end(p) for p in partitions}

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(KafkaException),
        wait=tenacity.wait_fixed(0.5),
        stop=tenacity.stop_after_delay(20),
        reraise=True,
    )
    def _end(self, partition: TopicPartition) -> int:
        # A topic that was just made has no leader for a moment.
        return self._consumer.get_watermark_offsets(partition, timeout=10)[1]


@pytest.fixture
def settings(broker):
    return Settings(kafka_bootstrap_servers=broker, kafka_security_protocol="PLAINTEXT")


@pytest.fixture
def topics(broker):
    topics = Topics(broker)
    yield topics
    topics.close()


@pytest.mark.parametrize("simulator", [listening, clicks])
def test_a_simulation_arrives_whole_under_its_keys(settings, topics, simulator):
    simulation = simulator.Simulation(events=3_000, users=50, malformed_share=0.02)
    seen: list[int] = []

    counts = simulate(settings, simulation, on_progress=lambda counts: seen.append(counts.delivered))

    sent = [*simulation.first_records(), *simulation.event_records()]
    arrived = [(m.topic(), m.key().decode(), m.value()) for m in topics.read()]
    assert Counter(arrived) == Counter((record.topic, record.key, record.value) for record in sent)
    assert counts.by_kind == simulation.expected()
    assert counts.topics == {record.topic for record in sent}
    assert counts.failed == 0
    assert seen == sorted(seen)
    assert seen[-1] == len(sent)


def test_a_replay_of_a_folder_arrives_whole_and_in_time_order_per_user(settings, topics, tmp_path):
    rows = [f"{number % 7},{number % 50},{number % 10 / 2 + 0.5},{10**9 - number}\n" for number in range(500)]
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + "".join(rows))
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n1,Solo,Drama\n2,Duo,Drama|Comedy\n")

    counts = replay(settings, tmp_path)

    messages = topics.read()
    assert counts.by_kind == {"event": 500, "derived complete": 100, "episode": 2}
    assert len(messages) == counts.delivered == 602
    events = [(m.key().decode(), json.loads(m.value())) for m in messages if m.topic() == "user-events"]
    assert all(key == event["user_id"] for key, event in events)
    for user in map(str, range(7)):
        times = [event["ts"] for key, event in events if key == user]
        assert times == sorted(times)


def test_the_demo_tells_of_a_recording_what_is_in_it_and_what_became_of_its_rows(settings, tmp_path, capsys):
    recorded = tmp_path / "plays.csv"
    recorded.write_text("ts,user_id,new_episode_id,event\n2024-01-01T00:00:00Z,u1,ep-1,like\n,u2,ep-2,skip\n")

    demo.replay_recording(settings, recorded)

    told = capsys.readouterr().out
    assert "2 rows in 1 file" in told
    assert "What became of the rows" in told
    assert "plays.csv" in told


def test_weeks_are_published_one_after_the_other(settings, topics):
    weeks = clicks.Simulation(events=20, users=3, malformed_share=0, duplicate_share=0, late_share=0).weeks(2)

    counts = simulate(settings, *weeks)

    moments = [json.loads(message.value())["timestamp"] for message in topics.read()]
    assert counts.by_kind == {"event": 40}
    assert [sum(moment < "2024-01-08" for moment in moments), len(moments)] == [20, 40]


def test_what_is_no_row_arrives_beside_the_others_and_every_row_is_accounted_for(settings, topics, tmp_path):
    rows = [f"u{number},ep,like,{10**9 + number}" for number in range(300)]
    rows[100:100] = ['u,"ep,like,5', "undefined,ep,like,6", " u1\u200b,ep,dance,7"]
    (tmp_path / "a.csv").write_text("user_id,new_episode_id,event,ts\r\n" + "\n".join(rows))
    looked_at: list[Recording] = []

    with pytest.raises(InputFileError, match=r"Nothing of .*'dance' \(1 rows\)"):
        replay(settings, tmp_path)
    counts = replay(settings, tmp_path, Options(events={"dance": LEFT_OUT}), on_survey=lambda r, _: looked_at.append(r))

    assert counts.by_kind == {"event": 300, "incomplete": 1, "unreadable": 1}
    assert Counter(message.key() for message in topics.read())[b"u1"] == 1
    assert looked_at[0].fate == {("a.csv", kind): n for kind, n in counts.by_kind.items()} | {("a.csv", LEFT): 1}


def test_the_sample_arrives_in_time_order_per_session_and_with_the_same_ids_again(settings, topics):
    for _ in range(2):
        assert replay(settings, SAMPLE).by_kind == {"event": 200}

    messages = topics.read()
    assert {m.topic() for m in messages} == {"clickstream"}
    events = [json.loads(m.value()) for m in messages]
    assert [m.key().decode() for m in messages] == [event["session_id"] for event in events]
    assert set(Counter(event["event_id"] for event in events).values()) == {2}
    for session in {event["session_id"] for event in events}:
        times = [event["timestamp"] for event in events if event["session_id"] == session]
        first = times[: len(times) // 2]
        assert times == first * 2
        assert first == sorted(first)


def test_records_that_kafka_refuses_are_counted_and_do_not_stop_the_others(broker, topics):
    records = [Record(USER_EVENTS.name, "k", value) for value in (b"first", b"x" * 2_000_000, b"last")]

    with (
        pytest.raises(ServiceError, match=r"did not take 1 records, 2 were delivered; first reason: .*size"),
        Publisher({"bootstrap.servers": broker}) as publisher,
    ):
        publisher.publish(records)

    assert (publisher.counts.delivered, publisher.counts.failed) == (2, 1)
    assert [message.value() for message in topics.read()] == [b"first", b"last"]


def test_more_records_than_may_be_in_flight_wait_for_the_broker(broker, topics):
    records = (Record(USER_EVENTS.name, f"k{number}", b"%d" % number) for number in range(2_000))

    with Publisher({"bootstrap.servers": broker, "queue.buffering.max.messages": "10"}) as publisher:
        publisher.publish(records)

    assert publisher.counts.delivered == len(topics.read()) == 2_000


def test_an_error_while_records_are_made_loses_none_of_those_already_sent(broker, topics):
    def records():
        yield Record(USER_EVENTS.name, "k", b"sent")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Publisher({"bootstrap.servers": broker}) as publisher:
        publisher.publish(records())

    assert publisher.counts.delivered == len(topics.read()) == 1


def test_a_broker_that_is_not_there_is_said_in_one_sentence():
    with (
        pytest.raises(ServiceError, match=r"127\.0\.0\.1:1 refused the connection"),
        Publisher({"bootstrap.servers": "127.0.0.1:1"}),
    ):
        pass


def test_ctrl_c_ends_a_slow_simulation_and_says_how_much_arrived(broker, topics, tmp_path):
    program = "import typer; from reclake.simulate import register; app = typer.Typer(); register(app); app()"
    command = [sys.executable, "-c", program, "simulate", "--rate", "100"]
    environment = {"PATH": "", "KAFKA_BOOTSTRAP_SERVERS": broker, "RECLAKE_HOME": str(tmp_path)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as process:
        topics.wait_for(300)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)

    assert process.returncode == 130
    arrived = len(topics.read())
    assert arrived >= 300
    assert f"Interrupted: {arrived:,} records were delivered." in output
