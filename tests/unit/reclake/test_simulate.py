"""The commands `simulate` and `replay`: what they refuse, and how."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from lakehouse.errors import InputFileError, TaskParameterError
from reclake import replay, simulate

app = typer.Typer()
simulate.register(app)
replay.register(app)


def run(*arguments: str):
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--events", "0"),
        ("--events", "many"),
        ("--users", "-1"),
        ("--weeks", "0"),
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


@pytest.mark.parametrize(
    "option", ["--weeks", "--items", "--views", "--clicks", "--carts", "--purchases", "--malformed"]
)
def test_options_of_the_clickstream_out_of_range_are_refused(option):
    result = run("simulate", "clickstream", option, "-1")

    assert result.exit_code == 2
    assert option in result.output


def test_a_clickstream_of_no_kind_of_event_is_refused_before_anything_starts():
    result = run("simulate", "clickstream", "--views", "0", "--carts", "0", "--purchases", "0")

    assert isinstance(result.exception, TaskParameterError)
    assert "not all are 0" in str(result.exception)


def test_options_before_the_command_are_refused_because_they_would_not_count():
    result = run("simulate", "--events", "5", "listening")

    assert isinstance(result.exception, TaskParameterError)
    assert "reclake simulate listening --events" in str(result.exception)


@pytest.mark.parametrize("entry", ["user_id", "=x", "user_id="])
def test_a_mapping_that_is_none_is_refused(tmp_path, entry):
    result = run("replay", str(tmp_path), "--map", entry)

    assert isinstance(result.exception, TaskParameterError)
    assert "field=column" in str(result.exception)


def test_a_folder_without_records_is_refused_before_anything_starts(tmp_path):
    (tmp_path / "README.md").write_text("nothing here")

    result = run("replay", str(tmp_path))

    assert isinstance(result.exception, InputFileError)
    assert "has no file of records" in str(result.exception)


@pytest.mark.parametrize(("there", "missing"), [("ratings.csv", "movies.csv"), ("movies.csv", "ratings.csv")])
def test_half_a_movielens_folder_is_refused_before_anything_starts(tmp_path, there, missing):
    (tmp_path / there).write_text("x")

    result = run("replay", str(tmp_path))

    assert isinstance(result.exception, InputFileError)
    assert f"has {there} and no {missing}" in str(result.exception)


@pytest.mark.parametrize("arguments", [(), ("clicks.csv", "--sample")])
def test_a_replay_is_of_a_path_or_of_the_sample(arguments):
    result = run("replay", *arguments)

    assert isinstance(result.exception, TaskParameterError)
    assert "either the PATH" in str(result.exception)


def test_simulated_and_replayed_records_go_into_files_without_a_broker(tmp_path, monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    folder = str(tmp_path / "landing")

    simulated = run("simulate", "--events", "100", "--malformed", "0", "--to", folder)
    shopped = run("simulate", "clickstream", "--events", "100", "--malformed", "0", "--to", folder)
    replayed = run("replay", "--sample", "--to", folder)

    assert [result.exit_code for result in (simulated, shopped, replayed)] == [0, 0, 0]
    assert "records/s, to episode-metadata, user-events" in simulated.output
    written = {file: file.read_text().count("\n") for file in tmp_path.rglob("*.jsonl")}
    assert sorted((file.parent.name, number) for file, number in written.items()) == [
        ("clickstream", 102),
        ("clickstream", 200),
        ("episode-metadata", 500),
        ("user-events", 102),
    ]


def test_a_replay_into_files_of_a_topic_that_nobody_reads_is_refused(tmp_path):
    ratings = tmp_path / "ratings.csv"
    ratings.write_text("userId,movieId,rating,timestamp\n1,2,4.0,964982703\n")

    result = run("replay", str(ratings), "--topic", "mine", "--to", str(tmp_path / "landing"))

    assert isinstance(result.exception, TaskParameterError)
    assert "Nobody reads landing files of the topic 'mine'" in str(result.exception)
