"""What is found out over a whole recording: ids, events and ratings; and what is refused before anything is sent."""

from __future__ import annotations

import decimal
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.errors import InputFileError, TaskParameterError
from producers.replay.numbers import Scale
from producers.replay.vocabulary import LEFT_OUT
from tests.unit.producers.replay.looked_at import sent, told, written

TS = 1_700_000_000
LISTENING = "user_id,new_episode_id,event,ts\n"
CLICKS = "session_id,user_id,item_id,event_type,timestamp\n"
RATINGS = "userId,movieId,rating,timestamp\n"


def csv(tmp_path, header: str, *rows: str):
    return written(tmp_path / "a.csv", header + "".join(f"{row},{TS + n}\n" for n, row in enumerate(rows)))


def refusal(path, **options) -> str:
    with pytest.raises(InputFileError) as raised:
        sent(path, **options)
    return str(raised.value)


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


@pytest.mark.parametrize("user", ["1e+18", "1234567890123456768.0"])
def test_ids_that_floats_have_rounded_are_refused(tmp_path, user):
    assert "1 ids in 'user_id' are as 1e+18" in refusal(csv(tmp_path, LISTENING, f"{user},7,like"))


def test_parquet_of_every_type_says_the_same(tmp_path):
    table = pa.table(
        {
            "user_id": pa.array([31.0, None]),
            "new_episode_id": pa.array([b"ep\xc3\xa9", b"ep2"], pa.binary()),
            "event": pa.array(["like", "rate"]).dictionary_encode(),
            "rating": pa.array([None, decimal.Decimal("4.50")], pa.decimal128(5, 2)),
            "ts": pa.array([TS * 10**9, (TS + 1) * 10**9], pa.timestamp("ns", tz="Europe/Berlin")),
            "tags": pa.array([["a"], []]),
            "share": pa.array([float("nan"), 0.5]),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")

    like, rate = sent(tmp_path / "a.parquet")

    assert (like["user_id"], like["new_episode_id"], like["ts"]) == ("31", "epé", "2023-11-14T22:13:20.000Z")
    assert (like["tags"], rate["rating"], rate["share"], rate["user_id"]) == (["a"], 4.5, 0.5, None)
    assert "share" not in like


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parquet_times_of_every_unit_are_read(tmp_path, unit):
    table = pa.table({"user_id": [1], "new_episode_id": [2], "event": ["like"]})
    pq.write_table(
        table.append_column("ts", pa.array([TS]).cast(pa.timestamp("s")).cast(pa.timestamp(unit))[:1]),
        tmp_path / "a.parquet",
    )

    assert [event["ts"] for event in sent(tmp_path / "a.parquet")] == ["2023-11-14T22:13:20.000Z"]


def test_common_names_of_events_are_understood(tmp_path):
    rows = ["s,u,i,cart", "s,u,i,addtocart", "s,u,i,Add To Cart", "s,u,i,transaction", "s,u,i,VIEW", "s,u,i,pageview"]

    assert [event["event_type"] for event in sent(csv(tmp_path, CLICKS, *rows))] == [
        *["add_to_cart"] * 3,
        "purchase",
        *["view"] * 2,
    ]


def test_events_that_nobody_explained_are_refused_with_their_numbers_and_the_option(tmp_path):
    rows = ["s,u,i,view", "s,u,i,remove_from_cart", "s,u,i,remove_from_cart", "s,u,i,refund"]

    message = refusal(csv(tmp_path, CLICKS, *rows))

    assert "'remove_from_cart' (2 rows), 'refund' (1 rows)" in message
    assert "`--map-event 'remove_from_cart='`" in message


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


@pytest.mark.parametrize(
    ("ratings", "scale"),
    [
        (("0", "9", "10"), "0-10"),
        (("1", "7", "10"), "1-10"),
        (("0", "50", "100"), "0-100"),
        (("85%", "10 %"), "0-100"),
        (("-1", "1"), "-1..1"),
        (("-9.5", "10"), "-10..10"),
        (("0", "1"), "0-1"),
        (("0", "5"), "0-5"),
    ],
)
def test_ratings_of_another_scale_are_refused_with_the_option(tmp_path, ratings, scale):
    path = csv(tmp_path, RATINGS, *(f"u,{n},{rating}" for n, rating in enumerate(ratings)))

    assert f"such as `--rating-scale={scale}`" in refusal(path)


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


def test_ids_lose_what_is_not_seen_and_their_key_as_well(tmp_path):
    path = csv(tmp_path, CLICKS, "undefined,\u00a0u1 \u200b,i\t,view")

    (event,) = sent(path)

    assert (event["session_id"], event["user_id"], event["item_id"]) == (None, "u1", "i")


def test_a_file_of_a_folder_of_which_nothing_would_be_understood_is_refused(tmp_path):
    csv(tmp_path, LISTENING, "u,e,like")
    written(tmp_path / "b.csv", LISTENING + "u,e,like,soon\n")

    assert "No row of b.csv would be understood" in refusal(tmp_path)


def test_rows_of_each_file_are_told_apart(tmp_path):
    csv(tmp_path, LISTENING, "u,e,like", "u,f,like")
    written(tmp_path / "b.jsonl", json.dumps({"user_id": 1, "new_episode_id": 2, "event": "skip", "ts": TS}) + "\n[")
    written(tmp_path / "README.txt", "about")

    recording, survey = told(tmp_path)

    assert survey.rows == (2, 2)
    assert recording.fate == {("a.csv", "event"): 2, ("b.jsonl", "event"): 1, ("b.jsonl", "unreadable"): 1}
    assert [file.name for file in recording.recorded.left] == ["README.txt"]


def test_values_that_are_the_same_in_every_row_are_set(tmp_path):
    path = written(tmp_path / "a.csv", "new_episode_id\nep\n")

    (event,) = sent(path, constants={"user_id": "me", "ts": "2024-01-05"}, event="like")

    assert (event["user_id"], event["ts"], event["event"]) == ("me", "2024-01-05T00:00:00.000Z", "like")
