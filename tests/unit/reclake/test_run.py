"""`reclake run`: what is on the screen, in the log and in the exit code."""

import io

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from lakehouse.errors import JobDefinitionError, QualityGateError, TaskParameterError
from lakehouse.jobs import execution, history
from lakehouse.lake import Lakehouse
from lakehouse.settings import Settings, load_settings
from lakehouse.task import Task
from reclake import run as command

BUNDLE = """
bundle: {name: lake}
targets: {local: }
resources:
  jobs:
    nightly:
      description: Everything.
      parameters: [{name: top_n, default: ""}]
      tasks:
        - task_key: first
          python_wheel_task: {package_name: reclake, entry_point: first, named_parameters: {}}
        - task_key: second
          depends_on: [{task_key: first}]
          python_wheel_task: {package_name: reclake, entry_point: second, named_parameters: {layer: gold}}
"""


class Lake:
    """Stands for the lakehouse: keeps the settings and what tasks noted."""

    def __init__(self, settings, noted=None):
        self.settings, self.noted = settings, [] if noted is None else noted

    def with_settings(self, settings):
        return Lake(settings, self.noted)


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tasks(monkeypatch):
    """Entry points by name; every test fills in its own functions."""

    def second(lake: Lake, layer: str) -> None: ...

    functions = {"first": lambda lake: None, "second": second}
    monkeypatch.setattr(execution, "load_task", lambda name: Task(functions[name]))
    return functions


@pytest.fixture(autouse=True)
def recorded(monkeypatch):
    """Runs that were to be recorded; how, is tested without the command."""
    runs = []
    monkeypatch.setattr(history, "record", lambda lake, run: runs.append(run))
    return runs


@pytest.fixture(autouse=True)
def java(monkeypatch):
    """Tasks of these tests need no Spark, and so no Java."""
    monkeypatch.setattr("lakehouse.spark.require_startable", lambda settings: None)


@pytest.fixture
def shown(bundle, tasks):
    """Run `nightly` and return the run and what was printed."""

    def show(settings=None, parameters=None):
        console = Console(file=io.StringIO(), width=200)
        run = command.run_with_progress(Lakehouse(settings or load_settings()), "nightly", parameters or {}, console)
        return run, console.file.getvalue()

    return show


def test_the_table_says_how_each_task_went(shown):
    run, text = shown()

    assert not run.failed
    assert "nightly: SUCCESS in" in text
    assert [line.split("│")[1].strip() for line in text.splitlines() if line.startswith("│")] == ["first", "second"]


def test_a_run_is_recorded_once_whatever_came_of_it(shown, tasks, recorded):
    sound, _ = shown()
    tasks["first"] = lambda lake: 1 / 0
    failed, _ = shown()

    assert recorded == [sound, failed]
    assert failed.failed


def test_an_error_of_ours_is_its_sentence(shown, tasks, bundle):
    def first(lake: Lake) -> None:
        raise QualityGateError("3 [bold] rows are wrong.")

    tasks["first"] = first

    _, text = shown()

    assert "first: 3 [bold] rows are wrong.\n" in text
    assert not (bundle / ".reclake" / "logs").exists()


def test_another_error_is_a_line_and_a_log_without_secrets(shown, tasks, tmp_path):
    def first(lake: Lake) -> None:
        raise ValueError("cannot reach mongodb://anna:hunter2@db\nand more")

    tasks["first"] = first

    _, text = shown(Settings(reclake_home=tmp_path / "home", mongodb_uri="mongodb://anna:hunter2@db"))

    (log,) = (tmp_path / "home" / "logs").iterdir()
    assert f"first: ValueError: cannot reach *** (traceback in {log})" in text
    assert "Traceback (most recent call last)" in log.read_text()
    assert "and more" in log.read_text()
    assert "hunter2" not in text + log.read_text()


def test_parameters_go_over_settings_and_options_to_the_task(tasks):
    lake = Lake(Settings(top_n=5))

    def second(lake: Lake, layer: str) -> None:
        lake.noted.append((lake.settings.top_n, lake.settings.similar_n, layer))

    tasks["second"] = second

    execution.on_lake(lake)("second", {"top_n": "", "similar_n": "3", "layer": "gold"})

    assert lake.noted == [(5, 3, "gold")]


def test_a_task_goes_on_without_a_parameter_that_it_does_not_know(tasks, caplog):
    lake = Lake(Settings())

    def second(lake: Lake, layer: str) -> None:
        lake.noted.append(layer)

    tasks["second"] = second

    execution.on_lake(lake)("second", {"layer": "gold", "from_another_version": "1"})

    assert lake.noted == ["gold"]
    assert caplog.messages == ["Task second knows no parameter from_another_version and goes on without."]


def test_a_task_says_what_it_needs(tasks):
    with pytest.raises(TaskParameterError, match=r"Task second needs \['layer'\]; it takes \['layer'\] and the"):
        execution.on_lake(Lake(Settings()))("second", {"lawyer": "gold"})


def test_an_unknown_job_is_told_with_those_that_there_are(bundle):
    with pytest.raises(JobDefinitionError, match=r"(?s)no job 'daily'.*nightly: Everything\."):
        command.run_with_progress(load_settings(), "daily", {}, Console())


@pytest.fixture
def cli():
    app = typer.Typer()
    app.callback()(lambda: None)
    command.register(app)
    return lambda *arguments: CliRunner().invoke(app, ["run", *arguments])


def test_the_exit_code_tells_success_from_failure(cli, bundle, tasks):
    assert cli("nightly", "--param", "top_n=3").exit_code == 0

    tasks["first"] = lambda lake: 1 / 0

    assert cli("nightly").exit_code == 1
    assert cli("nightly", "--only", "second").exit_code == 0


def test_a_parameter_without_a_value_is_a_mistake(cli, bundle):
    assert isinstance(cli("nightly", "--param", "top_n").exception, TaskParameterError)


def test_help_says_where_jobs_are_defined(cli):
    assert "resources/*.yml" in cli("--help").output
