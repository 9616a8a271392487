"""What runs a task of a job in this process: its entry point, on a lakehouse under the job's parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakehouse.settings import Settings, load_settings
from lakehouse.task import load_task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lakehouse.jobs.runner import Execute
    from lakehouse.lake import Lakehouse


def on_lake(lake: Lakehouse) -> Execute:
    """Run tasks on a lakehouse: all share its one Spark session.

    Its settings hold where a task's parameters say nothing (an empty parameter says nothing).
    """

    def execute(entry_point: str, parameters: Mapping[str, str]) -> None:
        task = load_task(entry_point)
        ours, options = under(lake.settings, parameters)
        task.run(lake.with_settings(ours), options)

    return execute


def under(settings: Settings, parameters: Mapping[str, str]) -> tuple[Settings, dict[str, str]]:
    """Put a task's parameters over `settings`; what is left are the options of the task's function.

    Examples
    --------
    >>> ours, options = under(Settings(top_n=5), {"top_n": "", "similar_n": "3", "layer": "gold"})
    >>> ours.top_n, ours.similar_n, options
    (5, 3, {'layer': 'gold'})
    """
    ours = {name: value for name, value in parameters.items() if name in Settings.model_fields}
    options = {name: value for name, value in parameters.items() if name not in ours}
    given = {name: value for name, value in ours.items() if value != ""}
    loaded = load_settings(**given)
    # What is set on `settings`, also to nothing, comes before the environment.
    names = given.keys() | (loaded.model_fields_set - settings.model_fields_set)
    return settings.model_copy(update={name: getattr(loaded, name) for name in names}), options
