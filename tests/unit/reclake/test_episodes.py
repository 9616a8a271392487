"""The command `fetch-episodes`: what it refuses before anything starts, and how."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from lakehouse.errors import SettingsError
from lakehouse.lake import Lakehouse
from lakehouse.settings import Settings
from lakehouse.task import load_task
from reclake.episodes import register

app = typer.Typer()
register(app)


def run(monkeypatch, tmp_path, *arguments: str, **environment: str):
    # No `.env` of whoever runs the tests.
    monkeypatch.chdir(tmp_path)
    return CliRunner().invoke(app, arguments, env={"RECLAKE_HOME": str(tmp_path), **environment})


@pytest.mark.parametrize("arguments", [("--max-feeds", "0"), ("--max-feeds", "1001"), ("--seed", "-1"), ("--run", "x")])
def test_options_out_of_range_are_refused(monkeypatch, tmp_path, arguments):
    result = run(monkeypatch, tmp_path, *arguments)

    assert result.exit_code == 2
    assert arguments[0] in result.output


def test_without_a_key_the_demo_is_offered(monkeypatch, tmp_path):
    result = run(monkeypatch, tmp_path, PODCAST_INDEX_KEY="", PODCAST_INDEX_SECRET="")

    assert isinstance(result.exception, SettingsError)
    assert "--demo" in str(result.exception)


def test_a_language_that_is_none_is_refused(monkeypatch, tmp_path):
    result = run(monkeypatch, tmp_path, "--demo", "--language", "english")

    assert isinstance(result.exception, SettingsError)
    assert "'english' is no language" in str(result.exception)


def test_an_address_that_is_none_is_refused(monkeypatch, tmp_path):
    result = run(monkeypatch, tmp_path, PODCAST_INDEX_URL="ftp://example.com")

    assert isinstance(result.exception, SettingsError)
    assert "PODCAST_INDEX_URL" in str(result.exception)


def test_the_task_needs_a_key_and_no_spark(tmp_path):
    settings = Settings(reclake_home=tmp_path, podcast_index_key=None, podcast_index_secret=None)

    with pytest.raises(SettingsError, match="PODCAST_INDEX_KEY"):
        load_task("fetch_episodes").run(Lakehouse(settings), {})
