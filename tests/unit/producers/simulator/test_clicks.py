"""The clickstream simulator: exact numbers, the same bytes again, and sessions that a shop could have seen."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.errors import TaskParameterError
from producers.simulator.clicks import Simulation
from producers.simulator.items import items
from producers.simulator.visits import apart
from producers.simulator.weeks import start_of

CLEAN = {"duplicate_share": 0.0, "late_share": 0.0, "malformed_share": 0.0}


def events_of(simulation: Simulation) -> list[dict]:
    return [json.loads(record.value) for record in simulation.event_records()]


def moment(event: dict) -> datetime:
    return datetime.fromisoformat(event["timestamp"])


def sessions_of(events: list[dict]) -> dict[str, list[dict]]:
    sessions = defaultdict(list)
    for event in events:
        sessions[event["session_id"]].append(event)
    return sessions


@pytest.fixture(scope="module")
def week() -> list[dict]:
    return events_of(Simulation(events=20_000, users=500, **CLEAN))


def test_the_same_arguments_give_the_same_bytes():
    first, second = Simulation(events=3_000, run=2), Simulation(events=3_000, run=2)

    assert list(first.event_records()) == list(second.event_records())


def test_another_seed_gives_other_events():
    assert events_of(Simulation(seed=1, events=50)) != events_of(Simulation(seed=2, events=50))


WEIGHTS = st.tuples(*[st.sampled_from([0.0, 0.1, 0.3, 0.6, 5.0])] * 4).filter(any)


@settings(max_examples=40)
@given(
    events=st.integers(0, 500),
    users=st.integers(1, 50),
    number=st.integers(1, 40),
    days=st.integers(1, 7),
    run=st.integers(0, 3),
    weights=WEIGHTS,
)
def test_the_number_of_distinct_valid_events_and_of_each_kind_is_exact(events, users, number, days, run, weights):
    mix = dict(zip(("views", "clicks", "carts", "purchases"), weights, strict=True))
    simulation = Simulation(seed=5, run=run, events=events, users=users, items=number, days=days, **mix)

    valid = [
        json.loads(record.value) for record in simulation.event_records() if record.kind in ("event", "late event")
    ]

    assert len({event["event_id"] for event in valid}) == len(valid) == events
    kinds = Counter(event["event_type"] for event in valid)
    made = [kinds[kind] for kind in ("view", "click", "add_to_cart", "purchase")]
    assert made == simulation.counts.tolist()
    assert all(abs(count - events * weight / sum(weights)) < 1 for count, weight in zip(made, weights, strict=True))
    assert all(start_of(run) <= moment(event) < start_of(run) + timedelta(days=days) for event in valid)
    assert {event["user_id"] for event in valid} <= {f"user-{user:05d}" for user in range(1, users + 1)}
    assert {event["item_id"] for event in valid} <= {f"item-{item:05d}" for item in range(1, number + 1)}


def test_the_mix_is_six_views_three_carts_and_one_purchase_in_ten(week):
    kinds = Counter(event["event_type"] for event in week)

    assert kinds == {"view": 12_000, "add_to_cart": 6_000, "purchase": 2_000}


def test_faults_leave_the_valid_events_as_they_are():
    faulty = Simulation(events=2_000, duplicate_share=0.3, late_share=0.3, malformed_share=0.3)

    valid = {record.value for record in faulty.event_records() if record.kind in ("event", "late event")}

    assert valid == {record.value for record in Simulation(events=2_000, **CLEAN).event_records()}


def test_an_event_has_its_fields_and_no_others(week):
    fields = ["event_id", "timestamp", "session_id", "user_id", "item_id", "event_type", "price"]

    assert all(list(event) == fields for event in week)
    assert all(len(e["timestamp"]) == len("2024-01-01T00:00:00.000Z") and e["timestamp"][-1] == "Z" for e in week)


def test_a_record_is_keyed_by_its_session():
    records = list(Simulation(events=200, **CLEAN).event_records())

    assert all(record.key == json.loads(record.value)["session_id"] for record in records)
    assert {record.topic for record in records} == {"clickstream"}


def test_an_item_has_one_price_in_every_week(week):
    later = events_of(Simulation(run=1, events=5_000, users=500, **CLEAN))

    prices = {(event["item_id"], event["price"]) for event in week + later}

    assert len(prices) == len({item for item, _ in prices})
    values = sorted(price for _, price in prices)
    assert values[0] >= 10
    assert values[-1] <= 500
    assert 35 < values[len(values) // 2] < 70


def test_different_simulations_share_neither_event_nor_session_ids(week):
    others = [
        events_of(Simulation(**{"events": 20_000, "users": 500, **CLEAN, **other}))
        for other in ({"run": 1}, {"items": 499}, {"views": 0.7}, {"churners": 0.3})
    ]

    for name in ("event_id", "session_id"):
        ids = [{event[name] for event in events} for events in (week, *others)]
        assert len(set.union(*ids)) == sum(map(len, ids))


def test_a_session_is_one_shopper_without_long_pauses(week):
    for session in sessions_of(week).values():
        assert len({event["user_id"] for event in session}) == 1
        assert all(moment(later) - moment(earlier) <= timedelta(minutes=10) for earlier, later in pairwise(session))


@pytest.mark.parametrize("mix", [{}, {"views": 0.3, "clicks": 0.4, "carts": 0.2, "purchases": 0.1}])
def test_nothing_is_clicked_carted_or_bought_before_it_was_viewed(mix):
    for session in sessions_of(events_of(Simulation(events=5_000, users=100, **mix, **CLEAN))).values():
        viewed = set()
        for event in session:
            viewed |= {event["item_id"]} if event["event_type"] == "view" else set()
            assert event["item_id"] in viewed


def test_what_is_bought_was_in_the_cart_and_purchases_end_a_session(week):
    for session in sessions_of(week).values():
        bought = [event["event_type"] == "purchase" for event in session]
        assert bought == sorted(bought)
        carted = {event["item_id"] for event in session if event["event_type"] == "add_to_cart"}
        assert {event["item_id"] for event in session if event["event_type"] == "purchase"} <= carted


def test_sessions_have_several_events_and_most_do_not_buy(week):
    sessions = sessions_of(week).values()

    assert 5 < len(week) / len(sessions) < 9
    assert 0.1 < np.mean([any(e["event_type"] == "purchase" for e in session) for session in sessions]) < 0.5


def test_sessions_of_one_shopper_are_mostly_more_than_half_an_hour_apart_and_some_overlap(week):
    visits = defaultdict(list)
    for session in sessions_of(week).values():
        visits[session[0]["user_id"]].append((moment(session[0]), moment(session[-1])))
    pauses = [later[0] - before[1] for spans in visits.values() for before, later in pairwise(sorted(spans))]

    assert np.mean([pause > timedelta(minutes=30) for pause in pauses]) > 0.95
    assert 0.002 < np.mean([pause < timedelta(0) for pause in pauses]) < 0.05


def test_a_shopper_with_more_sessions_than_fit_a_day_stays_within_it():
    random = np.random.default_rng(1)
    duration = random.uniform(0, 3_000, 500)

    begins = apart(np.zeros(500, int), random.uniform(0, 86_400, 500), duration, random)

    assert begins.min() >= 0
    assert (begins + duration).max() < 86_400


def test_few_shoppers_and_few_items_make_much_of_the_traffic(week):
    for field in ("user_id", "item_id"):
        counts = sorted(Counter(event[field] for event in week).values(), reverse=True)
        assert sum(counts[: len(counts) // 5]) > 0.4 * len(week)


def test_what_trends_changes_from_week_to_week(week):
    later = events_of(Simulation(run=1, events=20_000, users=500, **CLEAN))
    before, after = (Counter(event["item_id"] for event in events) for events in (week, later))

    assert sum(count > 3 * max(before[item], 10) for item, count in after.items()) >= 3


def test_the_item_before_tells_more_about_the_next_one_than_popularity_does(week):
    views = [[e["item_id"] for e in session if e["event_type"] == "view"] for session in sessions_of(week).values()]
    pairs = [pair for items in views for pair in pairwise(items)]
    known, asked = pairs[: len(pairs) // 2], pairs[len(pairs) // 2 :]
    after = defaultdict(Counter)
    for item, following in known:
        after[item][following] += 1
    popular = {item for item, _ in Counter(item for pair in known for item in pair).most_common(10)}

    hits = np.mean([following in dict(after[item].most_common(10)) for item, following in asked])

    assert 1.5 * np.mean([following in popular for _, following in asked]) < hits < 0.6


def test_more_items_leave_the_first_ones_as_they_were():
    few, many = items(42, 10), items(42, 20)

    for column in ("category", "price"):
        np.testing.assert_array_equal(getattr(many, column)[:10], getattr(few, column))


def test_who_leaves_does_less_and_less_and_then_nothing():
    runs = [Simulation(run=run, events=4_000, users=200, churners=0.5, **CLEAN) for run in range(16)]
    stops = dict(zip((f"user-{user:05d}" for user in range(1, 201)), runs[0].truth.stops, strict=True))
    days = defaultdict(list)
    for run in runs:
        for event in events_of(run):
            days[event["user_id"]].append((moment(event) - start_of(0)).days - stops[event["user_id"]])

    leavers = [number for user, numbers in days.items() if stops[user] < np.inf for number in numbers]

    assert 70 < sum(stop < np.inf for stop in stops.values()) < 130
    assert max(leavers) < 0
    before, fading = (sum(first <= number < first + 7 for number in leavers) for first in (-42, -7))
    assert 0 < fading < before / 2


def test_when_all_leave_the_first_one_keeps_the_shop_busy():
    assert {event["user_id"] for event in events_of(Simulation(run=20, events=50, churners=1, **CLEAN))} == {
        "user-00001"
    }


def test_more_users_leave_the_first_ones_as_they_were():
    few, many = (Simulation(users=users).truth for users in (10, 20))

    np.testing.assert_array_equal(many.stops[:10], few.stops)


@pytest.mark.parametrize(
    "wrong",
    [
        {"items": 0},
        {"users": 0},
        {"views": -1},
        {"views": float("nan")},
        {"clicks": float("inf")},
        {"views": 0, "carts": 0, "purchases": 0},
        {"churners": 1.1},
        {"churners": float("nan")},
    ],
)
def test_impossible_arguments_are_refused(wrong):
    with pytest.raises(TaskParameterError, match="is impossible"):
        Simulation(**wrong)
