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
