"""What a failed task tells: a sentence on the screen, and for an unforeseen error its traceback in a log file."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING

from pydantic import SecretStr

from lakehouse.errors import RecLakeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lakehouse.jobs.result import JobRun, TaskResult
    from lakehouse.settings import Settings


def explain(run: JobRun, task: TaskResult, settings: Settings) -> str:
    """Say why a task of a run failed; nothing if it did not.

    An error of ours is its own sentence. Of any other, the first line is given and the traceback goes to
    `<home>/logs/`. Secrets of the settings are in neither.
    """
    if task.error is None:
        return ""
    if isinstance(task.error, RecLakeError):
        return _without_secrets(str(task.error), settings)
    logs = settings.home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "-", task.name)
    log = logs / f"{run.started:%Y%m%dT%H%M%S}-{run.run_id}-{name}.log"
    log.write_text(_without_secrets("".join(traceback.format_exception(task.error)), settings), encoding="utf-8")
    return f"{first_line(task.error, settings)} (traceback in {log})"


def first_line(error: BaseException, settings: Settings) -> str:
    """Name an unforeseen error and give the first line of what it says, without secrets of the settings."""
    summary = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
    return _without_secrets(summary, settings)


def _without_secrets(text: str, settings: Settings) -> str:
    for secret in _secrets(settings):
        text = text.replace(secret, "***")
    return text


def _secrets(settings: Settings) -> Iterator[str]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for one in value.values() if isinstance(value, dict) else (value,):
            if isinstance(one, SecretStr) and one.get_secret_value():
                yield one.get_secret_value()
