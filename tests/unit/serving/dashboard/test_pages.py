"""What the pages say, without a browser: with data, without any, and with stores away."""

import subprocess
import sys

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lakehouse import tables
from serving.dashboard.panels import csv_of, plain
from serving.dashboard.server import APP
from tests.unit.serving.reading.lakehouse import HOSTILE, NEWEST, listening, write

PAGES = ["now", "listener", "sessions", "churn", "models", "quality"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home; MongoDB and PostgreSQL are at addresses where nobody listens."""
    monkeypatch.setenv("RECLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:9")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:nothing@127.0.0.1:9/none")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    st.cache_resource.clear()
    st.cache_data.clear()
    return tmp_path


def show(name, **url):
    def script(name):
        from importlib import import_module

        import_module(f"serving.dashboard.views.{name}").page()

    app = AppTest.from_function(script, kwargs={"name": name}, default_timeout=60)
    for key, value in url.items():
        app.query_params[key] = value
    return app.run()


def said(app):
    return " ".join(one.value for kind in (app.info, app.warning, app.markdown, app.caption) for one in kind)


@pytest.mark.parametrize("name", PAGES)
def test_without_data_and_with_stores_away_each_page_says_what_to_do(home, name):
    app = show(name)

    assert not app.exception
    assert app.title[0].value
    assert "`reclake" in said(app) or "did not answer" in said(app)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("listener", "There is no document store here: neither MONGODB_URI nor SECRET_SCOPE is set."),
        ("sessions", "What it would serve is read from tables."),
        ("churn", "There is no PostgreSQL here"),
    ],
)
def test_where_a_target_has_no_stores_the_pages_say_so(home, monkeypatch, name, sentence):
    monkeypatch.delenv("MONGODB_URI")
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("DATABRICKS_APP_NAME", "reclake-dashboard-free")

    app = show(name)

    assert not app.exception
    assert sentence in said(app)


def test_the_document_store_being_away_leaves_what_the_lakehouse_knows(home):
    write(home, tables.user_events, listening(1))
    write(home, tables.episodes, [{"episode_id": "ep-1", "title": HOSTILE}])

    app = show("listener", user="user-1")

    assert not app.exception
    assert any("document store" in one.value for one in app.warning)
    assert any(HOSTILE in frame.value.get("title", []).to_list() for frame in app.dataframe if "title" in frame.value)


def test_the_window_of_the_url_is_the_one_shown(home):
    write(home, tables.user_events, listening(1, 30, 600))

    active = {window: show("now", window=window).metric[0] for window in ("15 min", "1 day")}

    assert {window: one.delta for window, one in active.items()} == {"15 min": "1 events", "1 day": "3 events"}


def test_quality_shows_how_far_each_stream_has_drifted(home):
    days = [{"stream": "shop", "feature": "type", "day": NEWEST.date(), "psi": 0.3, "level": "major", "num_events": 5}]
    write(home, tables.drift, days)

    app = show("quality")

    assert not app.exception
    assert any(list(frame.value.get("level", [])) == ["major"] for frame in app.dataframe)
    assert "No day has been compared" in said(app)


def test_now_shows_the_runs_that_failed_with_the_sentence(home):
    row = {"run_id": "1", "job": "nightly", "job_state": "FAILED", "job_started_at": NEWEST, "job_seconds": 1.0}
    write(home, tables.runs, [row | {"task": "gold", "state": "FAILED", "attempts": 1, "error": HOSTILE}])

    app = show("now")

    assert not app.exception
    assert any(list(frame.value.get("why", [])) == [HOSTILE] for frame in app.dataframe)


@pytest.mark.parametrize(
    "user", ["<img src=x onerror=alert(1)>", "![x](https://evil.example/x.png)", "' OR 1=1 --", "*"]
)
def test_a_hostile_user_of_the_url_is_shown_as_text(home, user):
    app = show("listener", user=user)

    assert not app.exception
    assert all(user not in one.value for one in app.markdown if user != "*")


def test_a_refused_record_can_be_chosen_by_its_reason(home):
    row = {"source": "bronze.user_events", "quarantined_at": NEWEST, "position": "1"}
    write(
        home,
        tables.quarantine,
        [row | {"reason": "b", "value": b"one"}, row | {"reason": "a", "value": b"two", "position": "2"}],
    )

    app = show("quality", refused="bronze.user_events: b")

    assert any("value" in frame.value and list(frame.value["value"]) == ["one"] for frame in app.dataframe)


def test_what_if_says_when_the_churn_api_is_away(home, monkeypatch):
    monkeypatch.setenv("CHURN_API_URL", "http://127.0.0.1:9")
    app = show("churn")

    app.button[0].click().run()

    assert any("churn API" in one.value for one in app.warning)


def test_csv_has_no_formula_for_a_spreadsheet():
    import pandas as pd

    rows = pd.DataFrame({"title": ["=cmd|' /C calc'!A0", "plain", None], "score": [-1.0, 2.0, 3.0]})

    assert csv_of(rows).decode().splitlines()[1:] == ["'=cmd|' /C calc'!A0,-1.0", "plain,2.0", ",3.0"]


@pytest.mark.parametrize("text", ["<b>x</b>", "[a](b)", "$x$", ":material/bug:", "`c`", "**x**"])
def test_plain_text_is_escaped_for_markdown(text):
    shown = plain(text)

    assert shown.replace("\\", "").strip("\u2068\u2069") == text
    assert shown.count("\\") == sum(not one.isalnum() for one in text)


def test_pages_need_no_spark():
    # As on Databricks, where the app has none.
    views = ", ".join(f"serving.dashboard.views.{name}" for name in PAGES)
    code = f"import sys; sys.modules['pyspark'] = None; import {views}"

    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_settings_that_cannot_be_used_are_one_sentence_instead_of_a_page(monkeypatch):
    st.cache_resource.clear()
    monkeypatch.setenv("DASHBOARD_REFRESH_SECONDS", "never")

    app = AppTest.from_file(str(APP), default_timeout=60).run()

    assert not app.exception
    assert "DASHBOARD" in said(app)
    assert "cannot be used" in said(app)
