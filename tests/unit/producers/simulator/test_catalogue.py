"""The simulated catalogue: believable episodes that stay what they are."""

from __future__ import annotations

import json

import numpy as np

from producers.simulator.catalogue import catalogue
from producers.simulator.listeners import listeners


def test_a_later_run_keeps_all_earlier_episodes():
    early, late = catalogue(42, 1), catalogue(42, 3)

    assert (len(early), len(late)) == (550, 650)
    for column in ("topics", "quality", "duration", "published"):
        np.testing.assert_array_equal(getattr(late, column)[:550], getattr(early, column))


def test_an_episode_is_described_in_full():
    fields = json.loads(next(catalogue(42, 1).new_records()).value)

    assert fields["episode_id"] == "ep-00501"
    assert all(fields[name] for name in ("title", "author", "description", "audio_url", "feed_id", "language"))
    assert len(fields["categories"]) == 2
    assert 300 <= fields["duration"] <= 7200
    assert "2024-01-01T00:00:00Z" <= fields["published_at"] < "2024-01-08T00:00:00Z"


def test_the_popularity_of_the_first_episodes_is_zipf_like():
    ranked = np.sort(catalogue(42, 0).popularity)[::-1]

    slope = np.polyfit(np.log(np.arange(1, 501)), np.log(ranked), 1)[0]
    assert np.isclose(slope, -0.8)


def test_more_listeners_leave_the_first_ones_as_they_were():
    few, many = listeners(42, 10), listeners(42, 20)

    for column in ("tastes", "device", "peak_hour"):
        np.testing.assert_array_equal(getattr(many, column)[:10], getattr(few, column))
