"""A task: a function of the lakehouse that a job can run, as a wheel entry point or in the local runner.

Databricks calls the entry point with `--name=value` arguments: the task's `named_parameters` and every parameter of
its job. Those that name a setting become settings; the others are the function's own options.
"""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from lakehouse.errors import RecLakeError, TaskParameterError
from lakehouse.settings import Settings, load_settings

if TYPE_CHECKING:
    from lakehouse.lake import Lakehouse

GROUP = "reclake.tasks"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """A function `(lake, *, option, ...) -> None` that can be called by name with text parameters."""

    function: Callable[..., None]

    @property
    def options(self) -> Mapping[str, inspect.Parameter]:
        """The function's own parameters, without the lakehouse."""
        _, *own = inspect.signature(self.function, eval_str=True).parameters.items()
        return dict(own)

    def run(self, lake: Lakehouse, options: Mapping[str, str]) -> None:
        """Check `options` against the function's annotations and call it.

        Those that it does not know are left out: a job hands all of its parameters to every task.

        Raises
        ------
        TaskParameterError
            An option is missing or of the wrong type.
        """
        name = self.function.__name__
        needed = {n for n, p in self.options.items() if p.default is inspect.Parameter.empty}
        if missing := needed - options.keys():
            raise TaskParameterError(
                f"Task {name} needs {sorted(missing)}; it takes {sorted(self.options)} and the settings."
            )
        if unknown := options.keys() - self.options.keys():
            log.warning("Task %s knows no parameter %s and goes on without.", name, ", ".join(sorted(unknown)))
        values = {n: _converted(name, p, options[n]) for n, p in self.options.items() if n in options}
        self.function(lake, **values)

    def __call__(self) -> None:
        """Run as a wheel's entry point, with the parameters of `sys.argv`."""
        from lakehouse.lake import Lakehouse

        try:
            settings, options = split_parameters(_parsed(sys.argv[1:]))
            with Lakehouse(settings) as lake:
                self.run(lake, options)
        except RecLakeError as error:
            # Databricks shows every frame of what a task raises, and its causes: of a sentence, only where it ends.
            raise error.with_traceback(None) from None


def task(function: Callable[..., None]) -> Task:
    """Make a function of the lakehouse a task that jobs can name."""
    return Task(function)


def load_task(name: str) -> Task:
    """Find a task by the name of its wheel entry point.

    Raises
    ------
    TaskParameterError
        No installed package declares such an entry point.
    """
    found = entry_points(group=GROUP, name=name)
    if not found:
        known = ", ".join(sorted(entry_points(group=GROUP).names))
        raise TaskParameterError(f"There is no task {name!r}. Known tasks: {known}.")
    loaded = next(iter(found)).load()
    assert isinstance(loaded, Task)
    return loaded


def split_parameters(parameters: Mapping[str, str]) -> tuple[Settings, dict[str, str]]:
    """Split a task's parameters into settings and the options of its function."""
    ours = {name: value for name, value in parameters.items() if name in Settings.model_fields}
    return load_settings(**ours), {name: value for name, value in parameters.items() if name not in ours}


def _parsed(arguments: Sequence[str]) -> dict[str, str]:
    pairs = [argument.removeprefix("--").partition("=") for argument in arguments]
    return {name: value for name, _, value in pairs}


def _converted(task_name: str, option: inspect.Parameter, value: str) -> Any:
    try:
        return TypeAdapter(option.annotation).validate_python(value)
    except ValidationError as error:
        fault = error.errors()[0]["msg"]
        raise TaskParameterError(f"Task {task_name}: {option.name}={value!r} cannot be used: {fault}.") from None
