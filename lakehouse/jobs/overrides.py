"""What a target says otherwise about a resource, merged as the Databricks CLI merges it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakehouse.errors import JobDefinitionError

_KEYS_IN_JOBS = {"tasks": "task_key", "parameters": "name", "job_clusters": "job_cluster_key"}


def overridden(base: Mapping[str, Any], override: Mapping[str, Any], kind: str, where: str) -> dict[str, Any]:
    """Merge a target's part of a resource over what all targets share.

    Maps are merged and lists joined, however deep; of a job's tasks, parameters and clusters, those of one key become
    one.

    Raises
    ------
    JobDefinitionError
        A map, a list or a single value would replace one of another kind, which the CLI refuses too.

    Examples
    --------
    >>> base = {"timeout_seconds": 9, "tasks": [{"task_key": "a", "max_retries": 2}, {"task_key": "b"}]}
    >>> overridden(base, {"tasks": [{"task_key": "a", "max_retries": 0}]}, "jobs", "databricks.yml")
    {'timeout_seconds': 9, 'tasks': [{'task_key': 'a', 'max_retries': 0}, {'task_key': 'b'}]}
    """
    merged = _merged(base, override, where)
    if kind == "jobs":
        for name, key in _KEYS_IN_JOBS.items():
            if isinstance(merged.get(name), list):
                merged[name] = _one_of_each(merged[name], key, where)
    return dict(merged)


def _merged(base: Any, override: Any, where: str) -> Any:
    if base is None or override is None:
        return override if base is None else base
    match base, override:
        case Mapping(), Mapping():
            more = {name: _merged(base.get(name), value, f"{where}, {name}") for name, value in override.items()}
            return {**base, **more}
        case list(), list():
            return [*base, *override]
    if (kind := _kind(override)) != (other := _kind(base)):
        raise JobDefinitionError(f"{where}: a {kind} cannot override a {other}.")
    return override


def _one_of_each(elements: list[Any], key: str, where: str) -> list[Any]:
    found: dict[Any, Any] = {}
    for element in elements:
        name = element.get(key) if isinstance(element, Mapping) else None
        found[name] = _merged(found.get(name), element, f"{where}, {name}")
    return list(found.values())


def _kind(value: Any) -> str:
    # A number may stand in place of a text, which may be a variable's name.
    return "map" if isinstance(value, Mapping) else "list" if isinstance(value, list) else "value"
