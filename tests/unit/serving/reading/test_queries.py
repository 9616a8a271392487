"""What the pages ask, on tables that are written without Spark."""

import datetime as dt

import pytest

from lakehouse import tables
from lakehouse.errors import NothingToServeError, ServiceError, SettingsError
from lakehouse.events import LISTENING_EVENTS
from lakehouse.settings import Settings
from serving.reading.delta_files import DeltaFiles
from serving.reading.queries import churn, listener, models, now, quality, shop
from serving.reading.stores import Stores
from tests.unit.serving.reading.lakehouse import HOSTILE, NEWEST, listening, million_events, write


@pytest.fixture
def stores(tmp_path):
    return Stores(
        Settings(reclake_home=tmp_path, mongodb_uri="mongodb://127.0.0.1:9", lakehouse_root=None, catalog=None)
    )


def test_events_are_counted_per_minute_and_quiet_minutes_count_nothing(stores, tmp_path):
    write(tmp_path, tables.user_events, listening(0, 1, 1.2, 3) + listening(1, event="skip"))

    figure = now.events_per_minute(stores, now.LISTENING, 15)

    counts = figure.rows.pivot(index="at", columns="type", values="per_minute")
    assert len(counts) == 15
    assert list(counts["like"].tail(4)) == [0, 1, 0, 2]
    assert list(counts["skip"].tail(2)) == [0, 1]
    assert figure.until == NEWEST


def test_a_long_window_is_shown_by_the_hour_and_still_per_minute(stores, tmp_path):
    write(tmp_path, tables.user_events, listening(*range(120)))

    rows = now.events_per_minute(stores, now.LISTENING, 1_440).rows

    assert len(rows) == 24 * len(LISTENING_EVENTS)
    assert rows[rows["type"] == "like"]["per_minute"].iloc[-1] == 1


def test_active_listeners_are_counted_once(stores, tmp_path):
    write(
        tmp_path, tables.user_events, listening(0, 1, 2) + listening(4, user_id="user-2") + listening(900, user_id="x")
    )

    assert now.active(stores, now.LISTENING, 15) == now.Active(users=2, events=4)


def test_rows_that_arrive_later_are_seen(stores, tmp_path):
    write(tmp_path, tables.user_events, listening(5))
    before = now.active(stores, now.LISTENING, 15)
    write(tmp_path, tables.user_events, listening(1, user_id="user-2"))

    assert (before.users, now.active(stores, now.LISTENING, 15).users) == (1, 2)


def test_a_table_that_was_made_anew_is_read_anew(stores, tmp_path):
    write(tmp_path, tables.user_events, listening(1, 2, 3))
    before = now.active(stores, now.LISTENING, 15)
    (tmp_path / "lakehouse").rename(tmp_path / "old")
    write(tmp_path, tables.user_events, listening(1))

    assert (before.events, now.active(stores, now.LISTENING, 15).events) == (3, 1)


def test_a_million_events_in_the_window_come_back_as_few_rows(stores, tmp_path):
    million_events(tmp_path)

    rows = now.events_per_minute(stores, now.LISTENING, 60).rows

    assert len(rows) == 60 * len(LISTENING_EVENTS)
    assert rows["per_minute"].sum() == pytest.approx(1_000_000, rel=0.02)


@pytest.mark.parametrize(
    "query",
    [
        now.quarantined,
        now.runs,
        quality.gates,
        quality.failures,
        quality.quarantine_over_time,
        lambda stores: now.events_per_minute(stores, now.SHOP, 60),
        lambda stores: quality.mix(stores, now.SHOP, 7),
        lambda stores: quality.drift(stores, now.SHOP, 7),
        lambda stores: shop.by_day(stores, 7),
        lambda stores: shop.lengths(stores, 7),
        lambda stores: shop.most_viewed(stores, 7),
        shop.most_active,
        churn.usual,
        models.evaluations,
        lambda stores: listener.by_text(stores, "user-1", 10),
    ],
)
def test_a_table_that_is_not_there_is_empty(stores, query):
    assert query(stores).rows.empty


def test_an_empty_lakehouse_has_no_freshness_and_no_progress(stores):
    assert now.freshness(stores).rows.empty
    assert now.progress(stores).rows.empty


def test_progress_says_how_far_behind_a_task_is(stores, tmp_path):
    write(tmp_path, tables.user_events, listening(1))
    stores.progress.commit("engagement", {str(tables.user_events): 0, "newest window, seconds": 7})
    write(tmp_path, tables.user_events, listening(2))

    rows = now.progress(stores).rows

    assert rows[["task", "version", "newest", "behind"]].to_numpy().tolist() == [["engagement", 0, 1, 1]]


def ran(run_id, minutes_ago, task="a", state="SUCCESS", error=None, attempts=1):
    """A row of a run that has one failed task at most."""
    started_at = NEWEST - dt.timedelta(minutes=minutes_ago)
    of_run = {"run_id": run_id, "job": "nightly", "job_started_at": started_at, "job_seconds": 9.0, "job_state": state}
    return of_run | {"task": task, "attempts": attempts, "started_at": started_at, "error": error}


def test_the_newest_runs_come_first_and_say_what_failed_and_why(stores, tmp_path):
    failing = [ran("2", 1, state="FAILED"), ran("2", 1, "b", "FAILED", "No."), ran("2", 1, "c", "FAILED", "Nor this.")]
    write(tmp_path, tables.runs, [ran("1", 5), *failing, ran("2", 1, "d", "FAILED", attempts=0)])

    rows = now.runs(stores).rows

    assert list(rows["state"]) == ["FAILED", "SUCCESS"]
    assert rows[["tasks", "failed", "why"]].to_numpy().tolist() == [[3, "b; c", "No.; Nor this."], [1, None, None]]


def test_of_many_runs_the_newest_are_read(stores, tmp_path):
    write(tmp_path, tables.runs, [ran(str(ago), ago, task) for ago in range(now.MOST_RUNS + 9) for task in "ab"])

    rows = now.runs(stores).rows

    assert len(rows) == now.MOST_RUNS
    assert rows["started_at"].iloc[0] == NEWEST


def test_in_a_workspace_the_workspace_knows_what_ran():
    workspace = Stores(Settings(catalog="main", dashboard_warehouse="1"))

    with pytest.raises(NothingToServeError, match="page Jobs"):
        now.runs(workspace)


@pytest.mark.parametrize("user_id", ["' OR 1=1 --", "user-1'; DROP TABLE x; --", "\x00", "🎧" * 500, "$where"])
def test_a_hostile_user_id_finds_nothing(stores, tmp_path, user_id):
    write(tmp_path, tables.user_events, listening(1))
    write(tmp_path, tables.episodes, [{"episode_id": "ep-1", "title": "One"}])

    assert listener.history(stores, user_id).rows.empty


def test_history_has_titles_however_hostile_and_the_newest_first(stores, tmp_path):
    write(tmp_path, tables.user_events, listening(9, 1))
    write(tmp_path, tables.episodes, [{"episode_id": "ep-1", "title": HOSTILE}])

    rows = listener.history(stores, "user-1").rows

    assert list(rows["title"]) == [HOSTILE, HOSTILE]
    assert rows["ts"].is_monotonic_decreasing


def test_text_alone_recommends_what_is_near_to_what_is_liked_and_unheard(stores, tmp_path):
    day = {"user_id": "u", "day": NEWEST.date(), "num_events": 1}
    write(
        tmp_path,
        tables.daily_engagement,
        [day | {"new_episode_id": "liked", "engagement": 2}, day | {"new_episode_id": "bad", "engagement": -1}],
    )
    pairs = [("liked", "near", 0.9), ("liked", "bad", 0.8), ("bad", "worse", 0.99), ("liked", "far", 0.1)]
    write(
        tmp_path,
        tables.text_similarities,
        [{"episode_id": a, "similar_episode_id": b, "similarity": s, "rank": 1} for a, b, s in pairs],
    )
    write(tmp_path, tables.episodes, [{"episode_id": "near", "title": "Near"}])

    rows = listener.by_text(stores, "u", 10).rows

    assert list(zip(rows["rank"], rows["title"], strict=True)) == [(1, "Near"), (2, "far")]


def test_samples_of_quarantine_show_what_came_and_hide_nothing(stores, tmp_path):
    row = {"source": "bronze.user_events", "position": "0", "reason": "not_json", "quarantined_at": NEWEST}
    write(tmp_path, tables.quarantine, [row | {"value": b"<b>\x00\xff\xe2\x80\xae"}])

    (value,) = quality.samples(stores, "bronze.user_events", "not_json", 5).rows["value"]

    assert value == "<b>\\x00\\xff\\u202e"


def test_a_gate_is_closed_by_a_critical_failure_only(stores, tmp_path):
    def checked(table, severity, passed):
        return {
            "run_id": table,
            "table_name": table,
            "expectation": severity,
            "severity": severity,
            "passed": passed,
        } | {"checked_at": NEWEST}

    rows = [checked("a", "critical", True), checked("b", "warning", False), checked("c", "critical", False)]
    write(tmp_path, tables.quality_results, rows)

    found = quality.gates(stores).rows.set_index("table_name")["result"]

    assert dict(found) == {"a": "passed", "b": "warning", "c": "closed"}


def drifted(days_ago, stream="shop", feature="type"):
    day = NEWEST.date() - dt.timedelta(days=days_ago)
    return {"stream": stream, "feature": feature, "day": day, "psi": 0.3, "level": "major", "num_events": 5}


def test_drift_is_of_the_newest_days_of_its_own_stream(stores, tmp_path):
    write(tmp_path, tables.drift, [drifted(0, "listening"), *(drifted(ago) for ago in (40, 30, 12, 3))])

    rows = quality.drift(stores, now.SHOP, 28).rows

    assert list(rows["day"].dt.date) == [drifted(ago)["day"] for ago in (30, 12, 3)]
    assert set(rows["level"]) == {"major"}


def test_a_store_that_is_away_is_asked_once_in_a_while(stores):
    asked = []

    def work(database):
        asked.append(database.name)
        return database.command("ping")

    for _ in range(3):
        with pytest.raises(ServiceError, match="does not answer"):
            stores.documents.ask(work)
    assert len(asked) == 1


def test_a_lakehouse_in_object_storage_needs_a_warehouse(tmp_path):
    with pytest.raises(SettingsError, match="DASHBOARD_WAREHOUSE"):
        DeltaFiles(Settings(reclake_home=tmp_path, lakehouse_root="s3a://bucket/lakehouse"))


def test_times_say_that_they_are_utc(stores, tmp_path):
    write(tmp_path, tables.user_events, listening(0))

    assert listener.history(stores, "user-1").rows["ts"].iloc[0] == NEWEST
    assert now.newest_event(stores, now.LISTENING).tzinfo == dt.UTC
