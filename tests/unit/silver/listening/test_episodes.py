"""Episodes: what is not required and cannot be read is left out."""

import datetime as dt
import json

import pytest

from lakehouse import tables
from silver import records
from silver.listening import episodes
from tests.unit.silver.arriving import raw

FIELDS = [
    ({"duration": 61.5}, {"duration": 61}),
    ({"duration": "-90"}, {"duration": 90}),
    ({"duration": "NaN"}, {"duration": None}),
    ({"duration": "Infinity"}, {"duration": None}),
    ({"duration": 1e20}, {"duration": None}),
    ({"duration": "an hour"}, {"duration": None}),
    ({"published_at": "2024-05-01T10:00:00Z"}, {"published_at": dt.datetime(2024, 5, 1, 10)}),
    ({"published_at": "0001-01-01T00:00:00Z"}, {"published_at": None}),
    ({"categories": "none"}, {"categories": None}),
    ({"available": "maybe"}, {"available": True}),
    ({"available": False}, {"available": False}),
]


@pytest.fixture(scope="module")
def typed(spark):
    """Every record above as an episode, in one Spark job."""
    values = [json.dumps({"episode_id": str(n), "title": "t"} | given) for n, (given, _) in enumerate(FIELDS)]
    arrived = records.parsed(raw(spark, tables.raw_episode_metadata, *values), episodes.FIELDS, max_bytes=1_000)
    accepted = records.flawless(episodes.checked(arrived))
    return {row["episode_id"]: row.asDict() for row in episodes.typed(accepted).collect()}


@pytest.mark.parametrize("number", range(len(FIELDS)), ids=lambda number: json.dumps(FIELDS[number][0]))
def test_a_field_is_read_or_left_out(typed, number):
    _, wanted = FIELDS[number]

    assert {name: typed[str(number)][name] for name in wanted} == wanted


def test_of_landing_files_the_later_reading_then_file_then_line_is_the_newest(spark):
    noon, later = dt.datetime(2024, 5, 10, 12), dt.datetime(2024, 5, 10, 13)

    def record(episode, title, partition, offset, sent, read):
        value = json.dumps({"episode_id": episode, "title": title}).encode()
        return ("episode-metadata", partition, offset, None, value, None, sent, read)

    rows = [
        record("a", "Kafka", 0, 9, noon, noon),
        record("a", "file", -1, 1, None, later),
        record("b", "file", -1, 2, None, noon),
        record("b", "Kafka", 0, 10, later, later),
        record("c", "line 5 of 1", -1, 5, None, noon),
        record("c", "line 1 of 2", -2, 1, None, noon),
        record("c", "line 2 of 2", -2, 2, None, noon),
    ]
    raw_episodes = spark.createDataFrame(rows, tables.raw_episode_metadata.schema)
    accepted = records.flawless(episodes.checked(records.parsed(raw_episodes, episodes.FIELDS)))

    newest = episodes.newest(episodes.typed(accepted)).collect()

    assert {row["episode_id"]: row["title"] for row in newest} == {"a": "file", "b": "Kafka", "c": "line 2 of 2"}
