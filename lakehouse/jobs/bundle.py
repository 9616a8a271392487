"""The bundle as written: `databricks.yml` and what it includes, with every `${...}` resolved for one target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakehouse.errors import JobDefinitionError
from lakehouse.jobs.overrides import overridden
from lakehouse.jobs.strict_yaml import read_yaml

FILE = "databricks.yml"
JOB_ID = re.compile(r"\$\{resources\.jobs\.([\w-]+)\.id\}")
_REFERENCE = re.compile(r"(?<!\$)\$\{([^{}]*)\}")
_TOP_LEVEL = {"bundle", "include", "artifacts", "variables", "targets", "resources", "sync", "permissions", "presets"}
_OF_INCLUDED = {"variables", "resources", "presets"}
_OF_TARGET = {"default", "mode", "presets", "workspace", "run_as", "permissions", "variables", "resources"}


@dataclass(frozen=True)
class Resource:
    """One entry under `resources`, unresolved, and the file that it stands in."""

    file: Path
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Bundle:
    """All of a bundle under one target.

    Attributes
    ----------
    root : mapping of str to object
        `databricks.yml` itself, with the variables of all files.
    resources : mapping of str to mapping of str to Resource
        By type (`jobs`, `schemas`, ...) and key, with what this target adds or says otherwise.
    given : mapping of str to str
        Values known from elsewhere, by reference: `var.catalog`, `workspace.current_user.userName`.
    """

    file: Path
    target: str
    root: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, Resource]]
    given: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, value: Any, file: Path) -> Any:
        """Replace every reference in a value, however deep; `file` is named in errors.

        The id of a job is left as it stands: there is none before a deployment.

        Raises
        ------
        JobDefinitionError
            A reference names nothing, or itself.
        """
        return self._resolved(value, file, ())

    def _resolved(self, value: Any, file: Path, inside: tuple[str, ...]) -> Any:
        if isinstance(value, str):
            return self._resolved_text(value, file, inside)
        if isinstance(value, Mapping):
            return {key: self._resolved(item, file, inside) for key, item in value.items()}
        if isinstance(value, list):
            return [self._resolved(item, file, inside) for item in value]
        return value

    def _resolved_text(self, text: str, file: Path, inside: tuple[str, ...]) -> Any:
        if whole := _REFERENCE.fullmatch(text):
            return self._value(whole[1], file, inside)
        return _REFERENCE.sub(lambda part: _as_text(self._value(part[1], file, inside), part[0], file), text)

    def _value(self, reference: str, file: Path, inside: tuple[str, ...]) -> Any:
        if reference in inside:
            raise JobDefinitionError(f"{file}: ${{{reference}}} refers to itself by {' -> '.join(inside)}.")
        if job := JOB_ID.fullmatch(f"${{{reference}}}"):
            if job[1] not in self.resources.get("jobs", {}):
                raise JobDefinitionError(f"{file}: ${{{reference}}} names no job of the bundle.")
            return job[0]
        return self._resolved(self._look_up(reference, file), file, (*inside, reference))

    def _look_up(self, reference: str, file: Path) -> Any:
        if reference in self.given:
            return self.given[reference]
        match reference.split("."):
            case ["var", name]:
                return self._variable(name, file)
            case ["bundle", "name"]:
                return self.root["bundle"]["name"]
            case ["bundle", "target"]:
                return self.target
            case ["resources", kind, key, *path] if path and key in self.resources.get(kind, {}):
                found: Any = self.resources[kind][key].content
                for step in path:
                    found = found.get(step) if isinstance(found, Mapping) else None
                if found is not None:
                    return found
        raise JobDefinitionError(f"{file}: ${{{reference}}} is not known under target {self.target}.")

    def _variable(self, name: str, file: Path) -> Any:
        if name not in self.root.get("variables", {}):
            raise JobDefinitionError(f"{file}: ${{var.{name}}} is no variable of {self.file}.")
        of_target = self.root["targets"][self.target].get("variables", {})
        declared = self.root["variables"][name] or {}
        value = of_target.get(name, declared.get("default"))
        if isinstance(value, Mapping) and value is of_target.get(name) and "default" in value:
            value = value["default"]
        if value is None:
            raise JobDefinitionError(f"{file}: ${{var.{name}}} has no value under target {self.target}.")
        return value


def find_bundle(start: Path | None = None) -> Path:
    """Find `databricks.yml` in a folder (by default the current one) or the nearest folder above it.

    Raises
    ------
    JobDefinitionError
        There is none.
    """
    folder = (start or Path.cwd()).resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / FILE).is_file():
            return candidate / FILE
    raise JobDefinitionError(
        f"There is no {FILE} in {folder} or above it. Jobs are defined there: change to a checkout of RecLake."
    )


def read_bundle(file: Path, target: str = "local", given: Mapping[str, str] | None = None) -> Bundle:
    """Read `databricks.yml` and its includes for one target.

    Raises
    ------
    JobDefinitionError
        A file cannot be read, defines something twice or has a part that is not understood, or there is no such target.
    """
    root = read_yaml(file)
    _require_known(root, _TOP_LEVEL, str(file))
    targets = root.get("targets", {})
    if target not in targets:
        raise JobDefinitionError(f"{file} has no target {target!r}; it has {', '.join(targets)}.")
    targets[target] = of_target = targets[target] or {}
    _require_known(of_target, _OF_TARGET, f"{file}, target {target}")
    contents = {file: root}
    for included in _included(file, root):
        contents[included] = read_yaml(included)
        _require_known(contents[included], _OF_INCLUDED, str(included))
    resources = _resources(contents)
    for kind, key, entry in _entries(file, of_target):
        of_kind = resources.setdefault(kind, {})
        if base := of_kind.get(key):
            entry = overridden(base.content, entry, kind, f"{file}, target {target}: {kind} {key}")
        of_kind[key] = Resource(base.file if base else file, entry)
    return Bundle(file, target, root | {"variables": _variables(contents)}, resources, given or {})


def _included(file: Path, root: Mapping[str, Any]) -> Iterator[Path]:
    for pattern in root.get("include", []):
        yield from sorted(file.parent.glob(pattern))


def _variables(contents: Mapping[Path, Mapping[str, Any]]) -> dict[str, Any]:
    declared: dict[str, Any] = {}
    for file, content in contents.items():
        for name, variable in (content.get("variables") or {}).items():
            if name in declared:
                raise JobDefinitionError(f"{file}: the variable {name} is declared twice.")
            declared[name] = variable
    return declared


def _resources(contents: Mapping[Path, Mapping[str, Any]]) -> dict[str, dict[str, Resource]]:
    resources: dict[str, dict[str, Resource]] = {}
    for file, content in contents.items():
        for kind, key, entry in _entries(file, content):
            of_kind = resources.setdefault(kind, {})
            if key in of_kind:
                raise JobDefinitionError(f"{file}: {kind} {key} is also in {of_kind[key].file}.")
            of_kind[key] = Resource(file, entry)
    return resources


def _entries(file: Path, content: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for kind, entries in (content.get("resources") or {}).items():
        for key, entry in (entries or {}).items():
            if not isinstance(entry, Mapping):
                raise JobDefinitionError(f"{file}: {kind} {key} has to be a mapping.")
            yield kind, key, entry


def _require_known(content: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := content.keys() - known:
        raise JobDefinitionError(f"{where}: the local runner does not know {', '.join(sorted(unknown))}.")


def _as_text(value: Any, reference: str, file: Path) -> str:
    if isinstance(value, Mapping | list):
        raise JobDefinitionError(f"{file}: {reference} is not text, so it cannot be part of a longer text.")
    return str(value).lower() if isinstance(value, bool) else str(value)
