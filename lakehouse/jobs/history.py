"""The history of runs on a laptop: `ops.runs`, a row for each task of a run that ended.

The jobs of the bundle do not write it on Databricks. There each task is a process that sees no other, and the workspace
keeps the history itself, of runs that were cancelled or timed out as well: on its page Jobs, and in the table
`system.lakeflow.job_task_run_timeline`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lakehouse import tables
from lakehouse.jobs.failures import explain, first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lakehouse.jobs.result import JobRun
    from lakehouse.lake import Lakehouse
    from lakehouse.settings import Settings

log = logging.getLogger(__name__)


def record(lake: Lakehouse, run: JobRun) -> None:
    """Write how a run went; where that fails, say so in a line of the log, and let the run's own outcome stand."""
    from lakehouse.rows import few_rows

    try:
        rows = list(_rows(run, lake.settings))
        lake.append_new(tables.runs, few_rows(lake.spark, rows, tables.runs.schema))
    except Exception as error:
        why = first_line(error, lake.settings)
        log.warning("The run %s of %s is not in %s: %s", run.run_id, run.job, tables.runs, why)


def _rows(run: JobRun, settings: Settings) -> Iterator[tuple[Any, ...]]:
    of_run = run.job, run.state.value, run.started, run.seconds
    for task in run.tasks:
        # An error of ours may list what there is, a line each.
        error = " ".join(explain(run, task, settings).split()) or None
        of_task = task.state.value, task.attempts, task.started, task.seconds
        yield (run.run_id, task.name, *of_run, *of_task, error)
