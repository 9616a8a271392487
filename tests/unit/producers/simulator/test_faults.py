"""Faults: exact numbers, and each malformed record wrong in one known way, in both streams."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from producers.simulator import clicks, listening

ARGUMENTS = {"events": 10_000, "users": 200, "duplicate_share": 0.02, "late_share": 0.01, "malformed_share": 0.05}
LISTENING, CLICKS = listening.Simulation(**ARGUMENTS), clicks.Simulation(**ARGUMENTS)


@pytest.fixture(scope="module")
def records():
    return list(LISTENING.event_records())


@pytest.fixture(scope="module")
def click_records():
    return list(CLICKS.event_records())


def test_the_numbers_of_each_kind_are_those_that_were_announced(records):
    made = Counter(record.kind for record in records)

    assert made + Counter(episode=500) == LISTENING.expected()
    assert (made["duplicate"], made["late event"], made["event"]) == (200, 100, 9_900)
    assert sum(count for kind, count in made.items() if kind.startswith("malformed: ")) == 500


def test_a_duplicate_has_the_bytes_of_an_event_that_is_there(records):
    valid = {record.value for record in records if record.kind in ("event", "late event")}
    copies = [record.value for record in records if record.kind == "duplicate"]

    assert set(copies) <= valid
    assert len(set(copies)) == 200


def test_exactly_the_late_events_come_after_a_newer_one():
    simulation = listening.Simulation(**ARGUMENTS | {"duplicate_share": 0, "malformed_share": 0})
    newest, out_of_order = "", []
    for record in simulation.event_records():
        ts = json.loads(record.value)["ts"]
        if ts < newest:
            out_of_order.append(record.kind)
        newest = max(newest, ts)

    assert out_of_order == ["late event"] * 100


def of_kind(records, kind):
    found = [record.value for record in records if record.kind == f"malformed: {kind}"]
    assert found, f"no record of kind {kind}"
    return found


def test_a_record_that_is_not_json_does_not_parse(records):
    for value in of_kind(records, "not json"):
        with pytest.raises(json.JSONDecodeError):
            json.loads(value)


@pytest.mark.parametrize(
    ("kind", "is_wrong"),
    [
        ("missing field", lambda e: len({"ts", "user_id", "new_episode_id", "event"} - e.keys()) == 1),
        ("bad timestamp", lambda e: e["ts"] == "yesterday"),
        ("unknown event", lambda e: e["event"] == "teleport"),
        ("rating out of range", lambda e: e["event"] == "rate" and not 0.5 <= e["rating"] <= 5),
        ("negative seconds", lambda e: e["event"] == "pause" and e["listened_seconds"] < 0),
        ("future timestamp", lambda e: e["ts"].startswith("2124-")),
        ("huge value", lambda e: len(e["note"]) > 65_536),
    ],
)
def test_a_malformed_record_is_wrong_as_its_kind_says(records, kind, is_wrong):
    assert all(is_wrong(json.loads(value)) for value in of_kind(records, kind))


@pytest.mark.parametrize(
    ("kind", "is_wrong"),
    [
        (
            "missing field",
            lambda e: len({"timestamp", "session_id", "user_id", "item_id", "event_type"} - e.keys()) == 1,
        ),
        ("bad timestamp", lambda e: e["timestamp"] == "yesterday"),
        ("unknown event", lambda e: e["event_type"] == "teleport"),
        ("bad price", lambda e: e["price"] == "12,50 EUR"),
        ("negative price", lambda e: e["price"] < 0),
        ("future timestamp", lambda e: e["timestamp"].startswith("2124-")),
        ("huge value", lambda e: len(e["note"]) > 65_536),
    ],
)
def test_a_malformed_click_is_wrong_as_its_kind_says(click_records, kind, is_wrong):
    assert all(is_wrong(json.loads(value)) for value in of_kind(click_records, kind))


def test_clicks_have_the_same_faults_in_the_same_numbers(click_records):
    made = Counter(record.kind for record in click_records)

    assert made == CLICKS.expected()
    assert (made["duplicate"], made["late event"], made["event"]) == (200, 100, 9_900)
    assert sum(count for kind, count in made.items() if kind.startswith("malformed: ")) == 500
    assert {(record.topic, type(record.key)) for record in click_records} == {("clickstream", str)}


def test_huge_values_are_rare(records):
    assert len(of_kind(records, "huge value")) < 30


def test_no_malformed_record_has_the_id_of_a_valid_event(records):
    valid = {json.loads(r.value)["event_id"] for r in records if r.kind in ("event", "late event")}
    malformed = {
        json.loads(r.value)["event_id"] for r in records if r.kind.startswith("malformed") and "not json" not in r.kind
    }

    assert not valid & malformed
