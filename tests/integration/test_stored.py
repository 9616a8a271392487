"""The task `store` between a real lakehouse and a real PostgreSQL: each row once, whatever happens to either."""

import os
import shutil
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest

from gold.stores.postgresql import store
from lakehouse import database, services, tables
from lakehouse.database import RAW_EVENTS, FrameRows, connect_read_only, write_batch
from lakehouse.lake import Lakehouse
from lakehouse.progress import Progress
from lakehouse.services.process import wait_until
from lakehouse.services.state import Place
from lakehouse.settings import Settings

ROWS = 5_000
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
EVENT = {
    "event_id": "'event-' || id",
    "day": "date '2026-01-31'",
    "timestamp": "timestamp '2026-01-31 12:00'",
    "event_type": "'view'",
}


@pytest.fixture(scope="module")
def events(new_lake):
    """A lakehouse with events, and an embedded PostgreSQL of its own."""
    lake = new_lake()
    own = lake.settings.model_copy(update={"database_url": None, "lakebase_project": None})
    names = tables.clickstream_events.schema.names
    rows = lake.spark.range(ROWS).selectExpr(*(f"{EVENT.get(name, 'NULL')} AS {name}" for name in names))
    lake.append_new(tables.clickstream_events, rows)
    yield lake.with_settings(own)
    services.down(own)


@pytest.fixture
def lake(events):
    """The same, of which nothing is stored yet; but PostgreSQL knows the day, so that rows are copied right in."""
    with psycopg.connect(services.database_url(events.settings), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    with database.connect(events.settings) as connected:
        write_batch(connected, RAW_EVENTS, "", [("", NOON.date(), NOON, None, None, None, "view", None)])
    events.progress.forget("store raw_events")
    return events


def run(lake):
    store.run(lake, {"table": "raw_events"})


def read(lake, query):
    with connect_read_only(lake.settings) as connection:
        return connection.execute(query).fetchall()


def stored(lake):
    """How many rows the task wrote, how many events these are, and in how many transactions they came."""
    return read(
        lake,
        "SELECT count(*), count(DISTINCT event_id), count(DISTINCT xmin::text) FROM raw_events WHERE event_id <> ''",
    )[0]


def at_row(monkeypatch, number, happens):
    """Let something happen when a row is read to be stored, each time that rows are."""
    rows = FrameRows.__iter__

    def with_it(self):
        for position, row in enumerate(rows(self)):
            if position == number:
                happens()
            yield row

    monkeypatch.setattr(FrameRows, "__iter__", with_it)


def test_postgresql_is_killed_while_rows_are_copied(lake, monkeypatch):
    killed = []

    def kill():
        if not killed:
            copying = "SELECT FROM pg_stat_progress_copy WHERE tuples_processed > 0"
            wait_until(lambda: len(read(lake, copying)) == 1, 30)
            killed.append(Place(lake.settings.home, "postgresql").read().process.pid)
            os.kill(killed[0], signal.SIGKILL)

    at_row(monkeypatch, ROWS // 2, kill)

    run(lake)

    assert killed
    assert stored(lake) == (ROWS, ROWS, 1)


def test_two_runs_at_once(lake, monkeypatch):
    both, met = threading.Barrier(2, timeout=60), set()

    def meet():
        if threading.get_ident() not in met:
            met.add(threading.get_ident())
            both.wait()

    at_row(monkeypatch, 0, meet)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, [lake.with_settings(lake.settings) for _ in range(2)]))

    assert len(met) == 2
    assert stored(lake) == (ROWS, ROWS, 1)


def test_a_run_is_killed_before_it_notes_its_progress(lake, monkeypatch):
    # One is enough for that.
    monkeypatch.setattr("lakehouse.database.batches._REMEMBERED_BATCHES", 1)
    with monkeypatch.context() as killing:
        killing.setattr(Progress, "commit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(lake)
    sent = read(lake, "SELECT batch_id, number FROM batches")

    run(lake)

    assert stored(lake) == (ROWS, ROWS, 1)
    assert read(lake, "SELECT batch_id, number FROM batches") == sent


def interrupted(*_):
    raise KeyboardInterrupt


def test_where_no_postgresql_was_meant_nothing_is_stored_and_that_is_said(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")

    store.run(Lakehouse(Settings(reclake_home=tmp_path)), {"table": "churn_prediction"})

    assert caplog.messages == [
        "There is no PostgreSQL here: neither DATABASE_URL nor SECRET_SCOPE is set, "
        "so churn_prediction stays in gold.churn_predictions alone."
    ]
    assert list(tmp_path.iterdir()) == []


def test_what_the_source_no_longer_has_leaves_postgresql_when_all_of_it_is_read(lake):
    noted = [(user, NOON.date(), 0.1, False, 0.5, "1", NOON) for user in ("gone", "stays")]
    rows = lake.spark.createDataFrame(noted, tables.churn_predictions.schema)
    lake.upsert(tables.churn_predictions, rows)
    store.run(lake, {"table": "churn_prediction"})
    lake.refresh(tables.churn_predictions, rows.where("user_id = 'stays'"), scope=rows.select("user_id", "as_of"))
    lake.progress.forget("store churn_prediction")

    store.run(lake, {"table": "churn_prediction"})

    assert read(lake, "SELECT user_id FROM churn_prediction") == [("stays",)]

    # Made anew, and nothing is predicted yet.
    lake.spark.sql(f"DROP TABLE {lake.name(tables.churn_predictions)}")
    shutil.rmtree(lake.settings.home / "lakehouse" / "gold" / "churn_predictions")
    store.run(Lakehouse(lake.settings, lake.spark), {"table": "churn_prediction"})

    assert read(lake, "SELECT user_id FROM churn_prediction") == []
