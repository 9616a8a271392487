"""Parquet: values of every type, as JSON says them."""

from __future__ import annotations

import decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.producers.replay.looked_at import TS, sent


def test_parquet_of_every_type_says_the_same(tmp_path):
    table = pa.table(
        {
            "user_id": pa.array([31.0, None]),
            "new_episode_id": pa.array([b"ep\xc3\xa9", b"ep2"], pa.binary()),
            "event": pa.array(["like", "rate"]).dictionary_encode(),
            "rating": pa.array([None, decimal.Decimal("4.50")], pa.decimal128(5, 2)),
            "ts": pa.array([TS * 10**9, (TS + 1) * 10**9], pa.timestamp("ns", tz="Europe/Berlin")),
            "tags": pa.array([["a"], []]),
            "share": pa.array([float("nan"), 0.5]),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")

    like, rate = sent(tmp_path / "a.parquet")

    assert (like["user_id"], like["new_episode_id"], like["ts"]) == ("31", "epé", "2023-11-14T22:13:20.000Z")
    assert (like["tags"], rate["rating"], rate["share"], rate["user_id"]) == (["a"], 4.5, 0.5, None)
    assert "share" not in like


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parquet_times_of_every_unit_are_read(tmp_path, unit):
    table = pa.table({"user_id": [1], "new_episode_id": [2], "event": ["like"]})
    pq.write_table(
        table.append_column("ts", pa.array([TS]).cast(pa.timestamp("s")).cast(pa.timestamp(unit))[:1]),
        tmp_path / "a.parquet",
    )

    assert [event["ts"] for event in sent(tmp_path / "a.parquet")] == ["2023-11-14T22:13:20.000Z"]
