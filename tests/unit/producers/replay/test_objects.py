"""JSON as the world writes it: objects by line, in arrays or one after the other, with what strict JSON forbids."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.errors import InputFileError
from producers.replay.objects import decoded, is_by_line
from tests.unit.producers.replay.looked_at import sent, told, written

EVENTS = [{"user_id": f"u{n}", "new_episode_id": "ep", "event": "like", "ts": 1_700_000_000 + n} for n in range(5)]
LINES = [json.dumps(event) for event in EVENTS]


def users(events: list[dict]) -> list[str]:
    return [event["user_id"] for event in events]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(LINES),
        "\r\n".join(LINES[:2]) + "\n" + "\n".join(LINES[2:]) + "\r",
        ",\n".join(LINES),
        "\ufeff" + "\n\n".join(LINES),
        json.dumps(EVENTS),
        json.dumps(EVENTS, indent=2),
        "\n".join(json.dumps(event, indent=1) for event in EVENTS),
        "[\n" + ",\n".join(LINES) + ",\n]",
        json.dumps(EVENTS[:2]) + "\n" + json.dumps(EVENTS[2:]),
        "".join(LINES[:1]) + "\n" + "\n".join(line.replace("}", ",}") for line in LINES[1:]),
        json.dumps([event | {"score": float("nan")} for event in EVENTS]),
        "\n".join(json.dumps(event | {"score": float("inf")}) for event in EVENTS),
        "\n".join(line.replace("u", "u\0", 1) for line in LINES),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_objects_are_found_however_they_are_laid_out(tmp_path, text, encoding):
    path = written(tmp_path / "a.json", text.encode(encoding))

    assert users(sent(path)) == [f"u{n}" for n in range(5)]
    assert told(path)[1].rows == (5,)


def test_one_broken_object_of_an_array_costs_no_other(tmp_path):
    broken = '{"user_id": u9, "ts": 5}'
    path = written(tmp_path / "a.json", "[" + ",\n".join([*LINES[:2], broken, *LINES[2:]]) + "]")

    *events, last = sent(path)

    assert users(events) == [f"u{n}" for n in range(5)]
    assert last == {"kind": "unreadable", "value": broken.encode()}
    assert [f.text for f in told(path)[1].findings] == ["1 rows: no JSON object (first line 3 of a.json)."]


@pytest.mark.parametrize("end", ['{"user_id": "u', '{"user_id": {"a": 1}', "nonsense"])
def test_an_array_that_breaks_off_is_refused_with_its_line(tmp_path, end):
    with pytest.raises(InputFileError, match=r"a\.json cannot be read: from line 3 on"):
        sent(written(tmp_path / "a.json", "[" + ",\n".join([*LINES[:2], end])))


def test_values_within_objects_are_mapped(tmp_path):
    event = {"when": {"at": "2024-01-05T10:00:00Z"}, "who": {"id": 7}, "what": {"id": "x", "t": {"n": "y"}}, "like": 1}
    mapping = {"ts": "when.at", "user_id": "who.id", "new_episode_id": "what.id+what.t.n"}

    (found,) = sent(written(tmp_path / "a.jsonl", json.dumps(event)), mapping=mapping, event="like")

    assert (found["ts"], found["user_id"], found["new_episode_id"]) == ("2024-01-05T10:00:00Z", "7", "x y")


def test_an_object_that_is_larger_than_what_is_read_at_once_is_one(tmp_path):
    large = EVENTS[0] | {"notes": "x{" * 800_000}

    assert users(sent(written(tmp_path / "a.json", json.dumps([large, *EVENTS[1:]], indent=1)))) == [
        f"u{n}" for n in range(5)
    ]


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100)
@given(st.dictionaries(st.text(max_size=4), VALUE, max_size=4))
def test_what_json_says_is_read_back_also_with_commas_too_many(value):
    text = json.dumps(value)

    assert decoded(text) == value
    assert decoded(text[:-1] + ",}") == (value if value else decoded(text[:-1] + ",}"))


@pytest.mark.parametrize("read", [decoded, is_by_line])
def test_quotes_that_are_never_closed_cost_time_by_their_number(read):
    started = time.process_time()

    assert not read('{"' + '\\"' * 40_000)
    assert time.process_time() - started < 5


def test_an_object_that_never_ends_is_refused_in_time_by_its_length(tmp_path):
    started = time.process_time()

    with pytest.raises(InputFileError, match="does not end"):
        sent(written(tmp_path / "a.json", '[{"a": [' + "1,\n" * 2_000_000))
    assert time.process_time() - started < 30


def test_a_last_quote_that_is_never_closed_costs_its_own_object_only(tmp_path):
    told_objects = sent(written(tmp_path / "a.json", f'[{LINES[0]},\n{{"a": "b}},\n'))

    assert [event.get("user_id", event.get("kind")) for event in told_objects] == ["u0", "unreadable"]


def test_a_number_that_no_computer_has_costs_its_own_row_only(tmp_path):
    path = written(tmp_path / "a.jsonl", "\n".join([LINES[0], LINES[1].replace("1700000001", "1e400")]))

    assert [event.get("user_id", event.get("kind")) for event in sent(path)] == ["u0", "unreadable"]


def test_a_nul_in_an_event_is_no_end_of_anything(tmp_path):
    assert users(sent(written(tmp_path / "a.jsonl", LINES[0].replace("like", "li\\u0000ke")))) == ["u0"]
