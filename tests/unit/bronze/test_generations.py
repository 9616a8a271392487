"""Which generation of a topic is read; no Spark, no broker."""

import shutil

import pytest

from bronze.generations import checkpoint_of, generation, name_in_bronze
from lakehouse.errors import DataLossError
from lakehouse.lake import Lakehouse
from lakehouse.settings import Settings


@pytest.fixture
def lake(tmp_path):
    return Lakehouse(Settings(reclake_home=tmp_path, kafka_on_new_topic="beginning"))


def number(lake, topic_id, topic="user-events"):
    return generation(lake, topic, topic_id, lake.settings.files / "checkpoint")


def test_each_topic_that_was_made_anew_is_one_more(lake):
    assert [number(lake, topic_id) for topic_id in ("a", "a", "b", "b", "c", "b")] == [0, 0, 1, 1, 2, 1]
    assert number(lake, "d", topic="user-events-2") == 0
    assert [name_in_bronze("user-events", n) for n in (0, 1, 2)] == ["user-events", "user-events#2", "user-events#3"]


def test_one_that_was_made_anew_is_said_until_somebody_chooses(lake):
    careful = lake.with_settings(lake.settings.model_copy(update={"kafka_on_new_topic": "fail"}))
    number(careful, "a")

    for _ in range(2):
        with pytest.raises(DataLossError, match="KAFKA_ON_NEW_TOPIC=beginning"):
            number(careful, "b")
    assert number(careful, "a") == 0
    assert number(lake, "b") == number(careful, "b") == 1


def test_a_broker_without_ids_has_the_topic_that_was_last_read(lake):
    assert number(lake, None) == 0
    number(lake, "a")
    number(lake, "b")

    assert number(lake, None) == 1


def test_what_was_noted_may_be_lost(lake):
    number(lake, "a")
    checkpoint_of(lake.settings.files / "checkpoint", number(lake, "b")).mkdir(parents=True)
    shutil.rmtree(lake.settings.files / "progress")

    assert number(lake, "b") == 1
