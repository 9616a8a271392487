"""The listening simulator: what a run holds, and that it repeats itself byte for byte."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.errors import TaskParameterError
from producers.simulator.listening import Simulation
from producers.simulator.weeks import start_of

CLEAN = {"duplicate_share": 0.0, "late_share": 0.0, "malformed_share": 0.0}


def events_of(simulation: Simulation) -> list[dict]:
    return [json.loads(record.value) for record in simulation.event_records()]


def moment(event: dict) -> datetime:
    return datetime.fromisoformat(event["ts"])


@pytest.fixture(scope="module")
def week() -> list[dict]:
    return events_of(Simulation(events=20_000, users=500, **CLEAN))


def test_the_same_arguments_give_the_same_bytes():
    first, second = Simulation(events=3_000, run=2), Simulation(events=3_000, run=2)

    assert list(first.first_records()) == list(second.first_records())
    assert list(first.event_records()) == list(second.event_records())


def test_another_seed_gives_other_events():
    assert events_of(Simulation(seed=1, events=50)) != events_of(Simulation(seed=2, events=50))


@settings(max_examples=25)
@given(events=st.integers(0, 700), users=st.integers(1, 50), days=st.integers(1, 7), run=st.integers(0, 3))
def test_the_number_of_distinct_valid_events_is_exact(events, users, days, run):
    records = list(Simulation(seed=5, run=run, events=events, users=users, days=days).event_records())

    valid = [json.loads(record.value) for record in records if record.kind in ("event", "late event")]
    assert len(valid) == events
    assert len({event["event_id"] for event in valid}) == events
    start = start_of(run)
    assert all(start <= moment(event) < start + timedelta(days=days) for event in valid)


def test_events_without_faults_are_sent_in_time_order(week):
    assert all(earlier["ts"] <= later["ts"] for earlier, later in pairwise(week))


def test_the_next_run_goes_on_a_week_later_with_the_same_listeners_and_fresh_episodes():
    first, second = (Simulation(run=run, events=5_000, users=100, **CLEAN) for run in (0, 1))
    before, after = events_of(first), events_of(second)

    assert max(map(moment, before)) < start_of(1) <= min(map(moment, after))
    assert {event["user_id"] for event in after} <= {f"user-{number:05d}" for number in range(1, 101)}
    assert [record.key for record in first.first_records()] == [f"ep-{number:05d}" for number in range(1, 501)]
    assert [record.key for record in second.first_records()] == [f"ep-{number:05d}" for number in range(501, 551)]
    heard_fresh = {event["new_episode_id"] for event in after} & {record.key for record in second.first_records()}
    assert len(heard_fresh) > 25
    assert not {event["event_id"] for event in before} & {event["event_id"] for event in after}


def test_simulations_of_different_size_share_no_event_id():
    small, large = ({event["event_id"] for event in events_of(Simulation(events=size, **CLEAN))} for size in (200, 300))

    assert not small & large


def test_faults_leave_the_valid_events_as_they_are():
    faulty = Simulation(events=2_000, duplicate_share=0.3, late_share=0.3, malformed_share=0.3)

    valid = {record.value for record in faulty.event_records() if record.kind in ("event", "late event")}

    assert valid == {record.value for record in Simulation(events=2_000, **CLEAN).event_records()}


def test_an_event_has_its_fields_and_no_others(week):
    common = {"event_id", "ts", "user_id", "new_episode_id", "event", "device"}
    own = {"pause": {"listened_seconds"}, "rate": {"rating"}}

    assert {event["event"] for event in week} == {"like", "pause", "skip", "rate", "complete"}
    assert all(event.keys() == common | own.get(event["event"], set()) for event in week)
    assert all(event["listened_seconds"] >= 0 for event in week if event["event"] == "pause")
    assert {event["rating"] for event in week if event["event"] == "rate"} <= {half / 2 for half in range(1, 11)}
    assert all(len(event["ts"]) == len("2024-01-01T00:00:00.000Z") and event["ts"].endswith("Z") for event in week)


def test_a_record_is_keyed_by_its_listener():
    records = list(Simulation(events=200, **CLEAN).event_records())

    assert all(record.key == json.loads(record.value)["user_id"] for record in records)
    assert {record.topic for record in records} == {"user-events"}


def test_few_episodes_are_completed_twice_by_one_listener():
    both = [event for run in (0, 1) for event in events_of(Simulation(run=run, events=20_000, users=500, **CLEAN))]

    times = Counter((e["user_id"], e["new_episode_id"]) for e in both if e["event"] == "complete")

    assert sum(count > 1 for count in times.values()) < 0.03 * len(times)


def test_few_listeners_and_few_episodes_make_much_of_the_traffic(week):
    for field in ("user_id", "new_episode_id"):
        counts = sorted(Counter(event[field] for event in week).values(), reverse=True)
        assert sum(counts[: len(counts) // 5]) > 0.4 * len(week)


def test_taste_learned_from_one_week_predicts_the_next_better_than_popularity():
    before, after = (completions(Simulation(run=run, users=400, events=30_000, **CLEAN)) for run in (0, 1))
    u, s, v = np.linalg.svd(before, full_matrices=False)
    learned = (u[:, :12] * s[:12]) @ v[:12]
    popular = np.tile(before.sum(axis=0), (len(before), 1))

    assert recall_at_20(learned, before, after) > 1.3 * recall_at_20(popular, before, after)


@pytest.mark.parametrize(
    "wrong", [{"users": 0}, {"days": 8}, {"run": -1}, {"late_share": 1.5}, {"late_share": float("nan")}]
)
def test_impossible_arguments_are_refused(wrong):
    with pytest.raises(TaskParameterError, match="is impossible"):
        Simulation(**wrong)


def completions(simulation: Simulation) -> np.ndarray:
    matrix = np.zeros((simulation.users, 500))
    for event in events_of(simulation):
        user, episode = int(event["user_id"][5:]) - 1, int(event["new_episode_id"][3:]) - 1
        if event["event"] == "complete" and episode < 500:
            matrix[user, episode] = 1
    return matrix


def recall_at_20(scores: np.ndarray, seen: np.ndarray, wanted: np.ndarray) -> float:
    top = np.argsort(-np.where(seen > 0, -np.inf, scores), axis=1)[:, :20]
    hits = np.take_along_axis(wanted, top, axis=1).sum()
    return float(hits / wanted.sum())
