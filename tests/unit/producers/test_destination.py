"""Where records go, by what was asked for and by the settings."""

from __future__ import annotations

import pytest

from lakehouse.errors import ServiceError, TaskParameterError
from lakehouse.settings import Settings
from producers.destination import publisher_to
from producers.record import Record

RECORDS = [Record("clickstream", "k", b"{}")]
NO_BROKER = {"kafka_bootstrap_servers": "127.0.0.1:1"}


def test_a_folder_needs_no_broker(tmp_path):
    with publisher_to(tmp_path, Settings(**NO_BROKER)) as publisher:
        publisher.publish(RECORDS)

    assert [file.read_bytes() for file in (tmp_path / "clickstream").iterdir()] == [b"{}\n"]


def test_where_records_come_from_files_alone_they_go_into_the_landing_folder(tmp_path):
    settings = Settings(events_source="files", reclake_home=tmp_path, **NO_BROKER)

    with publisher_to(None, settings) as publisher:
        publisher.publish(RECORDS)

    assert [file.read_bytes() for file in (settings.landing / "clickstream").iterdir()] == [b"{}\n"]


@pytest.mark.parametrize("source", ["kafka", "both"])
def test_else_they_go_to_kafka(tmp_path, source):
    settings = Settings(events_source=source, reclake_home=tmp_path, **NO_BROKER)

    with pytest.raises(ServiceError, match="refused the connection"):
        publisher_to(None, settings)


def test_a_topic_that_nobody_reads_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(TaskParameterError, match="Nobody reads landing files of the topic 'podcasts'"):
        publisher_to(tmp_path / "landing", Settings(), topic="podcasts")

    assert not (tmp_path / "landing").exists()
