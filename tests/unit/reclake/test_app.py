"""The command line as a process: what Ctrl-C in a terminal makes of it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[3])
BUNDLE = """
bundle: {name: lake}
targets: {local: }
resources:
  jobs:
    nightly:
      tasks:
        - {task_key: quick, python_wheel_task: {package_name: reclake, entry_point: quick, named_parameters: {}}}
        - task_key: slow
          depends_on: [{task_key: quick}]
          python_wheel_task: {package_name: reclake, entry_point: slow, named_parameters: {}}
        - task_key: next
          python_wheel_task: {package_name: reclake, entry_point: next, named_parameters: {}}
"""
PROGRAM = """
import time
from lakehouse import spark
from lakehouse.jobs import execution
from lakehouse.task import Task

def quick(lake): pass
def slow(lake):
    print("working", flush=True)
    try:
        time.sleep(100)
    except KeyboardInterrupt:
        raise RuntimeError("Py4J has another word for it") from None

def next(lake):
    print("the next task", flush=True)

tasks = {"quick": quick, "slow": slow, "next": next}
execution.load_task = lambda name: Task(tasks[name])
# These tasks need no Spark.
spark.require_startable = lambda settings: None
from reclake import app

def alone():
    slow(None)

app.app.command("slow")(alone)
app.main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_job_that_is_interrupted_says_how_far_it_came_and_begins_no_other_task(tmp_path, number, code):
    (tmp_path / "databricks.yml").write_text(BUNDLE)

    output, errors, ended = interrupted(["run", "nightly"], tmp_path, number)

    assert ended == code
    assert "nightly: interrupted in the task slow. 1 task is done, and stays so: run it again to go on from there." in (
        output.splitlines()
    )
    assert "SUCCESS" in output
    assert not {"FAILED", "RuntimeError", "next"} & set(output.split())
    assert errors == ""


def test_any_command_that_is_interrupted_says_so_in_a_sentence(tmp_path):
    output, errors, ended = interrupted(["slow"], tmp_path, signal.SIGINT)

    assert (ended, output) == (130, "")
    assert errors == (
        "Interrupted. What was written stays, and counts once: run the same command again to go on from there.\n"
    )


def test_a_java_that_spark_does_not_run_on_is_said_once_and_before_any_task(tmp_path):
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"25.0.1\"' >&2\n")
    java.chmod(0o755)

    done = subprocess.run(
        [sys.executable, "-m", "reclake", "run", "nightly"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ROOT, "JAVA_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: Spark and Kafka need Java 17 to 23, found Java 25 at {java}. "
        "Install Java 17, or set JAVA_HOME to where it is.\n"
    )


def interrupted(arguments, folder, number):
    """Run the program with these arguments, and interrupt it and all that it has started once it works."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ROOT},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as program:
        output = ""
        while not output.endswith("working\n"):
            output += program.stdout.readline()
        os.killpg(program.pid, number)
        rest, errors = program.communicate(timeout=60)
    return output.removesuffix("working\n") + rest, errors, program.returncode
