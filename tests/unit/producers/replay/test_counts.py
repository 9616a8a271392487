"""What is counted over a whole recording: ids that floats have changed, and the rows of each file."""

from __future__ import annotations

import json

import pytest

from tests.unit.producers.replay.looked_at import LISTENING, TS, csv, sent, told, written


def test_whole_numbers_in_a_column_of_floats_are_whole_numbers(tmp_path):
    rows = ["31.0,7.0,like", "32,8,like", ",9.0,like"]

    assert [(e["user_id"], e["new_episode_id"]) for e in sent(csv(tmp_path, LISTENING, *rows))] == [
        ("31", "7"),
        ("32", "8"),
        (None, "9"),
    ]


def test_ids_that_only_look_like_numbers_stay_as_they_are(tmp_path):
    rows = ["1.0,12e4,like", "1.10,a,like"]

    assert [(e["user_id"], e["new_episode_id"]) for e in sent(csv(tmp_path, LISTENING, *rows))] == [
        ("1.0", "12e4"),
        ("1.10", "a"),
    ]


@pytest.mark.parametrize(("user", "user_id"), [("1e15", None), ("1000000000000001.0", "1000000000000001")])
def test_large_whole_numbers_in_floats_are_exact(tmp_path, user, user_id):
    (event, _) = sent(csv(tmp_path, LISTENING, f"{user},7,like", "2.0,7,like"))

    assert event["user_id"] == (user_id or user)


def test_rows_of_each_file_are_told_apart(tmp_path):
    csv(tmp_path, LISTENING, "u,e,like", "u,f,like")
    written(tmp_path / "b.jsonl", json.dumps({"user_id": 1, "new_episode_id": 2, "event": "skip", "ts": TS}) + "\n[")
    written(tmp_path / "README.txt", "about")

    recording, survey = told(tmp_path)

    assert survey.rows == (2, 2)
    assert recording.fate == {("a.csv", "event"): 2, ("b.jsonl", "event"): 1, ("b.jsonl", "unreadable"): 1}
    assert [file.name for file in recording.recorded.left] == ["README.txt"]
