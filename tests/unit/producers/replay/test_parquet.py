"""Parquet: values of every type, as JSON says them."""

from __future__ import annotations

import decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.producers.replay.looked_at import TS, refusal, sent


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


@pytest.mark.parametrize(("user", "kind"), [(2.0**24, pa.float32()), (2.0**53, pa.float64())])
def test_ids_that_their_floats_may_have_rounded_are_refused(tmp_path, user, kind):
    def table(user_id):
        columns = {"new_episode_id": ["ep"], "event": ["like"], "ts": [TS]}
        pq.write_table(pa.table({"user_id": pa.array([user_id], kind), **columns}), tmp_path / "a.parquet")
        return tmp_path / "a.parquet"

    assert [event["user_id"] for event in sent(table(user - 1))] == [str(int(user) - 1)]
    assert "1 ids in 'user_id' are as 1e+18: whole numbers that were kept as floats" in refusal(table(user))
