"""Stores that a target of Databricks does without: the page says so, and asks nobody."""

from __future__ import annotations

import pytest

from lakehouse.errors import NothingToServeError, SettingsError
from lakehouse.settings import Settings
from serving.reading.queries import churn, listener
from serving.reading.stores import Stores


@pytest.fixture(autouse=True)
def on_databricks(monkeypatch):
    monkeypatch.setenv("DATABRICKS_APP_NAME", "reclake-dashboard-free")


def test_a_page_says_that_there_is_no_document_store():
    with pytest.raises(NothingToServeError, match=r"no document store here: .* The tables have it all the same\."):
        listener.by_listening(Stores(Settings()), "u1", 3)


def test_a_page_says_that_there_is_no_postgresql():
    with pytest.raises(NothingToServeError, match=r"no PostgreSQL here: .* The tables have it all the same\."):
        churn.funnel(Stores(Settings()), 60)


def test_a_secret_that_is_missing_from_the_scope_is_a_mistake_and_told_as_one():
    settings = Settings().model_copy(update={"secret_scope": "reclake-prod"})

    with pytest.raises(SettingsError, match="MONGODB_URI is not set"):
        listener.by_listening(Stores(settings), "u1", 3)
