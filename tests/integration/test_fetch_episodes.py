"""Fetching episodes against a real broker: each is published once, whatever happens in between."""

from __future__ import annotations

import json
import re

import pytest
import tenacity
import typer
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from typer.testing import CliRunner

from lakehouse.errors import PodcastIndexError, SettingsError
from lakehouse.kafka import EPISODE_IDS, EPISODE_METADATA
from lakehouse.settings import Settings
from producers.podcasts.demo_index import DEMO_KEY, DEMO_SECRET, DemoIndex
from producers.podcasts.episodes import DEMO, PODCAST_INDEX, State, fetch
from producers.podcasts.feeds import Episode, Feed
from producers.podcasts.known_episodes import known_episodes
from producers.podcasts.podcast_index import PodcastIndex
from producers.publisher import Publisher
from reclake.episodes import register
from silver.listening.episodes import FIELDS

TOPICS = (EPISODE_METADATA.name, EPISODE_IDS.name)


class ScriptedIndex:
    """An index of given feeds, whose newest episodes are given, or faults."""

    def __init__(self, newest: dict[int, Episode | Exception | None]) -> None:
        self.newest = newest

    def trending(self, max_feeds, categories=None):
        return [Feed(id=number, title=f"feed {number}", language="en") for number in self.newest]

    def newest_episode(self, feed_id):
        newest = self.newest[feed_id]
        if isinstance(newest, Exception):
            raise newest
        return newest


@pytest.fixture
def settings(broker, tmp_path):
    return Settings(reclake_home=tmp_path, kafka_bootstrap_servers=broker, kafka_security_protocol="PLAINTEXT")


@pytest.fixture
def sent(broker):
    """What was sent to the topics since the test began: (topic, key, value)."""
    consumer = Consumer({"bootstrap.servers": broker, "group.id": "test-fetch", "enable.auto.commit": "false"})

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(KafkaException),
        wait=tenacity.wait_fixed(0.2),
        stop=tenacity.stop_after_delay(20),
        reraise=True,
    )
    def end(topic):
        # A topic that was just made has no leader for a moment.
        return consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=20)[1]

    start = {topic: end(topic) for topic in TOPICS}

    def read():
        ends = {topic: end(topic) for topic in TOPICS}
        consumer.assign([TopicPartition(topic, 0, at) for topic, at in start.items()])
        wanted = sum(ends.values()) - sum(start.values())
        messages = consumer.consume(wanted, timeout=30) if wanted else []
        assert len(messages) == wanted
        return [(message.topic(), message.key().decode(), message.value().decode()) for message in messages]

    yield read
    consumer.close()


def episode(number: int) -> Episode:
    return Episode(id=number, title=f"episode {number}")


def of_topic(records, topic):
    return [(key, value) for name, key, value in records if name == topic.name]


def test_the_demo_is_published_once_however_often_it_is_fetched(settings, sent):
    with (
        DemoIndex(settings.home, seed=42, run=0) as demo,
        PodcastIndex(demo.url, DEMO_KEY, DEMO_SECRET, pause_seconds=0) as index,
    ):
        wanted = settings.model_copy(update={"podcast_index_max_feeds": 20})
        seen = []
        first = fetch(wanted, index, DEMO, lambda outcome, feeds: seen.append((outcome.state, feeds)))
        second = fetch(wanted, index, DEMO)

    assert first.by_state[State.NEW] == second.by_state[State.KNOWN] == first.kept == second.kept > 10
    assert first.by_state[State.OTHER_LANGUAGE] == 20 - first.kept > 0
    assert [feeds for _, feeds in seen] == [20] * 20
    records = sent()
    described, ids = of_topic(records, EPISODE_METADATA), of_topic(records, EPISODE_IDS)
    assert len(described) == len(ids) == first.kept
    assert all(key == value and re.fullmatch(r"ep-\d{5}", key) for key, value in ids)
    assert (
        {key for key, _ in described}
        == {key for key, _ in ids}
        <= known_episodes(settings, settings.kafka_bootstrap_servers)
    )
    for key, value in described:
        fields = json.loads(value)
        assert {*fields} == {*FIELDS} - {"available"}
        assert fields["episode_id"] == key
        assert fields["language"].startswith("en")


def test_killed_between_its_two_sends_it_publishes_the_id_the_next_time(settings, sent, monkeypatch):
    publish = Publisher.publish
    index = ScriptedIndex({1: episode(11)})

    def killed(publisher, records):
        if records[0].topic == EPISODE_IDS.name:
            raise KeyboardInterrupt
        publish(publisher, records)

    monkeypatch.setattr(Publisher, "publish", killed)
    with pytest.raises(KeyboardInterrupt):
        fetch(settings, index, PODCAST_INDEX)
    monkeypatch.undo()
    assert fetch(settings, index, PODCAST_INDEX).by_state == {State.NEW: 1}
    assert fetch(settings, index, PODCAST_INDEX).by_state == {State.KNOWN: 1}

    records = sent()
    assert [key for key, _ in of_topic(records, EPISODE_METADATA)] == ["pi-11", "pi-11"]
    assert of_topic(records, EPISODE_IDS) == [("pi-11", "pi-11")]


def test_a_bad_feed_does_not_stop_the_others_and_is_named(settings, sent):
    nameless = Episode(id=22)
    index = ScriptedIndex({1: PodcastIndexError("It is down."), 2: episode(21), 3: None, 4: nameless, 5: episode(21)})

    tally = fetch(settings, index, PODCAST_INDEX)

    assert tally.by_state == {State.NEW: 1, State.KNOWN: 1, State.FAILED: 3}
    assert [(failure.feed.title, failure.detail) for failure in tally.failures] == [
        ("feed 1", "It is down."),
        ("feed 3", "It has no episode."),
        ("feed 4", "Its newest episode has no title."),
    ]
    assert of_topic(sent(), EPISODE_IDS) == [("pi-21", "pi-21")]


def test_when_feed_after_feed_fails_it_is_the_index_and_not_the_feeds(settings, sent):
    index = ScriptedIndex({1: episode(31)} | {number: PodcastIndexError("It is down.") for number in range(2, 100)})

    with pytest.raises(PodcastIndexError, match=r"5 feeds in a row failed\. The last: It is down\."):
        fetch(settings, index, PODCAST_INDEX)
    assert of_topic(sent(), EPISODE_IDS) == [("pi-31", "pi-31")]


def test_when_all_feeds_fail_the_run_has_failed(settings):
    with pytest.raises(PodcastIndexError, match=r"All 2 feeds failed\. The first: It is down\."):
        fetch(settings, ScriptedIndex(dict.fromkeys((1, 2), PodcastIndexError("It is down."))), PODCAST_INDEX)


def test_a_key_refused_halfway_ends_the_run(settings):
    with pytest.raises(SettingsError, match="refused"):
        fetch(settings, ScriptedIndex({1: episode(41), 2: SettingsError("refused")}), PODCAST_INDEX)


def test_an_id_that_was_deleted_is_published_again(settings, broker):
    index = ScriptedIndex({1: episode(51)})
    fetch(settings, index, PODCAST_INDEX)
    producer = Producer({"bootstrap.servers": broker})
    producer.produce(EPISODE_IDS.name, None, "pi-51")
    producer.produce(EPISODE_IDS.name, b"odd", b"\xff")
    assert producer.flush(30) == 0

    assert "pi-51" not in known_episodes(settings, broker)
    assert fetch(settings, index, PODCAST_INDEX).by_state == {State.NEW: 1}


def test_the_command_shows_each_feed_and_what_came_of_all(settings, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    register(app)
    environment = {"KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers, "RECLAKE_HOME": str(tmp_path)}
    arguments = ["--demo", "--language", "de,fr", "--language", "es", "--max-feeds", "30", "--seed", "7"]

    result = CliRunner().invoke(app, arguments, env=environment)

    assert result.exit_code == 0, result.output
    assert re.search(r"new +Der Klang der Woche: ep-9\d{4}", result.output)
    assert re.search(r"feeds seen +30", result.output)
    assert re.search(r"episodes new +5", result.output)
