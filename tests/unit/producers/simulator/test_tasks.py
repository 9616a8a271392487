"""The tasks that simulate: each run a week more, and the same one again if the last run did not get to its end."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from lakehouse.lake import Lakehouse
from lakehouse.settings import Settings
from producers.simulator.tasks import SHOP_WEEKS, simulate_listening, simulate_shopping

LISTENING = {"events": "50", "users": "20"}
SHOPPING = {"events": "20", "users": "10"}


@pytest.fixture
def lake(tmp_path):
    """A lakehouse that nobody asks for Spark."""
    return Lakehouse(Settings(reclake_home=tmp_path, events_source="files"))


def first_days(lake):
    """The first day of each file of listening, in the order of writing."""
    files = sorted((lake.settings.landing / "user-events").iterdir())
    return [min(record["ts"] for record in valid(file))[:10] for file in files]


def valid(file):
    for line in file.read_text().splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if not record["event_id"].endswith("-bad"):
            yield record


def test_each_run_simulates_the_week_after_the_last_one(lake):
    for _ in range(3):
        simulate_listening.run(lake, LISTENING)

    assert first_days(lake) == ["2024-01-01", "2024-01-08", "2024-01-15"]


def test_a_run_that_was_killed_before_it_committed_is_done_again_with_the_same_events(lake):
    simulate_listening.run(lake, LISTENING)
    lake.progress.forget("simulate listening 42")
    simulate_listening.run(lake, LISTENING)

    first, second = sorted((lake.settings.landing / "user-events").iterdir())
    assert first.read_bytes() == second.read_bytes()


def test_another_seed_begins_with_its_own_first_week(lake):
    simulate_listening.run(lake, LISTENING)
    simulate_listening.run(lake, LISTENING | {"seed": "7"})

    assert first_days(lake) == ["2024-01-01", "2024-01-01"]


def test_the_shop_has_weeks_and_purchases_behind_it_at_first_and_then_gets_one_week_more(lake):
    simulate_shopping.run(lake, SHOPPING)
    simulate_shopping.run(lake, SHOPPING)

    first, second = sorted((lake.settings.landing / "clickstream").iterdir())
    ids = [Counter(record["event_id"].partition("-")[0] for record in valid(file)) for file in (first, second)]
    assert [len(runs) for runs in ids] == [SHOP_WEEKS, 1]
