"""The command `demo`: what it refuses before it starts anything. (The README's first command is the rest of it.)"""

import shlex

import pytest
from typer.testing import CliRunner

from lakehouse import services
from lakehouse.settings import Settings
from reclake import demo
from reclake.app import app
from reclake.demo import next_steps


@pytest.mark.parametrize("arguments", [("--events", "0"), ("--users", "0"), ("--seed", "-1"), ("--input",)])
def test_options_out_of_range_are_refused(arguments):
    result = CliRunner().invoke(app, ["demo", *arguments])

    assert result.exit_code == 2
    assert arguments[0] in result.output


@pytest.mark.parametrize(("churn", "is_served"), [(None, False), ("", True), ("Too few shoppers.", False)])
def test_what_to_open_next_are_commands_that_there_are_and_the_churn_api_once_there_is_a_model(
    tmp_path, churn, is_served
):
    steps = {
        what: how
        for what, how, _ in next_steps(Settings(reclake_home=tmp_path / "a home", mlflow_tracking_uri=None), churn)
    }

    for how in (how for line in steps.values() for how in line.split(", ") if how.startswith("uv run reclake ")):
        command = [word for word in shlex.split(how)[3:] if not word.isupper()]
        assert CliRunner().invoke(app, [*command, "--help"]).exit_code == 0
    assert ("Churn API" in steps) is is_served
    assert shlex.split(steps["MLflow"])[-1].endswith("a home/mlflow.db")


def test_without_a_broker_listeners_and_shoppers_are_simulated_into_files(tmp_path):
    settings = Settings(reclake_home=tmp_path, events_source="files", kafka_bootstrap_servers=None)

    demo._listen(settings, seed=1, events=200, users=20)
    demo._go_shopping(settings, seed=1, events=240, users=20)

    topics = {
        path.name: sum(1 for file in path.iterdir() for _ in file.open("rb")) for path in settings.landing.iterdir()
    }
    assert topics.keys() == {"user-events", "episode-metadata", "clickstream"}
    assert topics["user-events"] >= 200
    assert topics["clickstream"] >= 240
    assert {one.name: one.state for one in services.status(settings)}["kafka"] == "stopped"
