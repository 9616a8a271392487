"""What silver will not take, seen before it is sent."""

from __future__ import annotations

from tests.unit.producers.replay.looked_at import CLICKS, LISTENING, csv, told


def test_everything_that_silver_will_not_take_is_told_before_it_is_sent(tmp_path):
    rows = [
        '"u,e,like',
        "undefined,e,like",
        "u,,like",
        "u,e,",
        "u,e,rate",
        "u,e,pause",
        "u,e,like",
    ]

    recording, survey = told(csv(tmp_path, LISTENING, *rows))

    assert {finding.text.split(" (")[0] for finding in survey.findings} == {
        "1 rows: quotes that do not match",
        "1 rows: no user_id",
        "1 rows: no new_episode_id",
        "1 rows: no event",
        "1 rows: `rate` without a number as rating",
        "1 rows: `pause` without a number of seconds",
    }
    assert recording.fate == {("a.csv", "event"): 3, ("a.csv", "incomplete"): 3, ("a.csv", "unreadable"): 1}


def test_what_is_told_of_clicks(tmp_path):
    header = CLICKS.replace("timestamp", "price,timestamp")
    rows = ["undefined,(not set),i,view,1", "s,null,i,view,x", ",u,i,view,-1", ",u,i,view,9.5"]

    recording, survey = told(csv(tmp_path, header, *rows))

    assert [finding.text.split(" (")[0] for finding in survey.findings] == [
        "1 rows: no session_id and no user_id",
        "1 rows: a price that is no number",
        "1 rows: a price that cannot be",
    ]
    assert recording.fate == {("a.csv", "event"): 3, ("a.csv", "incomplete"): 1}
