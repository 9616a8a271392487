"""Landing files on disk: however they come, each line is in bronze once, and what is no file to read is named."""

import gzip
import json
import logging
import os

import pyarrow as pa
import pytest
from filelock import FileLock, Timeout

from bronze import landing, ledger
from bronze.ingest import ingest
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.quality.gate import check_quality
from lakehouse.settings import Settings
from producers.simulator.listening import Simulation
from producers.simulator.simulation import simulate
from silver.listening.tasks import update_events
from tests.unit.silver.arriving import receive


def event(number, text="x"):
    return json.dumps({"event_id": f"e{number}", "user_id": text}).encode() + b"\n"


def files_only(lake):
    settings = {"events_source": "files", "landing_settle_seconds": 0}
    return lake.with_settings(lake.settings.model_copy(update=settings))


def put(lake, name, content, topic="user-events"):
    path = lake.settings.landing / topic / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def run(lake, topic="user-events"):
    ingest.run(lake, {"topic": topic})


def lines(lake):
    rows = lake.read(tables.raw_user_events).orderBy("partition", "offset").collect()
    return [(row["partition"], row["offset"], json.loads(row["value"])["event_id"]) for row in rows]


def states(lake):
    return {row["file"].rsplit("/landing/", 1)[1]: row["state"] for row in lake.read(tables.files).collect()}


@pytest.fixture(scope="module")
def lake(new_lake):
    """A lake that met each kind of file, in two runs."""
    lake = files_only(new_lake())
    put(lake, "2024/ü é 100% [1].jsonl.gz", gzip.compress(b"\n" + event(3).strip()))
    put(lake, "a.jsonl", event(1) + event(2))
    put(lake, "copy of a.jsonl", event(1) + event(2))
    put(lake, "a.jsonl.zst", pa.compress(event(1) + event(2), codec="zstd", asbytes=True))
    put(lake, ".hidden.jsonl", event(90))
    put(lake, "half.jsonl.tmp", event(91))
    put(lake, "half.jsonl", event(92)[:-3])
    put(lake, "empty.jsonl", b"")
    put(lake, "broken.jsonl.gz", b"\x1f\x8b no gzip")
    put(lake, "array.json", b"[]")
    put(lake, "stray.jsonl", event(93), topic="")
    put(lake, "x.jsonl", event(94), topic="user_events")
    run(lake)
    # Shorter than it was, and another content under the same name.
    put(lake, "a.jsonl", event(4))
    put(lake, "late copy.jsonl", event(1) + event(2))
    (lake.settings.landing / "user-events" / "a.jsonl.zst").unlink()
    # Longer, as one that is written to again and again.
    put(lake, "half.jsonl", event(92) + event(5))
    run(lake)
    return lake


def test_each_content_is_taken_in_once_under_its_number_and_lines(lake):
    assert lines(lake) == [
        (-4, 1, "e92"), (-4, 2, "e5"), (-3, 1, "e4"), (-2, 1, "e1"), (-2, 2, "e2"), (-1, 2, "e3")
    ]  # fmt: skip
    row = lake.read(tables.raw_user_events).where("partition = -1").first()
    assert (row["topic"], row["record_key"], row["headers"], row["timestamp"]) == ("user-events", None, None, None)


def test_every_file_is_named_with_what_became_of_it(lake):
    assert states(lake) == {
        "user-events/a.jsonl": "taken",
        "user-events/2024/ü é 100% [1].jsonl.gz": "taken",
        "user-events/copy of a.jsonl": "taken",
        "user-events/late copy.jsonl": "taken",
        "user-events/a.jsonl.zst": "gone",
        "user-events/.hidden.jsonl": "ignored",
        "user-events/half.jsonl.tmp": "ignored",
        "user-events/half.jsonl": "taken",
        "user-events/empty.jsonl": "waiting",
        "user-events/broken.jsonl.gz": "refused",
        "user-events/array.json": "refused",
        "stray.jsonl": "refused",
        "user_events": "refused",
    }


def test_what_has_not_changed_is_neither_opened_nor_named_again(lake, caplog):
    versions = lake.version(tables.raw_user_events), lake.version(tables.files), lake.version(tables.landed)

    with caplog.at_level(logging.WARNING):
        run(lake)

    assert (lake.version(tables.raw_user_events), lake.version(tables.files), lake.version(tables.landed)) == versions
    assert "was not taken" not in caplog.text


def test_the_gate_lets_lines_pass_and_warns_of_files_that_were_not_taken(lake, caplog):
    with caplog.at_level(logging.WARNING):
        check_quality.run(lake, {"layer": "bronze"})

    [said] = [message for message in caplog.messages if message.startswith("ops.files")]
    assert "5 of 13 rows" in said


def test_silver_has_of_files_what_it_has_of_kafka(new_lake):
    week = Simulation(events=300, users=20, malformed_share=0.1)
    files, kafka = files_only(new_lake()), new_lake()

    simulate(files.settings, week)
    run(files)
    receive(kafka, tables.raw_user_events, *(record.value.decode() for record in week.event_records()))

    for lake in (files, kafka):
        update_events.run(lake, {})
    of_files, of_kafka = (
        (
            sorted(lake.read(tables.user_events).collect()),
            sorted((row["value"], row["reason"]) for row in lake.read(tables.quarantine).collect()),
        )
        for lake in (files, kafka)
    )
    assert of_files == of_kafka
    assert [len(rows) for rows in of_files] == [300, 30]


class Killed(BaseException):
    """What no task catches."""


@pytest.mark.parametrize(("place", "step"), [(landing.Staging, "rows"), (ledger, "add")])
def test_a_run_that_is_killed_repeats_nothing_and_loses_nothing(new_lake, monkeypatch, place, step):
    lake = files_only(new_lake())
    put(lake, "a.jsonl", event(1))
    os.utime(put(lake, "b.jsonl", event(2)), (0, 1_000_000_000))

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(place, step, killed)
        with pytest.raises(Killed):
            run(lake)
    put(lake, "c.jsonl", event(3))
    run(lake)

    assert lines(lake) == [(-3, 1, "e3"), (-2, 1, "e1"), (-1, 1, "e2")]
    assert set(states(lake).values()) == {"taken"}


def test_no_two_runs_of_a_topic_give_numbers_at_once(tmp_path, monkeypatch):
    lake = Lakehouse(Settings(reclake_home=tmp_path))
    other = FileLock(lake.settings.files / "landing-user-events.lock", timeout=0)

    def work(*_):
        with pytest.raises(Timeout):
            other.acquire()

    monkeypatch.setattr(landing, "_take_in", work)

    landing.take_in(lake, "user-events", tables.raw_user_events)

    with other:
        assert other.is_locked
