"""What is found out over a whole recording: how its events, ratings and ids are to be understood."""

from __future__ import annotations

import pytest

from lakehouse.errors import TaskParameterError
from producers.replay.numbers import Scale
from producers.replay.vocabulary import LEFT_OUT
from tests.unit.producers.replay.looked_at import CLICKS, RATINGS, csv, sent, told


def test_common_names_of_events_are_understood(tmp_path):
    rows = ["s,u,i,cart", "s,u,i,addtocart", "s,u,i,Add To Cart", "s,u,i,transaction", "s,u,i,VIEW", "s,u,i,pageview"]

    assert [event["event_type"] for event in sent(csv(tmp_path, CLICKS, *rows))] == [
        *["add_to_cart"] * 3,
        "purchase",
        *["view"] * 2,
    ]


def test_events_are_mapped_left_out_or_sent_as_they_are(tmp_path):
    rows = ["s,u,i,view", "s,u,i,remove_from_cart", "s,u,i,wish", "s,u,i,refund"]
    mapped = {"remove_from_cart": LEFT_OUT, "Wish": "click", "refund": "refund"}

    path = csv(tmp_path, CLICKS, *rows)

    assert [event["event_type"] for event in sent(path, events=mapped)] == ["view", "click", "refund"]
    recording, survey = told(path, events=mapped)
    assert recording.fate == {("a.csv", "event"): 3, ("a.csv", "left out by `--map-event`"): 1}
    assert [finding.text for finding in survey.findings] == [
        "1 rows: left out by `--map-event` (not sent).",
        "1 rows: an event that is not understood (first line 5 of a.csv).",
    ]


def test_ratings_of_a_given_scale_are_moved_to_ours_and_completes_follow_theirs(tmp_path):
    path = csv(tmp_path, RATINGS, *(f"u,{rating},{rating}" for rating in (0, 5, 9, 10, 11)))

    events = sent(path, scale=Scale(0, 10), complete_from=9)

    assert [event["rating"] for event in events if event["event"] == "rate"] == [1.0, 3.0, 4.6, 5.0, 11.0]
    assert [event["new_episode_id"] for event in events if event["event"] == "complete"] == ["9", "10"]


def test_our_own_ratings_stay_as_they_are(tmp_path):
    path = csv(tmp_path, RATINGS, 'u,1,"0,5"', "u,2,3.5", "u,3,5")

    assert [event["rating"] for event in sent(path) if event["event"] == "rate"] == [0.5, 3.5, 5.0]


@pytest.mark.parametrize("scale", ["10", "5-1", "a-b", "1-10-20"])
def test_a_scale_that_is_none_is_refused(scale):
    with pytest.raises(TaskParameterError, match="is no scale"):
        Scale.parse(scale)


def test_ids_lose_what_is_not_seen_and_their_key_as_well(tmp_path):
    path = csv(tmp_path, CLICKS, "undefined,\u00a0u1 \u200b,i\t,view")

    (event,) = sent(path)

    assert (event["session_id"], event["user_id"], event["item_id"]) == (None, "u1", "i")
