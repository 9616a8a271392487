"""Ctrl-C in a terminal while Spark works and services run: what is said, and what is left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

BUNDLE = """
bundle: {name: lake}
targets: {local: }
resources:
  jobs:
    nightly:
      tasks:
        - {task_key: work, python_wheel_task: {package_name: reclake, entry_point: work, named_parameters: {}}}
        - {task_key: next, python_wheel_task: {package_name: reclake, entry_point: next, named_parameters: {}}}
"""
PROGRAM = """
import time
from lakehouse.jobs import execution
from lakehouse.services import mongodb_uri
from lakehouse.task import Task

def for_ever(batches):
    open("working", "w").close()
    time.sleep(1_000)
    yield from batches

def work(lake):
    mongodb_uri(lake.settings)
    lake.spark.range(4, numPartitions=1).mapInArrow(for_ever, "id long").collect()

execution.load_task = lambda name: Task(work)
from reclake.app import main
main()
"""


def test_ctrl_c_while_spark_works_ends_the_job_and_everything_that_it_has_started(tmp_path):
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "RECLAKE_HOME": str(tmp_path / "home"),
        "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1",
    }
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "run", "nightly"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as command:
        eventually(lambda: (tmp_path / "working").exists() or command.poll() is not None)
        started = of_home(tmp_path)
        os.killpg(command.pid, signal.SIGINT)
        output, _ = command.communicate(timeout=60)

    assert (command.returncode, output.split(":")[0].strip()) == (130, "nightly"), output
    assert "interrupted in the task work. 0 tasks are done, and stay so: run it again to go on from there." in output
    assert {"java", "secantusd-py"} <= {name for name, _ in started}, started
    assert eventually(lambda: not of_home(tmp_path))
    assert list((tmp_path / "home" / "tmp").iterdir()) == []


def of_home(folder):
    """The processes that were started under this home, by name and number."""
    found = []
    for process in psutil.process_iter(["name", "pid"]):
        try:
            if process.environ().get("RECLAKE_HOME") == str(folder / "home"):
                found.append((process.info["name"], process.info["pid"]))
        except psutil.Error:
            continue
    return found


def eventually(condition):
    return Retrying(retry=retry_if_result(lambda met: not met), wait=wait_fixed(0.05), stop=stop_after_delay(90))(
        condition
    )
