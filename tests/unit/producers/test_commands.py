"""The commands `simulate` and `replay`: what they refuse, and how."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from reclake.cli.produce import register
from reclake.errors import InputFileError, TaskParameterError

app = typer.Typer()
register(app)


def run(*arguments: str):
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--events", "0"),
        ("--events", "many"),
        ("--users", "-1"),
        ("--late", "1.5"),
        ("--rate", "0"),
        ("--seed", "-1"),
        ("--nonsense",),
    ],
)
@pytest.mark.parametrize("command", [("simulate",), ("simulate", "listening")])
def test_options_out_of_range_are_refused_before_anything_starts(command, arguments):
    result = run(*command, *arguments)

    assert result.exit_code == 2
    assert arguments[0] in result.output


def test_options_before_the_command_are_refused_because_they_would_not_count():
    result = run("simulate", "--events", "5", "listening")

    assert isinstance(result.exception, TaskParameterError)
    assert "reclake simulate listening --events" in str(result.exception)


@pytest.mark.parametrize("entry", ["user_id", "=x", "user_id="])
def test_a_mapping_that_is_none_is_refused(tmp_path, entry):
    result = run("replay", str(tmp_path), "--map", entry)

    assert isinstance(result.exception, TaskParameterError)
    assert "field=column" in str(result.exception)


def test_a_folder_without_ratings_is_refused_before_anything_starts(tmp_path):
    result = run("replay", str(tmp_path))

    assert isinstance(result.exception, InputFileError)
    assert "has no ratings.csv and no movies.csv" in str(result.exception)
