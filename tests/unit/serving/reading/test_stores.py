"""Stores that a target of Databricks does without: what is served is read from tables, and of the rest that is said."""

from __future__ import annotations

import datetime as dt

import pytest

from lakehouse import tables
from lakehouse.errors import NothingToServeError, SettingsError
from lakehouse.recommendations import ANYONE
from lakehouse.settings import Settings
from serving.reading.queries import churn, listener, shop
from serving.reading.stores import Stores
from tests.unit.serving.reading.lakehouse import HOSTILE, write

AT = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
STAMPS = {"model_version": "3", "generated_at": AT}


@pytest.fixture(autouse=True)
def on_databricks(monkeypatch):
    monkeypatch.setenv("DATABRICKS_APP_NAME", "reclake-dashboard-free")


@pytest.fixture
def stores(tmp_path):
    return Stores(Settings(reclake_home=tmp_path))


@pytest.fixture
def listening(tmp_path):
    """Episodes that are recommended to a listener and to anyone."""

    def recommended(user, episode, rank, reason, because=None):
        sources = {"als": 0.5, "text": 0.25, "popularity": 0.0}
        row = {"user_id": user, "recommended_episode_id": episode, "rank": rank, "score": 1.0 / rank, "reason": reason}
        return {**row, "because_episode_id": because, "sources": sources, "title": None, **STAMPS}

    write(
        tmp_path,
        tables.final_recommendations,
        [
            recommended("user-1", "ep-2", 2, "popular"),
            recommended("user-1", "ep-1", 1, "liked", "ep-9"),
            recommended(ANYONE, "ep-3", 1, "popular"),
            recommended(f"{ANYONE}:en", "ep-4", 1, "popular"),
        ],
    )
    write(tmp_path, tables.episodes, [{"episode_id": "ep-9", "title": HOSTILE}])
    als = {"user_id": "user-1", "new_episode_id": "ep-9", "als_score": 0.5, "rank": 1, "reason": "liked", **STAMPS}
    write(tmp_path, tables.als_top_n, [als])
    alike = {"new_episode_id": "ep-9", "similar_episode_id": "ep-1", "similarity": 0.9, "rank": 1, **STAMPS}
    write(tmp_path, tables.als_item_item, [alike])


@pytest.fixture
def sessions(tmp_path):
    """Products that are recommended to two sessions and to anyone."""

    def recommended(session, item, ended):
        row = {"session_id": session, "item_id": item, "score": 1.0, "rank": 1, "reason": "session"}
        return {**row, "because_item_id": "item-0", "session_ended_at": ended, **STAMPS}

    hour = dt.timedelta(hours=1)
    rows = [recommended("old", "item-1", AT - hour), recommended("new", "item-2", AT), recommended(ANYONE, "i", None)]
    write(tmp_path, tables.session_recommendations, rows)


def test_a_listener_gets_what_the_tables_say_with_its_reasons(stores, listening):
    figure = listener.recommended(stores, "user-1", 5)

    assert figure.rows[["rank", "title", "because", "als", "text", "user_id"]].to_dict("records") == [
        {"rank": 1, "title": "ep-1", "because": f"listeners of {HOSTILE} like it", "als": 0.5, "text": 0.25}
        | {"user_id": "user-1"},
        {"rank": 2, "title": "ep-2", "because": "it is popular now", "als": 0.5, "text": 0.25, "user_id": "user-1"},
    ]
    assert figure.written_at == AT
    assert listener.find_users(stores) == ["user-1"]


def test_who_is_not_known_gets_what_anyone_gets(stores, listening, sessions):
    assert listener.recommended(stores, "' OR 1=1 --", 5).rows["user_id"].tolist() == [ANYONE]
    assert shop.recommended(stores, "unknown", 5).rows["session_id"].tolist() == [ANYONE]


def test_each_source_alone_is_read_from_its_table(stores, listening):
    by_listening = listener.by_listening(stores, "user-1", 5).rows
    similar = listener.similar(stores, "ep-9", 5).rows

    assert by_listening[["title", "score"]].to_numpy().tolist() == [[HOSTILE, 0.5]]
    assert similar[["by", "episode_id", "similarity"]].to_numpy().tolist() == [["listening", "ep-1", 0.9]]


def test_sessions_are_the_latest_and_get_their_products(stores, sessions):
    assert shop.find_sessions(stores) == ["new", "old"]
    assert shop.recommended(stores, "old", 5).rows[["item_id", "because"]].to_numpy().tolist() == [
        ["item-1", "goes with item-0"]
    ]


def test_before_any_run_there_is_nothing_and_that_is_said(stores):
    assert listener.find_users(stores) == shop.find_sessions(stores) == []
    with pytest.raises(NothingToServeError, match="run the job `listening`"):
        listener.recommended(stores, "user-1", 5)
    with pytest.raises(NothingToServeError, match="run the job `shop`"):
        shop.recommended(stores, "s", 5)


def test_a_page_says_that_there_is_no_postgresql(stores):
    with pytest.raises(
        NothingToServeError, match=r"^There is no PostgreSQL here: neither DATABASE_URL nor SECRET_SCOPE"
    ):
        churn.funnel(stores, 60)


def test_a_secret_that_is_missing_from_the_scope_is_a_mistake_and_told_as_one(tmp_path):
    settings = Settings(reclake_home=tmp_path).model_copy(update={"secret_scope": "reclake-prod"})

    with pytest.raises(SettingsError, match="MONGODB_URI is not set"):
        listener.by_listening(Stores(settings), "u1", 3)
