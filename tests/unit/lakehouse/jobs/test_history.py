"""The history of runs: what is written of a run, and that writing it changes nothing about the run."""

import datetime as dt
import logging

from chispa import assert_df_equality
from pydantic import SecretStr

from lakehouse import tables
from lakehouse.errors import QualityGateError, ServiceError
from lakehouse.jobs.failures import explain
from lakehouse.jobs.history import record
from lakehouse.jobs.result import JobRun, State, TaskResult
from lakehouse.lake import Lakehouse
from lakehouse.settings import Settings

STARTED = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
SECRET = "mongodb://anna:hunter2@db"
CLOSED = QualityGateError(f"The gate is closed:\n  3 rows of {SECRET} are wrong.")


def run_of(*tasks, state=State.FAILED):
    return JobRun("nightly", "run-1", state, tasks, STARTED, 7.5)


def test_each_task_of_a_run_is_a_row_with_the_sentence_that_says_why(lake):
    lake = lake.with_settings(lake.settings.model_copy(update={"mongodb_uri": SecretStr(SECRET)}))
    run = run_of(
        TaskResult("silver / a", State.SUCCESS, 1, STARTED, 1.5),
        TaskResult("silver / b", State.FAILED, 2, STARTED, 6.0, CLOSED),
        TaskResult("gold", State.UPSTREAM_FAILED),
    )

    record(lake, run)
    record(lake, run)

    of_run = "nightly", "FAILED", STARTED, 7.5
    expected = lake.spark.createDataFrame(
        [
            ("run-1", "silver / a", *of_run, "SUCCESS", 1, STARTED, 1.5, None),
            ("run-1", "silver / b", *of_run, "FAILED", 2, STARTED, 6.0, "The gate is closed: 3 rows of *** are wrong."),
            ("run-1", "gold", *of_run, "UPSTREAM_FAILED", 0, None, 0.0, None),
        ],
        tables.runs.schema,
    )
    assert_df_equality(
        lake.read(tables.runs), expected, ignore_row_order=True, ignore_nullable=True, ignore_metadata=True
    )


class Away(Lakehouse):
    """A lakehouse that cannot be written."""

    @property
    def spark(self):
        raise ServiceError(f"Spark did not start with {SECRET}.\n  at line 1")


def test_a_run_that_cannot_be_recorded_is_a_line_of_the_log(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        record(Away(Settings(reclake_home=tmp_path, mongodb_uri=SECRET)), run_of(TaskResult("a", State.SUCCESS)))

    (message,) = caplog.messages
    assert "The run run-1 of nightly is not in ops.runs: " in message
    assert "Spark did not start with ***." in message
    assert "\n" not in message


def test_secrets_of_a_file_system_are_hidden_as_well(tmp_path):
    settings = Settings(reclake_home=tmp_path, hadoop_options={"fs.s3a.secret.key": "hunter3"})
    run = run_of(TaskResult("a", State.FAILED, 1, STARTED, 1.0, ValueError("hunter3 was refused")))

    assert explain(run, run.tasks[0], settings).startswith("ValueError: *** was refused (traceback in ")
