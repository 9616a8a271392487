"""Files of a landing folder: each record a line, each file whole or not there."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest

from lakehouse.errors import ServiceError, TaskParameterError
from lakehouse.kafka import CLICKSTREAM, EPISODE_METADATA, USER_EVENTS
from producers.landing import FilePublisher
from producers.record import Record
from producers.simulator import clicks, listening

EVENTS = USER_EVENTS.name


def events(*values: bytes) -> list[Record]:
    return [Record(EVENTS, "k", value) for value in values]


def files(folder: Path, topic: str = EVENTS) -> list[Path]:
    """All files of a topic, hidden ones too, in the order of their names."""
    return sorted((folder / topic).iterdir())


def lines(folder: Path, topic: str = EVENTS) -> list[bytes]:
    return [line for file in files(folder, topic) for line in file.read_bytes().removesuffix(b"\n").split(b"\n")]


@pytest.mark.parametrize("simulator", [listening, clicks])
def test_every_line_is_what_kafka_would_have_got(tmp_path, simulator):
    simulation = simulator.Simulation(events=1_000, users=50, malformed_share=0.1)
    sent = [*simulation.first_records(), *simulation.event_records()]

    with FilePublisher(tmp_path, most_bytes=50_000) as publisher:
        publisher.publish(simulation.first_records())
        publisher.publish(simulation.event_records())

    topics = {record.topic for record in sent}
    assert {topic: lines(tmp_path, topic) for topic in topics} == {
        topic: [record.value for record in sent if record.topic == topic] for topic in topics
    }
    assert publisher.counts.by_kind == simulation.expected()
    assert publisher.counts.topics == topics


def test_a_file_that_is_full_is_finished_and_the_next_one_begun(tmp_path):
    with FilePublisher(tmp_path, most_bytes=20) as publisher:
        publisher.publish(events(*(b'{"n": %d}' % number for number in range(5))))

    assert [len(file.read_bytes().splitlines()) for file in files(tmp_path)] == [3, 2]


def test_what_is_simulated_slowly_arrives_while_it_is_simulated(tmp_path):
    seen: list[int] = []
    waiting = b"x" * (2 << 20)

    with FilePublisher(tmp_path, lambda counts: seen.append(counts.delivered), most_seconds=0) as publisher:
        publisher.publish(events(waiting, waiting))

    assert len(files(tmp_path)) == 2
    assert seen[:2] == [1, 2]


def test_a_file_has_a_hidden_name_until_it_is_whole(tmp_path):
    during: list[str] = []

    def records():
        yield Record(EVENTS, "k", b"x" * (2 << 20))
        during.extend(file.name for file in files(tmp_path))
        yield Record(EVENTS, "k", b"last")

    with FilePublisher(tmp_path) as publisher:
        publisher.publish(records())

    assert [name.startswith(".") for name in during] == [True]
    assert [file.name.startswith(".") for file in files(tmp_path)] == [False]


def test_runs_of_the_same_moment_never_share_a_name(tmp_path):
    with FilePublisher(tmp_path) as first, FilePublisher(tmp_path) as second:
        first.publish(events(b"1"))
        second.publish(events(b"2"))

    assert sorted(lines(tmp_path)) == [b"1", b"2"]


@pytest.mark.parametrize("broken", ['{"a":\r\n [1,\n2]}', '{"a":\r[1,2]}'])
def test_a_value_of_several_lines_stays_one_record_that_means_the_same(tmp_path, broken):
    with FilePublisher(tmp_path) as publisher:
        publisher.publish(events(broken.encode(), b"next"))

    first, second = lines(tmp_path)
    assert json.loads(first) == json.loads(broken)
    assert second == b"next"


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_a_value_that_begins_like_a_file_of_another_encoding_keeps_its_beginning(tmp_path, mark):
    with FilePublisher(tmp_path) as publisher:
        publisher.publish(events(mark + b"{}", mark + b"{}"))

    assert lines(tmp_path) == [codecs.BOM_UTF8 + mark + b"{}", mark + b"{}"]


def test_an_empty_value_is_refused_and_stops_no_other(tmp_path):
    with (
        pytest.raises(ServiceError, match=r"1 records were not written to .*, 2 were; first reason: an empty value"),
        FilePublisher(tmp_path) as publisher,
    ):
        publisher.publish(events(b"first", b"", b"last"))

    assert lines(tmp_path) == [b"first", b"last"]
    assert (publisher.counts.delivered, publisher.counts.failed) == (2, 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_while_records_are_made_loses_none_of_those_already_given(tmp_path, error):
    def records():
        yield from events(b"1", b"2")
        raise error

    with pytest.raises(error), FilePublisher(tmp_path) as publisher:
        publisher.publish(records())

    assert lines(tmp_path) == [b"1", b"2"]
    assert publisher.counts.delivered == 2


def test_topics_have_folders_of_their_own(tmp_path):
    names = (EVENTS, CLICKSTREAM.name, EPISODE_METADATA.name)

    with FilePublisher(tmp_path) as publisher:
        publisher.publish(Record(name, "k", name.encode()) for name in names)

    assert {name: lines(tmp_path, name) for name in names} == {name: [name.encode()] for name in names}


@pytest.mark.parametrize("topic", ["../elsewhere", "podcasts", ""])
def test_a_topic_that_bronze_does_not_read_is_refused(tmp_path, topic):
    with (
        pytest.raises(TaskParameterError, match="user-events, clickstream, episode-metadata"),
        FilePublisher(tmp_path / "landing") as publisher,
    ):
        publisher.publish([Record(topic, "k", b"{}")])

    assert list((tmp_path / "landing").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("x")

    with pytest.raises(ServiceError, match=r"file cannot be written: File exists"), FilePublisher(tmp_path / "file"):
        pass


def test_a_file_that_cannot_be_finished_is_taken_away_and_said(tmp_path):
    def records():
        yield Record(EVENTS, "k", b"x" * (2 << 20))
        for file in files(tmp_path):
            file.unlink()
        yield Record(CLICKSTREAM.name, "k", b"{}")

    with (
        pytest.raises(ServiceError, match=r"cannot be written: No such file .*; 0 records are in whole files"),
        FilePublisher(tmp_path) as publisher,
    ):
        publisher.publish(records())

    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
