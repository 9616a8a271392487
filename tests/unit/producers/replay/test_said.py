"""What rows say: the values of their fields."""

from __future__ import annotations

from tests.unit.producers.replay.looked_at import sent, written


def test_values_that_are_the_same_in_every_row_are_set(tmp_path):
    path = written(tmp_path / "a.csv", "new_episode_id\nep\n")

    (event,) = sent(path, constants={"user_id": "me", "ts": "2024-01-05"}, event="like")

    assert (event["user_id"], event["ts"], event["event"]) == ("me", "2024-01-05T00:00:00.000Z", "like")
