"""The replay: files in, exact records out, in time order, with nothing left out."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import duckdb
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakehouse.errors import InputFileError, TaskParameterError
from producers.record import Record
from producers.replay import replay
from producers.replay.options import Options
from producers.replay.sample import SAMPLE, write_sample

MOVIELENS = "userId,movieId,rating,timestamp\n"


def event_records(path: Path, **options):
    return replay.event_records(path, Options(**options))


def written(path: Path, text: str) -> Path:
    path.write_text(text, newline="")
    return path


def values(records) -> list[dict]:
    return [json.loads(record.value) for record in records]


def without_ids(records) -> list[dict]:
    return [{name: value for name, value in event.items() if name != "event_id"} for event in values(records)]


def test_movielens_ratings_are_rate_events_and_good_ones_are_completes_too(tmp_path):
    path = written(tmp_path / "ratings.csv", MOVIELENS + "7,31,4.5,1260759180\n7,30,4.0,1260759144\n")

    records = list(event_records(path))

    rate_30 = {"ts": "2009-12-14T02:52:24.000Z", "user_id": "7", "new_episode_id": "30", "event": "rate", "rating": 4.0}
    rate_31 = {"ts": "2009-12-14T02:53:00.000Z", "user_id": "7", "new_episode_id": "31", "event": "rate", "rating": 4.5}
    complete = {"ts": "2009-12-14T02:53:00.000Z", "user_id": "7", "new_episode_id": "31", "event": "complete"}
    assert without_ids(records) == [rate_30, rate_31, complete]
    assert [record.kind for record in records] == ["event", "event", "derived complete"]
    assert {(record.topic, record.key) for record in records} == {("user-events", b"7")}
    assert len({event["event_id"] for event in values(records)}) == 3


def test_complete_from_moves_the_threshold(tmp_path):
    path = written(tmp_path / "r.csv", MOVIELENS + "1,1,3.0,5\n1,2,2.5,5\n")

    assert Counter(record.kind for record in event_records(path, complete_from=3)) == {
        "event": 2,
        "derived complete": 1,
    }


def test_listening_events_pass_as_they_are(tmp_path):
    event = {
        "event_id": "e1",
        "ts": "2024-03-01T10:00:00.123456Z",
        "user_id": "u",
        "new_episode_id": "ep",
        "event": "pause",
        "device": "car",
        "listened_seconds": 30,
        "app": {"version": [1, 2]},
    }
    path = written(tmp_path / "events.jsonl", json.dumps(event) + "\n")

    assert values(event_records(path)) == [event]


ROWS = [("u1", "ep1", "like", 1704103200), ("u2", "ep2", "skip", 1704103201)]


def csv_file(folder: Path) -> Path:
    lines = "".join(f"{u};{e};{k};{t}\n" for u, e, k, t in ROWS)
    return written(folder / "a.csv", "user_id;new_episode_id;event;ts\n" + lines)


def gzip_file(folder: Path) -> Path:
    path = folder / "a.tsv.gz"
    lines = "".join(f"{u}\t{e}\t{k}\t{t * 1000}\n" for u, e, k, t in ROWS)
    path.write_bytes(gzip.compress(("\ufeffuser_id\tnew_episode_id\tevent\tts\n" + lines).encode()))
    return path


def json_lines_file(folder: Path) -> Path:
    rows = [
        {"ts": f"2024-01-01T12:00:0{i}+02:00", "user_id": u, "new_episode_id": e, "event": k}
        for i, (u, e, k, _) in enumerate(ROWS)
    ]
    return written(folder / "a.ndjson", "\r\n\r\n".join(map(json.dumps, rows)))


def json_array_file(folder: Path) -> Path:
    rows = [{"ts": float(t), "user_id": u, "new_episode_id": e, "event": k} for u, e, k, t in ROWS]
    return written(folder / "a.json", json.dumps(rows, indent=2))


def parquet_file(folder: Path) -> Path:
    path = folder / "a.parquet"
    rows = ", ".join(f"('{u}', '{e}', '{k}', make_timestamp({t}::BIGINT * 1000000))" for u, e, k, t in ROWS)
    duckdb.sql(f"SELECT * FROM (VALUES {rows}) AS t(user_id, new_episode_id, event, ts)").write_parquet(str(path))
    return path


@pytest.mark.parametrize("make", [csv_file, gzip_file, json_lines_file, json_array_file, parquet_file])
def test_the_same_events_are_the_same_records_from_every_format(tmp_path, make):
    like = {"ts": "2024-01-01T10:00:00.000Z", "user_id": "u1", "new_episode_id": "ep1", "event": "like"}
    skip = {"ts": "2024-01-01T10:00:01.000Z", "user_id": "u2", "new_episode_id": "ep2", "event": "skip"}

    records = list(event_records(make(tmp_path)))

    assert without_ids(records) == [like, skip]
    assert [event["event_id"][:8] for event in values(records)] == ["448c1775", "3850169e"]


def test_mapped_columns_are_renamed_and_the_others_kept(tmp_path):
    path = written(tmp_path / "a.csv", "who,what,when,stars,city\n1,9,2024-01-01,5,Rome\n")
    mapping = {"user_id": "who", "new_episode_id": "what", "ts": "when", "rating": "stars"}

    assert without_ids(event_records(path, mapping=mapping, event="rate")) == [
        {
            "ts": "2024-01-01T00:00:00.000Z",
            "user_id": "1",
            "new_episode_id": "9",
            "event": "rate",
            "rating": 5.0,
            "city": "Rome",
        }
    ]


def test_clicks_go_to_the_clickstream_keyed_by_session(tmp_path):
    path = written(
        tmp_path / "c.csv", "timestamp,session_id,user_id,item_id,event_type,price\n5,s1,u1,i1,purchase,9.5\n"
    )

    (record,) = event_records(path, topic="clickstream")

    assert (record.topic, record.key) == ("clickstream", b"s1")
    assert without_ids([record]) == [
        {
            "timestamp": "1970-01-01T00:00:05.000Z",
            "session_id": "s1",
            "user_id": "u1",
            "item_id": "i1",
            "event_type": "purchase",
            "price": 9.5,
        }
    ]


CLICKS = "timestamp,session_id,user_id,item_id,event_type\n5,s1,u1,i1,view\n"


@pytest.mark.parametrize(
    ("text", "mapping", "topic"),
    [
        (CLICKS, {}, "clickstream"),
        (CLICKS.replace("item_id", "what"), {"item_id": "what"}, "clickstream"),
        ("ts,session_id,user_id,item_id,new_episode_id,event\n5,s1,u1,i1,e1,like\n", {}, "user-events"),
    ],
)
def test_a_recording_goes_where_its_fields_belong(tmp_path, text, mapping, topic):
    (record,) = event_records(written(tmp_path / "c.csv", text), mapping=mapping)

    assert (record.topic, record.kind) == (topic, "event")


def test_the_topic_that_is_given_counts(tmp_path):
    with pytest.raises(InputFileError, match="has no column 'ts'"):
        event_records(written(tmp_path / "c.csv", CLICKS), topic="user-events")


def test_clicks_without_users_and_types_are_mapped_and_one_column_serves_two_fields(tmp_path):
    path = written(tmp_path / "c.csv", "session,time,item\n11,2014-04-07T10:51:09.277Z,214536502\n")
    mapping = {"session_id": "session", "user_id": "session", "item_id": "item", "timestamp": "time"}

    (event,) = without_ids(event_records(path, mapping=mapping, event="view"))

    assert event == {
        "timestamp": "2014-04-07T10:51:09.277Z",
        "session_id": "11",
        "user_id": "11",
        "item_id": "214536502",
        "event_type": "view",
    }


def test_a_hint_names_an_event_that_the_topic_has(tmp_path):
    path = written(tmp_path / "c.csv", "session_id,item_id,user_id,timestamp\n")

    with pytest.raises(InputFileError, match=r"has no column 'event_type'.*`--event view`"):
        event_records(path)


ORDERED = [{"ts": float(t), "user_id": "u", "new_episode_id": f"e{t}", "event": "like"} for t in range(9)]


def chunks(folder: Path) -> Path:
    """Nine events in files of every format, none in time order."""
    parts = [ORDERED[number::4] for number in range(4)]
    written(folder / "2.jsonl", "\n".join(map(json.dumps, parts[0])))
    written(folder / "1.json", json.dumps(parts[1]))
    for name, delimiter, end in (("3.csv", ",", "\n"), ("4.csv", ";", "\r\n")):
        part = parts[int(name[0]) - 1]
        rows = [ORDERED[0].keys(), *(map(str, row.values()) for row in part)]
        written(folder / name, "".join(delimiter.join(row) + end for row in rows))
    return folder


def test_a_folder_of_files_is_one_recording_in_one_time_order(tmp_path):
    (tmp_path / "one.jsonl").write_text("\n".join(map(json.dumps, ORDERED)))
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    folder = chunks(tmp_path / "folder")
    for name in ("README.md", ".5.csv", "_SUCCESS", "6.jsonl", "inside/7.csv"):
        (folder / name).write_text("" if name == "6.jsonl" else "no records")

    assert list(event_records(folder)) == list(event_records(tmp_path / "one.jsonl"))


def test_no_row_of_a_folder_is_left_out_even_if_files_repeat_what_is_no_row(tmp_path):
    for name in ("1.csv", "2.csv"):
        written(tmp_path / name, MOVIELENS + "1,31\n1,32,3,11\n")

    assert Counter(record.kind for record in event_records(tmp_path)) == {"event": 2, "unreadable": 2}


def test_a_file_of_a_folder_that_lacks_a_column_is_named(tmp_path):
    written(tmp_path / "1.csv", MOVIELENS + "1,31,3,9\n")
    written(tmp_path / "2.csv", "movieId,title\n31,Solo\n")

    with pytest.raises(InputFileError, match=r"2\.csv has no column"):
        event_records(tmp_path)


def test_parquet_files_of_a_folder_may_differ_in_a_column(tmp_path):
    row = "SELECT 5 AS ts, 'u' AS user_id, 'e' AS new_episode_id, 'like' AS event"
    duckdb.sql(row).write_parquet(str(tmp_path / "1.parquet"))
    duckdb.sql(f"{row}, 'car' AS device").write_parquet(str(tmp_path / "2.parquet"))
    duckdb.sql(f"{row}, 7 AS device").write_parquet(str(tmp_path / "3.parquet"))

    assert [event.get("device") for event in values(event_records(tmp_path))] == ["car", 7, None]


def test_the_sample_is_two_hundred_clicks_in_files_of_fifty(tmp_path):
    files = sorted(SAMPLE.iterdir())
    records = list(event_records(SAMPLE))

    assert [len(file.read_text().splitlines()) for file in files] == [50] * 4
    assert Counter((record.topic, record.kind) for record in records) == {("clickstream", "event"): 200}
    assert [event["event_id"] for event in values(records)] == [
        json.loads(line)["event_id"] for file in files for line in file.read_text().splitlines()
    ]


def test_the_sample_is_what_its_command_writes(tmp_path):
    write_sample(tmp_path / "again")

    again = {file.name: file.read_bytes() for file in (tmp_path / "again").iterdir()}
    assert again == {file.name: file.read_bytes() for file in SAMPLE.iterdir()}


@pytest.mark.parametrize("ts", ["soon", "", "nan", "1e300", "-1e300", "infinity", "290000-01-01", "2024-13-45"])
def test_a_time_that_is_none_is_sent_last_and_as_it_is(tmp_path, ts):
    path = written(tmp_path / "a.csv", f"ts,user_id,new_episode_id,event\n{ts},u,e,like\n9999999999,u,e,like\n")

    first, second = values(event_records(path))

    assert first["ts"] == "2286-11-20T17:46:39.000Z"
    assert second["ts"] == (ts or None)


def test_rows_that_lack_a_value_are_sent_and_counted_as_incomplete(tmp_path):
    path = written(tmp_path / "r.csv", MOVIELENS + ",31,x,10\n1,32,5,11\n")

    records = list(event_records(path))

    assert [record.kind for record in records] == ["incomplete", "event", "derived complete"]
    assert records[0].key is None
    assert without_ids(records)[0] == {
        "ts": "1970-01-01T00:00:10.000Z",
        "user_id": None,
        "new_episode_id": "31",
        "event": "rate",
        "rating": "x",
    }


def test_lines_that_are_no_rows_are_sent_as_they_are(tmp_path):
    path = written(tmp_path / "r.csv", MOVIELENS + "1,31\n1,32,5,11,12\n1,33,3,9\n")

    records = list(event_records(path))

    assert records[1:] == [
        Record("user-events", None, b"1,31", "unreadable"),
        Record("user-events", None, b"1,32,5,11,12", "unreadable"),
    ]
    assert records[0].kind == "event"


def test_lines_that_are_no_objects_are_sent_as_they_are(tmp_path):
    event = '{"ts": 1, "user_id": "u", "new_episode_id": "e", "event": "like"}'
    broken = ["[1]", "[" * 5000, "nonsense", '"text"', '{"ts": 1e999']
    path = written(tmp_path / "a.jsonl", "\n".join([*broken, event]))

    records = list(event_records(path))

    assert records[0].kind == "event"
    assert {record.value.decode() for record in records[1:]} == set(broken)
    assert {record.kind for record in records[1:]} == {"unreadable"}


def test_bytes_that_are_no_text_lose_no_other_row(tmp_path):
    path = tmp_path / "r.csv"
    path.write_bytes(MOVIELENS.encode() + b"1,\xff\xfe,3,9\n1,33,3,9\n")

    records = list(event_records(path))

    assert len(records) == 2
    assert records[0].kind == "event"


ROW = st.tuples(
    st.sampled_from(["1", "2", "", "a,b", 'q"']), st.integers(1, 5), st.integers(1, 10), st.integers(0, 2_000_000_000)
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=30), seed=st.integers(0, 1000))
def test_neither_order_nor_ids_depend_on_the_order_of_the_rows(tmp_path, rows, seed):
    def replayed(rows):
        lines = [
            "{},{},{},{}\n".format('"' + u.replace('"', '""') + '"' if u else "", e, r / 2, t) for u, e, r, t in rows
        ]
        return list(event_records(written(tmp_path / "r.csv", MOVIELENS + "".join(lines))))

    shuffled = random.Random(seed).sample(rows, len(rows))

    assert replayed(rows) == replayed(shuffled)
    assert [e["ts"] for e in values(replayed(rows))] == sorted(e["ts"] for e in values(replayed(rows)))
    assert sum(record.kind != "derived complete" for record in replayed(rows)) == len(rows)


@pytest.mark.parametrize(
    "name", ["a*b.csv", "[r].csv", "it's; DROP TABLE x.csv", 'q".csv', "ünï ?.csv", "year=2020.csv"]
)
def test_a_strange_path_is_just_a_path(tmp_path, name):
    (tmp_path / "a-decoy-b.csv").write_text(MOVIELENS + "9,9,1,9\n")
    path = written(tmp_path / name, MOVIELENS + "1,31,3,9\n")

    assert [event["user_id"] for event in values(event_records(path))] == ["1"]


@pytest.mark.parametrize("column", ['a"b', "it's", "ts/x~y", "record", "text", "SELECT 1; --", "$.ts", "col umn", "ü"])
@pytest.mark.parametrize("extension", ["csv", "jsonl"])
def test_a_strange_column_is_just_a_column(tmp_path, column, extension):
    row = {column: "5", "user_id": "u", "new_episode_id": "e", "event": "like"}
    header = ",".join('"' + name.replace('"', '""') + '"' for name in row)
    text = f"{header}\n5,u,e,like\n" if extension == "csv" else json.dumps(row)
    path = written(tmp_path / f"a.{extension}", text)

    (event,) = without_ids(event_records(path, mapping={"ts": column}))

    assert event == {"ts": "1970-01-01T00:00:05.000Z", "user_id": "u", "new_episode_id": "e", "event": "like"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "x,y\n1,2\n", "has no column 'ts', 'user_id', 'new_episode_id', 'event'; it has 'x', 'y'"),
        ("a.xls", "x", "has no extension that tells its format"),
        ("a.parquet", "no parquet at all", "cannot be read"),
        ("a.jsonl", '{"user_id": 1}', "it has 'user_id'"),
        ("a.json", "[{]", "cannot be read"),
        ("a.csv.gz", "not zipped", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_to_do(tmp_path, name, text, message):
    path = written(tmp_path / name, text)

    with pytest.raises(InputFileError, match=message) as raised:
        list(event_records(path))

    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputFileError, match=r"gone\.csv is not a file or folder"):
        event_records(tmp_path / "gone.csv")


def test_an_unknown_field_is_refused_with_the_known_ones(tmp_path):
    path = written(tmp_path / "r.csv", MOVIELENS)

    with pytest.raises(TaskParameterError, match=r"'uid', which is no field\. Use one of ts, user_id"):
        event_records(path, mapping={"uid": "userId"})


def test_ctrl_c_while_sorting_ends_at_once_and_leaves_no_files(tmp_path):
    rows = "".join(f"{number % 1000},{number % 777},4.0,{number * 7919 % 1_000_003}\n" for number in range(1_500_000))
    path = written(tmp_path / "ratings.csv", MOVIELENS + rows)
    program = (
        "import sys; from pathlib import Path; from producers.replay.replay import event_records\n"
        "from producers.replay.options import Options\n"
        "print(1, flush=True); list(event_records(Path(sys.argv[1]), Options()))"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path / "spill")}
    (tmp_path / "spill").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.readline()
        working, deadline = psutil.Process(process.pid), time.monotonic() + 60
        started = sum(working.cpu_times()[:2])
        while sum(working.cpu_times()[:2]) < started + 0.5 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)

    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert list((tmp_path / "spill").iterdir()) == []
