"""The commands about models: what they show of an empty registry, and what they refuse."""

import pytest
from typer.testing import CliRunner

from lakehouse.errors import NothingToServeError
from reclake.app import app


@pytest.fixture
def run(tmp_path, monkeypatch):
    # No `.env` of whoever runs the tests.
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return lambda *arguments: CliRunner().invoke(app, arguments, env={"RECLAKE_HOME": str(tmp_path)})


def test_an_empty_registry_is_a_table_without_rows(run):
    result = run("models")

    assert result.exit_code == 0
    assert "Versions of" in result.output


def test_there_is_nothing_to_go_back_to_before_anything_served(run):
    result = run("models", "rollback")

    assert isinstance(result.exception, NothingToServeError)
    assert "no version to go back to" in str(result.exception)


@pytest.mark.parametrize(
    "arguments", [("tune", "--trials", "0"), ("tune", "--minutes", "0"), ("evaluate", "--split", "x")]
)
def test_options_out_of_range_are_refused(run, arguments):
    result = run(*arguments)

    assert result.exit_code == 2
    assert arguments[1] in result.output
